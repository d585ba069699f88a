use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of buckets, in microseconds.
pub(super) type Bounds = &'static [u64];

/// Of whole exchanges and of what upstreams take: half a millisecond to five minutes.
pub(super) const DURATIONS: Bounds = &[
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];

/// Of what the gateway itself takes: ten microseconds to a second.
pub(super) const OVERHEADS: Bounds =
    &[10, 20, 50, 80, 100, 150, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];

/// Adds to a number that only this thread writes: others may read it meanwhile.
pub(super) fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
}

/// Durations, counted by size. Written by one thread, read by any.
pub(super) struct Histogram {
    bounds: Bounds,
    counts: Box<[AtomicU64]>,
    micros: AtomicU64,
}

impl Histogram {
    pub(super) fn new(bounds: Bounds) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, micros: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let at = self.bounds.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(at) {
            add(count, 1);
        }
        add(&self.micros, micros);
    }

    pub(super) fn add_to(&self, sum: &mut Sum) {
        sum.bounds = self.bounds;
        sum.counts.resize(self.counts.len(), 0);
        for (sum, count) in sum.counts.iter_mut().zip(&self.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        sum.micros += self.micros.load(Ordering::Relaxed);
    }
}

/// Several histograms together.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub(super) bounds: Bounds,
    /// One more than bounds: the last counts what is larger.
    pub(super) counts: Vec<u64>,
    pub(super) micros: u64,
}

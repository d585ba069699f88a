//! What is known of a server of plain proxying, which has neither credentials nor models.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::Instant;

use super::latency::Latency;

/// What is under way at a server, and how quickly it answers.
#[derive(Debug)]
pub(crate) struct Load {
    epoch: Instant,
    in_flight: AtomicU32,
    latency: Latency,
}

impl Default for Load {
    fn default() -> Self {
        let epoch = Instant::now();
        Self { epoch, in_flight: AtomicU32::new(0), latency: Latency::default() }
    }
}

impl Load {
    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Calls under way.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Milliseconds to the head of its answer, of late.
    pub(crate) fn latency(&self, now: Instant) -> Option<f64> {
        self.latency.millis(self.millis(now))
    }
}

/// A call under way, until its answer has come to its end or is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    load: Arc<Load>,
    began: Instant,
}

impl UnderWay {
    /// Begins.
    pub(crate) fn begin(load: &Arc<Load>) -> Self {
        load.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { load: Arc::clone(load), began: Instant::now() }
    }

    /// The head of the answer has come.
    pub(crate) fn answered(&self) {
        let now = Instant::now();
        self.load.latency.observe(self.took(now), self.load.millis(now));
    }

    /// There was none.
    pub(crate) fn failed(&self) {
        let now = Instant::now();
        self.load.latency.punish(self.took(now), self.load.millis(now));
    }

    fn took(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.began).as_secs_f64() * 1000.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.load.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_is_under_way_until_it_is_dropped() {
        let load = Arc::<Load>::default();
        assert_eq!(load.latency(Instant::now()), None);
        let call = UnderWay::begin(&load);
        let other = UnderWay::begin(&load);
        assert_eq!(load.in_flight(), 2);
        tokio::time::advance(Duration::from_millis(40)).await;
        call.answered();
        assert_eq!(load.latency(Instant::now()), Some(40.0));
        drop(call);
        assert_eq!(load.in_flight(), 1);
        other.failed();
        drop(other);
        assert_eq!(load.in_flight(), 0);
        assert!(load.latency(Instant::now()).unwrap() > 100.0);
    }
}

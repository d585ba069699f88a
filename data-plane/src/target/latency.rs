//! How quickly a target answers: an average that follows the newest answers and is forgotten when
//! none come.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is half as old counts twice as much.
const HALF_LIFE: f64 = 10_000.0;

/// An estimate that old is none: the target is tried again.
const FORGOTTEN: u64 = 300_000;

/// An exponentially weighted average of milliseconds. Value and time are one word: none for 0.
#[derive(Debug, Default)]
pub(super) struct Latency(AtomicU64);

impl Latency {
    /// The average; none where nothing was measured lately.
    pub(super) fn millis(&self, now: u64) -> Option<f64> {
        let (value, at) = read(self.0.load(Ordering::Acquire))?;
        (now.saturating_sub(at) < FORGOTTEN).then_some(f64::from(value))
    }

    /// Takes a sample of so many milliseconds.
    pub(super) fn observe(&self, sample: f64, now: u64) {
        let mut before = self.0.load(Ordering::Acquire);
        loop {
            let next = match read(before) {
                Some((value, at)) if now.saturating_sub(at) < FORGOTTEN => {
                    // Samples that follow each other closely share their weight; one that comes
                    // after a pause has nearly all of it.
                    #[expect(clippy::cast_precision_loss, reason = "less than five minutes")]
                    let age = now.saturating_sub(at) as f64;
                    let old = 0.5_f64.powf(age / HALF_LIFE).min(MOST_OLD);
                    f64::from(value) * old + sample * (1.0 - old)
                }
                _ => sample,
            };
            let set = self.0.compare_exchange_weak(
                before,
                write(next, now),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match set {
                Ok(_) => return,
                Err(other) => before = other,
            }
        }
    }

    /// Takes a failure for an answer that took twice as long as usual, or longer.
    pub(super) fn punish(&self, took: f64, now: u64) {
        let usual = self.millis(now).unwrap_or_default();
        self.observe(took.max(usual * 2.0).max(PENALTY), now);
    }
}

/// A single sample counts for a tenth at least.
const MOST_OLD: f64 = 0.9;

/// The least that a failure counts for: one that fails at once is not quick.
const PENALTY: f64 = 1_000.0;

/// The value and its time, to which one is added so that nothing is 0.
fn read(word: u64) -> Option<(f32, u64)> {
    let at = (word & u64::from(u32::MAX)).checked_sub(1)?;
    let bits = u32::try_from(word >> 32).unwrap_or_default();
    Some((f32::from_bits(bits), at * STEP))
}

/// Times are kept in steps of so many milliseconds, which fit for sixteen years.
const STEP: u64 = 128;

fn write(value: f64, now: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds, of which few digits matter")]
    let bits = (value as f32).to_bits();
    let at = (now / STEP + 1).min(u64::from(u32::MAX));
    u64::from(bits) << 32 | at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_before_the_first_sample_and_long_after_the_last() {
        let latency = Latency::default();
        assert_eq!(latency.millis(0), None);
        latency.observe(100.0, 0);
        assert_eq!(latency.millis(0), Some(100.0));
        assert_eq!(latency.millis(299_999), Some(100.0));
        assert_eq!(latency.millis(300_000), None);
    }

    #[test]
    fn new_samples_count_more_the_older_the_estimate_is() {
        let at_once = Latency::default();
        at_once.observe(100.0, 0);
        at_once.observe(200.0, 0);
        assert!((at_once.millis(0).unwrap() - 110.0).abs() < 0.1);
        let later = Latency::default();
        later.observe(100.0, 0);
        later.observe(200.0, 20_480);
        let millis = later.millis(20_480).unwrap();
        assert!((174.0..177.0).contains(&millis), "{millis}");
    }

    #[test]
    fn a_target_that_fails_at_once_is_not_quick() {
        let latency = Latency::default();
        latency.punish(1.0, 0);
        assert_eq!(latency.millis(0), Some(1_000.0));
        latency.punish(1.0, 120_000);
        assert!(latency.millis(120_000).unwrap() > 1_900.0);
    }
}

//! Who failed is left alone for a while, so that what it costs to ask it is not paid by every request.

use std::time::Duration;

use tokio::time::Instant;

/// How long after the first failure, and at most.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Whether somebody may be asked. Begins again where that one was changed.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// Which build of it failed.
    build: u64,
    /// In a row.
    failures: u32,
    /// When the last of them was.
    failed: Option<Instant>,
    until: Option<Instant>,
}

impl Hold {
    /// Whether it may be asked now, which may take so long. After failures one at a time may.
    pub(super) fn admits(&mut self, build: u64, now: Instant, within: Duration) -> bool {
        if self.build != build {
            *self = Self { build, ..Self::default() };
        }
        if self.until.is_some_and(|until| now < until) {
            return false;
        }
        if self.failures > 0 {
            // Whoever does not come back with a word is not waited for any longer.
            self.until = Some(now + within);
        }
        true
    }

    /// It failed when asked at `began`, and may want to be left alone for a time.
    pub(super) fn failed(&mut self, began: Instant, now: Instant, after: Option<Duration>) {
        // Of those who asked at once, only the first tells something new.
        if self.failed.is_some_and(|failed| began < failed) {
            return;
        }
        let pause = FIRST.saturating_mul(1 << self.failures.min(5)).min(LONGEST);
        let pause = after.unwrap_or_default().clamp(pause, LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(now);
        self.until = Some(now + pause);
    }

    /// It answered.
    pub(super) fn worked(&mut self) {
        *self = Self { build: self.build, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(3);

    #[test]
    fn pauses_grow_and_one_at_a_time_asks_after_them() {
        let mut hold = Hold::default();
        let mut now = Instant::now();
        assert!(hold.admits(1, now, WITHIN) && hold.admits(1, now, WITHIN));
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            hold.failed(now, now, None);
            // Another one that was under way.
            now += Duration::from_millis(1);
            hold.failed(now - Duration::from_millis(2), now, None);
            let before = now + Duration::from_millis(seconds * 1_000 - 2);
            assert!(!hold.admits(1, before, WITHIN), "{seconds}");
            now = before + Duration::from_millis(1);
            assert!(hold.admits(1, now, WITHIN), "{seconds}");
            assert!(!hold.admits(1, now, WITHIN), "{seconds}");
        }
        now += WITHIN;
        assert!(hold.admits(1, now, WITHIN), "the one before left");
        hold.worked();
        assert!(hold.admits(1, now, WITHIN) && hold.admits(1, now, WITHIN));
    }

    #[test]
    fn it_is_left_alone_as_long_as_it_says_and_asked_anew_when_changed() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        assert!(hold.admits(1, now, WITHIN));
        hold.failed(now, now, Some(Duration::from_secs(10)));
        assert!(!hold.admits(1, now + Duration::from_secs(9), WITHIN));
        assert!(hold.admits(2, now, WITHIN));
        hold.failed(now, now, Some(Duration::from_hours(1)));
        assert!(hold.admits(2, now + LONGEST, WITHIN));
    }
}

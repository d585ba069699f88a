//! A circuit breaker: closed, open until a time, half open with one trial.
//!
//! Phase, time and count are one word, so that whoever looks sees one state, and of all that ask when
//! the time has come exactly one gets the trial. Times are milliseconds since the epoch of whoever
//! keeps the breaker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::window::Window;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BreakerRules {
    /// Without this it never opens.
    pub(crate) enabled: bool,
    /// So many failures in a row open it.
    pub(crate) consecutive_failures: u32,
    /// This part of the attempts within the window opens it, between 0 and 1; none for never.
    pub(crate) failure_ratio: Option<f64>,
    /// That many attempts have to be in the window before the ratio counts.
    pub(crate) minimum_attempts: u32,
    /// How long it stays open.
    pub(crate) cooldown: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive_failures: 5,
            // What retries may add: of one that fails less often callers do not notice, and of one that
            // fails more often the budget would not be enough.
            failure_ratio: Some(0.2),
            minimum_attempts: 20,
            cooldown: Duration::from_secs(30),
        }
    }
}

impl BreakerRules {
    /// Never opens.
    pub(crate) const OFF: Self = Self {
        enabled: false,
        consecutive_failures: u32::MAX,
        failure_ratio: None,
        minimum_attempts: u32::MAX,
        cooldown: Duration::ZERO,
    };
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Attempts may be made.
    Closed,
    /// None may be made until then.
    Open {
        /// Then one trial may be.
        until: u64,
    },
    /// A trial is under way.
    HalfOpen {
        /// Should nothing be heard of it until then, another may be made.
        until: u64,
    },
}

/// How long a trial may say nothing before another is made.
const TRIAL: u64 = 60_000;

/// The window over which the failure ratio is taken.
const WINDOW: Duration = Duration::from_secs(30);

/// A breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    /// The phase in the lowest two bits; above them the count of failures in a row while closed, or
    /// the time.
    word: AtomicU64,
    /// When it opened last: what began before then proves nothing any more.
    opened: AtomicU64,
    /// Attempts that succeeded, and those that failed.
    window: Window,
}

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;

const fn word(phase: u64, rest: u64) -> u64 {
    rest << 2 | phase
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(word(CLOSED, 0)),
            opened: AtomicU64::new(0),
            window: Window::new(WINDOW),
        }
    }
}

impl Breaker {
    /// How it stands.
    pub(super) fn phase(&self) -> Phase {
        phase(self.word.load(Ordering::Acquire))
    }

    /// Failures in a row, while it is closed.
    pub(super) fn in_a_row(&self) -> u64 {
        let word = self.word.load(Ordering::Acquire);
        if word & 3 == CLOSED { word >> 2 } else { 0 }
    }

    /// Whether [`Breaker::admit`] would let an attempt be made, as far as one can tell without asking.
    pub(super) fn would_admit(&self, now: u64) -> bool {
        match self.phase() {
            Phase::Closed => true,
            Phase::Open { until } | Phase::HalfOpen { until } => now >= until,
        }
    }

    /// Whether an attempt may be made; one that may be made of an open breaker is its trial.
    pub(super) fn admit(&self, now: u64) -> bool {
        let before = self.word.load(Ordering::Acquire);
        match on_ask(before, now) {
            Asked::Yes => true,
            Asked::No => false,
            // Whoever comes second finds the trial under way.
            Asked::Trial(trial) => self.set(before, trial).is_ok(),
        }
    }

    /// An attempt that began then has succeeded: the breaker closes, unless it opened in between.
    pub(super) fn succeeded(&self, began: u64, now: u64) {
        let before = self.word.load(Ordering::Acquire);
        if let Some(next) = on_success(before, self.opened.load(Ordering::Acquire), began) {
            if before & 3 != CLOSED {
                // What led to the opening is over.
                self.window.clear();
            }
            // Whoever changed it in between knows better.
            let _ = self.set(before, next);
        }
        self.window.add_first(now);
    }

    /// An attempt that began then has failed. Whether it opened the breaker.
    pub(super) fn failed(&self, began: u64, now: u64, rules: &BreakerRules) -> bool {
        self.window.add_second(now);
        if !rules.enabled {
            return false;
        }
        let mut before = self.word.load(Ordering::Acquire);
        loop {
            let opened = self.opened.load(Ordering::Acquire);
            let too_many = before & 3 == CLOSED && self.fails(now, rules);
            let failed = Failed { opened, began, now, too_many };
            let Some(next) = on_failure(before, &failed, rules) else { return false };
            if next & 3 == OPEN {
                // Before the word: whoever sees it open sees since when.
                self.opened.fetch_max(now, Ordering::AcqRel);
            }
            match self.set(before, next) {
                Ok(_) => return next & 3 == OPEN,
                Err(other) => before = other,
            }
        }
    }

    /// An attempt that began then was given up by its caller, which says nothing. If it was the trial,
    /// another may be made at once.
    pub(super) fn abandoned(&self, began: u64, now: u64) {
        let before = self.word.load(Ordering::Acquire);
        if let Some(next) = on_leave(before, self.opened.load(Ordering::Acquire), began, now) {
            // Whoever changed it in between knows better.
            let _ = self.set(before, next);
        }
    }

    fn set(&self, before: u64, next: u64) -> Result<u64, u64> {
        self.word.compare_exchange(before, next, Ordering::AcqRel, Ordering::Acquire)
    }

    fn fails(&self, now: u64, rules: &BreakerRules) -> bool {
        let Some(most) = rules.failure_ratio else { return false };
        let counts = self.window.counts(now);
        let all = counts.first + counts.second;
        #[expect(clippy::cast_precision_loss, reason = "counts of a window are small")]
        let ratio = counts.second as f64 / all.max(1) as f64;
        all >= u64::from(rules.minimum_attempts) && ratio >= most
    }
}

/// What whoever asks is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Yes,
    No,
    /// Yes, if the word is this from now on.
    Trial(u64),
}

/// What follows from a word when somebody asks.
const fn on_ask(before: u64, now: u64) -> Asked {
    match phase(before) {
        Phase::Closed => Asked::Yes,
        Phase::Open { until } | Phase::HalfOpen { until } if now >= until => {
            Asked::Trial(word(HALF_OPEN, now + TRIAL))
        }
        Phase::Open { .. } | Phase::HalfOpen { .. } => Asked::No,
    }
}

/// The word after a success; none where it stays.
const fn on_success(before: u64, opened: u64, began: u64) -> Option<u64> {
    let closed = word(CLOSED, 0);
    if before == closed || (before & 3 != CLOSED && began <= opened) { None } else { Some(closed) }
}

/// A failure, as far as the next word depends on it.
struct Failed {
    opened: u64,
    began: u64,
    now: u64,
    /// The failures of the window are too many.
    too_many: bool,
}

/// The word after a failure; none where it stays.
fn on_failure(before: u64, failed: &Failed, rules: &BreakerRules) -> Option<u64> {
    if before & 3 != CLOSED {
        return (failed.began > failed.opened).then(|| open(failed.now, rules));
    }
    let row = (before >> 2) + 1;
    let opens = row >= u64::from(rules.consecutive_failures.max(1)) || failed.too_many;
    Some(if opens { open(failed.now, rules) } else { word(CLOSED, row) })
}

/// The word after somebody left; none where it stays.
const fn on_leave(before: u64, opened: u64, began: u64, now: u64) -> Option<u64> {
    if before & 3 == HALF_OPEN && began > opened { Some(word(OPEN, now)) } else { None }
}

fn open(now: u64, rules: &BreakerRules) -> u64 {
    let cooldown = u64::try_from(rules.cooldown.as_millis()).unwrap_or(u64::MAX);
    word(OPEN, now.saturating_add(cooldown).min(u64::MAX >> 2))
}

const fn phase(word: u64) -> Phase {
    match word & 3 {
        CLOSED => Phase::Closed,
        OPEN => Phase::Open { until: word >> 2 },
        _ => Phase::HalfOpen { until: word >> 2 },
    }
}

#[cfg(test)]
mod tests;

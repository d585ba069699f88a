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
            failure_ratio: Some(0.5),
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
        match phase(before) {
            Phase::Closed => true,
            Phase::Open { until } | Phase::HalfOpen { until } if now >= until => {
                let trial = word(HALF_OPEN, now + TRIAL);
                // Whoever comes second finds the trial under way.
                self.word
                    .compare_exchange(before, trial, Ordering::AcqRel, Ordering::Acquire)
                    .is_ok()
            }
            Phase::Open { .. } | Phase::HalfOpen { .. } => false,
        }
    }

    /// An attempt that began then has succeeded: the breaker closes, unless it opened in between.
    pub(super) fn succeeded(&self, began: u64, now: u64) {
        let before = self.word.load(Ordering::Acquire);
        if before != word(CLOSED, 0) {
            if before & 3 != CLOSED {
                if began < self.opened.load(Ordering::Acquire) {
                    return;
                }
                // What led to the opening is over.
                self.window.clear();
            }
            let closed = word(CLOSED, 0);
            // Whoever changed it in between knows better.
            let _ = self.word.compare_exchange(before, closed, Ordering::AcqRel, Ordering::Acquire);
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
            let next = if before & 3 == CLOSED {
                let row = (before >> 2) + 1;
                if row >= u64::from(rules.consecutive_failures.max(1)) || self.fails(now, rules) {
                    open(now, rules)
                } else {
                    word(CLOSED, row)
                }
            } else if began < self.opened.load(Ordering::Acquire) {
                return false;
            } else {
                open(now, rules)
            };
            if next & 3 == OPEN {
                // Before the word: whoever sees it open sees since when.
                self.opened.fetch_max(now, Ordering::AcqRel);
            }
            let set =
                self.word.compare_exchange_weak(before, next, Ordering::AcqRel, Ordering::Acquire);
            match set {
                Ok(_) => return next & 3 == OPEN,
                Err(other) => before = other,
            }
        }
    }

    /// An attempt that began then was given up by its caller, which says nothing. If it was the trial,
    /// another may be made at once.
    pub(super) fn abandoned(&self, began: u64, now: u64) {
        let before = self.word.load(Ordering::Acquire);
        if before & 3 == HALF_OPEN && began >= self.opened.load(Ordering::Acquire) {
            let again = word(OPEN, now);
            // Whoever changed it in between knows better.
            let _ = self.word.compare_exchange(before, again, Ordering::AcqRel, Ordering::Acquire);
        }
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

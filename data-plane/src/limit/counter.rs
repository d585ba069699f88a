//! One counter of this data plane. What was taken is one atomic number, so that of requests that race
//! for the last of a limit one gets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use sanmon_shared::counters::{Counted, Quota, Span};

use super::calendar;

/// The time, by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// Nanoseconds since the limiter began. No change of the time of day touches it.
    pub(super) nanos: u64,
    /// Nanoseconds since 1970 (UTC), for windows of the calendar.
    pub(super) wall: i64,
}

/// Counts what is taken of one quota.
#[derive(Debug)]
pub(super) struct Counter {
    /// The one of now; replaced by the first who comes after its end.
    window: ArcSwap<Window>,
}

/// The time in which what is taken counts; without end where it refills, or is given back.
#[derive(Debug)]
pub(super) struct Window {
    begins: i64,
    ends: i64,
    /// What was taken. Of [`Span::Rolling`]: the time at which all of it will have refilled, which is
    /// GCRA's theoretical arrival time.
    level: AtomicU64,
    /// Guesses that nobody has corrected yet.
    open: AtomicU32,
}

/// That something was taken, and from which window.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) window: Arc<Window>,
    pub(super) counted: Counted,
}

/// That nothing was taken, and when trying again may help.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) wait: Duration,
    pub(super) counted: Counted,
}

/// What is to be taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    pub(super) amount: u64,
    /// See [`Take::estimated`](sanmon_shared::counters::Take).
    pub(super) estimated: bool,
}

impl Window {
    fn of(span: Span, now: Now) -> Self {
        let (begins, ends) = match span {
            Span::Rolling { .. } | Span::Concurrent => (i64::MIN, i64::MAX),
            Span::Window(per) => {
                let begins = signed(now.nanos);
                (begins, begins.saturating_add(signed(nanos(per))))
            }
            Span::Day => calendar::day(now.wall),
            Span::Month => calendar::month(now.wall),
        };
        Self { begins, ends, level: AtomicU64::new(0), open: AtomicU32::new(0) }
    }

    /// Whether it is the window of now. One that has not begun is, while it is the next one: the clock
    /// was set back over an edge, and nobody gets a second window by that.
    fn holds(&self, span: Span, now: Now) -> bool {
        let now = at(span, now);
        let length = self.ends.saturating_sub(self.begins);
        now < self.ends && now >= self.begins.saturating_sub(length)
    }
}

impl Counter {
    pub(super) fn new(span: Span, now: Now) -> Self {
        Self { window: ArcSwap::from_pointee(Window::of(span, now)) }
    }

    /// Takes so much, or nothing.
    pub(super) fn take(&self, quota: Quota, want: Want, now: Now) -> Result<Held, Full> {
        let window = self.current(quota.span, now);
        // Nobody else's guess is open, and none can become the only one meanwhile.
        let alone = want.estimated && window.open.fetch_add(1, Ordering::AcqRel) == 0;
        let taken = window.level.fetch_update(Ordering::AcqRel, Ordering::Acquire, |level| {
            let fits = fits(quota, level, want.amount, now);
            (fits || (alone && fits_at_all(quota, level, now)))
                .then(|| with(quota, level, want.amount, now))
        });
        match taken {
            Ok(before) => {
                let level = with(quota, before, want.amount, now);
                Ok(Held { counted: counted(quota, &window, level, now), window })
            }
            Err(level) => {
                if want.estimated {
                    window.open.fetch_sub(1, Ordering::AcqRel);
                }
                let wait = wait(quota, &window, level, want.amount, now);
                Err(Full { wait, counted: counted(quota, &window, level, now) })
            }
        }
    }

    /// Corrects what was taken to `used`. What is given back goes to the window it is from, be that over
    /// or not; what it was more counts now.
    pub(super) fn settle(&self, quota: Quota, held: &Window, want: Want, used: u64, now: Now) {
        if want.estimated {
            held.open.fetch_sub(1, Ordering::AcqRel);
        }
        if used < want.amount {
            lower(quota, held, want.amount, used);
        } else if used > want.amount {
            self.charge(quota, used - want.amount, now);
        }
    }

    /// How it stands; none where nothing was taken in the window of now.
    pub(super) fn look(&self, quota: Quota, now: Now) -> Option<Counted> {
        let window = self.window.load_full();
        let level = window.level.load(Ordering::Acquire);
        window.holds(quota.span, now).then(|| counted(quota, &window, level, now))
    }

    /// Counts what was used already, whatever is left.
    pub(super) fn charge(&self, quota: Quota, amount: u64, now: Now) {
        let window = self.current(quota.span, now);
        // It always takes.
        let _ = window.level.fetch_update(Ordering::AcqRel, Ordering::Acquire, |level| {
            Some(with(quota, level, amount, now))
        });
    }

    fn current(&self, span: Span, now: Now) -> Arc<Window> {
        let window = self.window.load_full();
        if window.holds(span, now) {
            return window;
        }
        let next = Arc::new(Window::of(span, now));
        let before = self.window.compare_and_swap(&window, Arc::clone(&next));
        // Somebody else may have opened the next one.
        if Arc::ptr_eq(&before, &window) { next } else { self.window.load_full() }
    }
}

/// The time by the clock that the span follows.
fn at(span: Span, now: Now) -> i64 {
    match span {
        Span::Day | Span::Month => now.wall,
        Span::Rolling { .. } | Span::Window(_) | Span::Concurrent => signed(now.nanos),
    }
}

/// The time in which so much refills, rounded down: a burst never loses its last request to rounding.
fn cost(limit: u64, per: Duration, amount: u64) -> u64 {
    let limit = limit.max(1);
    // Nearly always, and many times as quick.
    if let Some(product) = nanos(per).checked_mul(amount) {
        return product / limit;
    }
    let nanos = per.as_nanos() * u128::from(amount) / u128::from(limit);
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// How much refills in this time, rounded up.
fn refilled(limit: u64, per: Duration, time: u64) -> u64 {
    let per = nanos(per).max(1);
    if let Some(product) = time.checked_mul(limit) {
        return product.div_ceil(per);
    }
    let taken = (u128::from(time) * u128::from(limit)).div_ceil(u128::from(per));
    u64::try_from(taken).unwrap_or(u64::MAX)
}

fn fits(quota: Quota, level: u64, amount: u64, now: Now) -> bool {
    match quota.span {
        Span::Rolling { per, burst } => {
            let owed = level.saturating_sub(now.nanos);
            owed.saturating_add(cost(quota.limit, per, amount)) <= cost(quota.limit, per, burst)
        }
        Span::Window(_) | Span::Day | Span::Month | Span::Concurrent => {
            level.saturating_add(amount) <= quota.limit
        }
    }
}

/// Whether the least that can be taken fits.
fn fits_at_all(quota: Quota, level: u64, now: Now) -> bool {
    fits(quota, level, 1, now)
}

/// The level after so much was taken.
fn with(quota: Quota, level: u64, amount: u64, now: Now) -> u64 {
    match quota.span {
        Span::Rolling { per, .. } => {
            level.max(now.nanos).saturating_add(cost(quota.limit, per, amount))
        }
        Span::Window(_) | Span::Day | Span::Month | Span::Concurrent => {
            level.saturating_add(amount)
        }
    }
}

/// Gives back what of `taken` was not `used`.
fn lower(quota: Quota, window: &Window, taken: u64, used: u64) {
    let less = match quota.span {
        Span::Rolling { per, .. } => {
            cost(quota.limit, per, taken).saturating_sub(cost(quota.limit, per, used))
        }
        Span::Window(_) | Span::Day | Span::Month | Span::Concurrent => taken - used,
    };
    // It always gives.
    let _ = window.level.fetch_update(Ordering::AcqRel, Ordering::Acquire, |level| {
        Some(level.saturating_sub(less))
    });
}

fn counted(quota: Quota, window: &Window, level: u64, now: Now) -> Counted {
    let left = Duration::from_nanos(unsigned(window.ends.saturating_sub(at(quota.span, now))));
    let (remaining, reset) = match quota.span {
        Span::Rolling { per, burst } => {
            let owed = level.saturating_sub(now.nanos);
            let taken = refilled(quota.limit, per, owed);
            (burst.saturating_sub(taken), Duration::from_nanos(owed))
        }
        Span::Window(_) | Span::Day | Span::Month => (quota.limit.saturating_sub(level), left),
        Span::Concurrent => (quota.limit.saturating_sub(level), Duration::ZERO),
    };
    Counted { remaining, reset, mark: 0 }
}

/// How long until so much may fit.
fn wait(quota: Quota, window: &Window, level: u64, amount: u64, now: Now) -> Duration {
    match quota.span {
        Span::Rolling { per, burst } => {
            let owed = level.saturating_sub(now.nanos);
            let most = cost(quota.limit, per, burst);
            let needed = cost(quota.limit, per, amount.min(burst));
            Duration::from_nanos(owed.saturating_add(needed).saturating_sub(most))
        }
        Span::Window(_) | Span::Day | Span::Month => counted(quota, window, level, now).reset,
        // Somebody may end at any time.
        Span::Concurrent => Duration::from_secs(1),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounded(wide: u128) -> u64 {
        u64::try_from(wide).unwrap_or(u64::MAX)
    }

    proptest! {
        #[test]
        fn what_is_quick_comes_to_the_same(
            limit in prop_oneof![1..100_u64, any::<u64>()],
            seconds in 1..31_622_400_u64,
            amount in prop_oneof![0..100_u64, any::<u64>()],
        ) {
            let per = Duration::from_secs(seconds);
            let product = per.as_nanos() * u128::from(amount);
            prop_assert_eq!(cost(limit, per, amount), bounded(product / u128::from(limit.max(1))));
            let product = u128::from(amount) * u128::from(limit);
            prop_assert_eq!(refilled(limit, per, amount), bounded(product.div_ceil(per.as_nanos())));
        }
    }
}

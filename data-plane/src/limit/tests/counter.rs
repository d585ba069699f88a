//! Counters against models of them.

use std::time::Duration;

use proptest::prelude::*;
use sanmon_shared::counters::{Quota, Span};

use crate::limit::counter::{Counter, Now, Want};
use crate::limit::table::Table;

const SECOND: u64 = 1_000_000_000;

fn at(nanos: u64) -> Now {
    Now { nanos, wall: 0 }
}

/// In nanoseconds since 1970.
fn wall(text: &str) -> i64 {
    let at: jiff::Timestamp = text.parse().unwrap();
    i64::try_from(at.as_nanosecond()).unwrap()
}

fn on(text: &str) -> Now {
    Now { nanos: 0, wall: wall(text) }
}

fn one() -> Want {
    Want { amount: 1, estimated: false }
}

fn rolling(limit: u64, burst: u64, per: Duration) -> Quota {
    Quota { limit, span: Span::Rolling { per, burst } }
}

proptest! {
    /// A bucket that leaks evenly, in numbers that are not rounded: the level is kept times the limit.
    #[test]
    fn gcra_admits_what_a_leaky_bucket_does(
        limit in 1_u64..50,
        burst in 1_u64..100,
        nanos_each in 1_u64..1_000,
        steps in proptest::collection::vec((0_u64..20_000, 1_u64..8), 1..200),
    ) {
        let quota = rolling(limit, burst, Duration::from_nanos(limit * nanos_each));
        let counter = Counter::new(quota.span, at(0));
        let (mut now, mut level) = (0_u64, 0_u64);
        for (later, amount) in steps {
            now += later;
            level = level.saturating_sub(later);
            let fits = level + amount * nanos_each <= burst * nanos_each;
            if fits {
                level += amount * nanos_each;
            }
            let taken = counter.take(quota, Want { amount, estimated: false }, at(now));
            prop_assert_eq!(taken.is_ok(), fits);
            let counted = match taken {
                Ok(held) => held.counted,
                Err(full) => {
                    // It says when to come again, unless that is more than ever fits.
                    prop_assert_eq!(
                        full.wait,
                        Duration::from_nanos(level + amount.min(burst) * nanos_each - burst * nanos_each)
                    );
                    full.counted
                }
            };
            prop_assert_eq!(counted.reset, Duration::from_nanos(level));
            prop_assert_eq!(counted.remaining, burst - level.div_ceil(nanos_each));
        }
    }

    /// Whatever is asked when: no interval lets more pass than the burst and what refilled.
    #[test]
    fn gcra_never_lets_more_pass_than_it_says(
        limit in 1_u64..1_000,
        burst in 1_u64..1_000,
        millis in 1_u64..100_000,
        steps in proptest::collection::vec(0_u64..50_000_000, 1..300),
    ) {
        let quota = rolling(limit, burst, Duration::from_millis(millis));
        let counter = Counter::new(quota.span, at(0));
        let (mut now, mut passed) = (0, 0_u64);
        for later in steps {
            now += later;
            passed += u64::from(counter.take(quota, one(), at(now)).is_ok());
            let refilled = u128::from(now) * u128::from(limit) / u128::from(millis * 1_000_000);
            prop_assert!(u128::from(passed) <= u128::from(burst) + refilled + 1);
        }
    }

    #[test]
    fn windows_count_from_the_first_on(
        limit in 0_u64..20,
        seconds in 1_u64..10,
        steps in proptest::collection::vec((0_u64..4, 1_u64..5), 1..100),
    ) {
        let quota = Quota { limit, span: Span::Window(Duration::from_secs(seconds)) };
        let counter = Counter::new(quota.span, at(0));
        let (mut now, mut begins, mut used) = (0, 0, 0);
        for (later, amount) in steps {
            now += later;
            if now >= begins + seconds {
                (begins, used) = (now, 0);
            }
            let fits = used + amount <= limit;
            if fits {
                used += amount;
            }
            let taken = counter.take(quota, Want { amount, estimated: false }, at(now * SECOND));
            prop_assert_eq!(taken.is_ok(), fits);
            if let Err(full) = taken {
                prop_assert_eq!(full.wait, Duration::from_secs(begins + seconds - now));
            }
        }
    }
}

#[test]
fn a_burst_never_loses_its_last_request_to_rounding() {
    for (limit, seconds) in [(7, 10), (3, 1), (50, 60), (999, 7), (10_000, 3_600)] {
        let quota = rolling(limit, limit, Duration::from_secs(seconds));
        let counter = Counter::new(quota.span, at(0));
        let passed = (0..2 * limit).filter(|_| counter.take(quota, one(), at(5)).is_ok()).count();
        assert_eq!(passed as u64, limit, "{limit} in {seconds} s");
    }
}

#[test]
fn windows_end_at_their_edge() {
    let quota = Quota { limit: 1, span: Span::Window(Duration::from_secs(10)) };
    let counter = Counter::new(quota.span, at(0));
    assert!(counter.take(quota, one(), at(0)).is_ok());
    assert!(counter.take(quota, one(), at(10 * SECOND - 1)).is_err());
    assert!(counter.take(quota, one(), at(10 * SECOND)).is_ok());
    assert!(counter.take(quota, one(), at(20 * SECOND - 1)).is_err());
}

#[test]
fn days_and_months_are_those_of_utc() {
    let first = |span, now: &str| {
        let quota = Quota { limit: 1, span };
        let counter = Counter::new(span, on(now));
        counter.take(quota, one(), on(now)).unwrap();
        counter.take(quota, one(), on(now)).unwrap_err().wait
    };
    let hours = |hours: u64| Duration::from_hours(hours);
    assert_eq!(first(Span::Day, "2026-11-21T18:00:00Z"), hours(6));
    assert_eq!(first(Span::Day, "2026-11-21T23:59:59.5Z"), Duration::from_millis(500));
    assert_eq!(first(Span::Day, "2026-11-22T00:00:00Z"), hours(24));
    assert_eq!(first(Span::Month, "2026-11-30T23:00:00Z"), hours(1));
    assert_eq!(first(Span::Month, "2026-12-01T00:00:00Z"), hours(31 * 24));
    assert_eq!(first(Span::Month, "2027-02-01T00:00:00Z"), hours(28 * 24));
    assert_eq!(first(Span::Month, "2028-02-29T00:00:00Z"), hours(24));
}

#[test]
fn a_clock_that_is_set_back_opens_no_second_window() {
    let quota = Quota { limit: 1, span: Span::Day };
    let counter = Counter::new(Span::Day, on("2026-11-21T23:59:00Z"));
    assert!(counter.take(quota, one(), on("2026-11-21T23:59:00Z")).is_ok());
    assert!(counter.take(quota, one(), on("2026-11-22T00:00:01Z")).is_ok());
    // Back over midnight, and forth again: it is still the window of the 22nd.
    assert!(counter.take(quota, one(), on("2026-11-21T23:59:59Z")).is_err());
    assert!(counter.take(quota, one(), on("2026-11-22T00:00:02Z")).is_err());
    // A clock that was wrong by far does not lock anybody out for as long.
    assert!(counter.take(quota, one(), on("2027-11-21T12:00:00Z")).is_ok());
    assert!(counter.take(quota, one(), on("2026-11-22T00:00:03Z")).is_ok());
}

#[test]
fn a_time_of_day_that_jumps_touches_no_window_of_seconds() {
    for span in [
        Span::Window(Duration::from_secs(10)),
        Span::Rolling { per: Duration::from_secs(10), burst: 1 },
    ] {
        let quota = Quota { limit: 1, span };
        let now = |seconds: u64, wall| Now { nanos: seconds * SECOND, wall };
        let counter = Counter::new(span, now(0, 0));
        assert!(counter.take(quota, one(), now(0, 0)).is_ok());
        assert!(counter.take(quota, one(), now(1, i64::MAX)).is_err());
        assert!(counter.take(quota, one(), now(9, i64::MIN)).is_err());
        assert!(counter.take(quota, one(), now(10, i64::MIN)).is_ok());
    }
}

#[test]
fn what_is_given_back_goes_to_the_window_it_is_from() {
    let quota = Quota { limit: 10, span: Span::Window(Duration::from_secs(10)) };
    let want = |amount| Want { amount, estimated: true };
    let counter = Counter::new(quota.span, at(0));
    let held = counter.take(quota, want(8), at(0)).unwrap();
    let later = at(10 * SECOND);
    let next = counter.take(quota, want(4), later).unwrap();
    assert_eq!(next.counted.remaining, 6);
    // Of the window before: nobody's any more. What it was more counts now.
    counter.settle(quota, &held.window, want(8), 2, later);
    counter.settle(quota, &next.window, want(4), 9, later);
    assert_eq!(counter.take(quota, want(1), later).unwrap().counted.remaining, 0);
    assert!(counter.take(quota, want(1), later).is_err());
    assert!(counter.take(quota, want(1), at(20 * SECOND)).is_ok());
}

#[test]
fn one_guess_that_is_too_large_passes_while_no_other_is_open() {
    for span in [
        Span::Window(Duration::from_hours(1)),
        Span::Rolling { per: Duration::from_hours(1), burst: 30 },
    ] {
        let quota = Quota { limit: 30, span };
        let want = |amount| Want { amount, estimated: true };
        let counter = Counter::new(span, at(0));
        let large = counter.take(quota, want(5_000), at(0)).unwrap();
        assert!(counter.take(quota, want(1), at(0)).is_err(), "{span:?}");
        counter.settle(quota, &large.window, want(5_000), 10, at(0));
        // Two more of ten tokens, each guessed as 25: one after the other they fit, at once they do not.
        for _ in 0..2 {
            let held = counter.take(quota, want(25), at(0)).unwrap();
            assert!(counter.take(quota, want(25), at(0)).is_err(), "{span:?}");
            counter.settle(quota, &held.window, want(25), 10, at(0));
        }
        assert!(counter.take(quota, want(1), at(0)).is_err(), "{span:?}");
    }
}

#[test]
fn a_million_subjects_do_not_grow_the_table() {
    let table = Table::of(1_000);
    let quota = Quota { limit: 1, span: Span::Day };
    for index in 0..100_000 {
        let entry = table.entry(&format!("rule:{index}"), quota, at(0));
        // Newcomers are counted too: of each, the second request is refused.
        assert!(entry.counter.take(quota, one(), at(0)).is_ok());
        let again = table.entry(&format!("rule:{index}"), quota, at(0));
        assert!(again.counter.take(quota, one(), at(0)).is_err());
    }
    assert!(table.len() <= 1_000);
}

#[test]
fn what_requests_use_is_learned() {
    let table = Table::default();
    let quota = Quota { limit: 1, span: Span::Day };
    let entry = table.entry("a", quota, at(0));
    assert_eq!(entry.learned(), 500);
    entry.learn(10);
    assert_eq!(entry.learned(), 10);
    for _ in 0..200 {
        entry.learn(1_000);
    }
    assert_eq!(entry.learned(), 1_000);
    for _ in 0..200 {
        entry.learn(0);
    }
    assert_eq!(entry.learned(), 1);
}

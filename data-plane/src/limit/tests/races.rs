//! Two hundred callers and a limit of fifty.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::counters::{Quota, Span};

use super::exchanges::{ends, hourly, limited, plane, rule, size};
use crate::exchange::Shared;
use crate::limit::{Measure, Rule, reserve};

/// How many of the callers pass, each on a thread of its own, all of them under way at once.
fn passed(shared: &Arc<Shared>, callers: usize, rules: &[(Arc<Rule>, Quota)]) -> usize {
    let (passed, begin, end) = (AtomicUsize::new(0), Barrier::new(callers), Barrier::new(callers));
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let exchange = limited(shared, rules);
                    begin.wait();
                    if reserve(&exchange, &size(5, Some(5))).await.is_ok() {
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                    end.wait();
                    ends(exchange, "p", 5, 5);
                });
            });
        }
    });
    passed.into_inner()
}

#[test]
fn of_200_callers_that_race_for_a_limit_of_50_exactly_50_pass() {
    let rolling = Span::Rolling { per: Duration::from_hours(1), burst: 50 };
    for span in [rolling, Span::Window(Duration::from_hours(1)), Span::Day, Span::Month] {
        let shared = Arc::new(plane(Clock::system()));
        let rules = [(Arc::new(rule("r", Measure::Requests)), Quota { limit: 50, span })];
        assert_eq!(passed(&shared, 200, &rules), 50, "{span:?}");
        assert_eq!(passed(&shared, 50, &rules), 0, "{span:?}");
    }
}

#[test]
fn places_are_exact_and_come_back() {
    let shared = Arc::new(plane(Clock::system()));
    let rules =
        [(Arc::new(rule("c", Measure::Concurrency)), Quota { limit: 50, span: Span::Concurrent })];
    for _ in 0..3 {
        assert_eq!(passed(&shared, 200, &rules), 50);
    }
}

#[test]
fn tokens_that_are_guessed_right_are_exact_too() {
    let shared = Arc::new(plane(Clock::system()));
    let rules = [(Arc::new(rule("t", Measure::Total)), hourly(500))];
    assert_eq!(passed(&shared, 200, &rules), 50, "ten tokens each");
    assert_eq!(passed(&shared, 50, &rules), 0);
}

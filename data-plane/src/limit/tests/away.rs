//! Limits that data planes share, and what happens while their store is away.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sanmon_shared::counters::{Quota, Span};
use sanmon_shared::task::Tasks;
use tokio::time::Instant;

use super::exchanges::{ends, hourly, limited, rule, sharing, size};
use super::store::Common;
use crate::error::Code;
use crate::exchange::Shared;
use crate::limit::{Measure, Place, Rule, WhenUnavailable, reserve};

fn away(id: &str, when: WhenUnavailable) -> Arc<Rule> {
    Arc::new(Rule { place: Place::Shared(when), ..rule(id, Measure::Requests) })
}

async fn asks(shared: &Arc<Shared>, rule: &Arc<Rule>) -> Result<(), Code> {
    let exchange = limited(shared, &[(Arc::clone(rule), hourly(3))]);
    reserve(&exchange, &size(1, Some(1))).await.map_err(|error| error.code)
}

async fn until(is: impl Fn() -> bool) {
    let waiting = async {
        while !is() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("in time");
}

#[tokio::test(start_paused = true)]
async fn data_planes_that_share_a_store_share_limits_and_ask_once_for_all_of_a_request() {
    let (common, tasks) = (Arc::new(Common::default()), Tasks::default());
    let planes = [(); 3].map(|()| sharing(common.clone(), &tasks));
    let rules = [
        (Arc::new(rule("r", Measure::Requests)), hourly(6)),
        (Arc::new(rule("t", Measure::Total)), hourly(10_000)),
        (Arc::new(rule("c", Measure::Concurrency)), Quota { limit: 10, span: Span::Concurrent }),
    ];
    for round in 0..4 {
        for shared in &planes {
            let one = limited(shared, &rules);
            let passed = reserve(&one, &size(10, Some(90))).await.is_ok();
            assert_eq!(passed, round < 2);
            ends(one, "p", 10, 20);
        }
    }
    assert_eq!(common.asked.load(Relaxed), 12);
    until(|| common.settled.load(Relaxed) == 12).await;
    let mut used = common.used();
    used.sort_unstable();
    assert_eq!(used, [0, 6, 6 * 30], "places, requests, tokens");
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_its_store_each_rule_does_what_it_says() {
    let (common, tasks) = (Arc::new(Common::default()), Tasks::default());
    let shared = sharing(common.clone(), &tasks);
    common.away.store(true, Relaxed);
    let (local, allow, refuse) = (
        away("local", WhenUnavailable::Local),
        away("allow", WhenUnavailable::Allow),
        away("refuse", WhenUnavailable::Refuse),
    );
    for round in 0..5 {
        let expected = if round < 3 { Ok(()) } else { Err(Code::QuotaExceeded) };
        assert_eq!(asks(&shared, &local).await, expected, "counted here meanwhile");
        assert_eq!(asks(&shared, &allow).await, Ok(()));
        assert_eq!(asks(&shared, &refuse).await, Err(Code::StateUnavailable));
    }
    assert_eq!(common.asked.load(Relaxed), 1, "it is left alone for a second");
    let limits = &shared.metrics.limits;
    assert_eq!(limits.store_failures.load(Relaxed), 1);
    assert!(!limits.store_up.load(Relaxed));
    // Back, it counts for all of them again, from where it was.
    common.away.store(false, Relaxed);
    tokio::time::advance(Duration::from_millis(1_001)).await;
    for _ in 0..3 {
        assert_eq!(asks(&shared, &refuse).await, Ok(()));
    }
    assert_eq!(asks(&shared, &refuse).await, Err(Code::RateLimited), "by the store's own time");
    assert_eq!(asks(&shared, &local).await, Ok(()));
    assert!(limits.store_up.load(Relaxed));
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_costs_50_ms_once_a_second() {
    let (common, tasks) = (Arc::new(Common::default()), Tasks::default());
    let shared = sharing(common.clone(), &tasks);
    common.silent.store(true, Relaxed);
    let rule = away("r", WhenUnavailable::Local);
    let began = Instant::now();
    assert_eq!(asks(&shared, &rule).await, Ok(()));
    // Tokio's timers have the resolution of a millisecond.
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(50) && waited <= Duration::from_millis(51));
    let began = Instant::now();
    assert_eq!(asks(&shared, &rule).await, Ok(()));
    assert_eq!(began.elapsed(), Duration::ZERO);
    tokio::time::advance(Duration::from_millis(1_001)).await;
    let began = Instant::now();
    // Of several at once, one looks whether it is back.
    let (one, other) = tokio::join!(asks(&shared, &rule), async {
        let answer = asks(&shared, &rule).await;
        (answer, began.elapsed())
    });
    assert_eq!(
        (one, other.0),
        (Err(Code::QuotaExceeded), Ok(())),
        "the last place was taken meanwhile"
    );
    assert_eq!(other.1, Duration::ZERO);
    assert_eq!(common.asked.load(Relaxed), 2);
    common.silent.store(false, Relaxed);
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn settlements_that_are_lost_are_counted() {
    let (common, tasks) = (Arc::new(Common::default()), Tasks::default());
    let shared = sharing(common.clone(), &tasks);
    let rules = [(Arc::new(rule("t", Measure::Total)), hourly(100))];
    let one = limited(&shared, &rules);
    reserve(&one, &size(10, Some(10))).await.unwrap();
    common.away.store(true, Relaxed);
    ends(one, "p", 1, 1);
    let dropped = &shared.metrics.limits.settlements_dropped;
    until(|| dropped.load(Relaxed) == 1).await;
    assert_eq!(common.used(), [20], "what it guessed stays");
    tasks.stop().await;
}

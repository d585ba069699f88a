use super::*;

fn health() -> Arc<Health> {
    Health::new(Arc::from("p"), Arc::default())
}

#[test]
fn models_are_told_apart_up_to_a_bound() {
    let health = health();
    let first = health.state("m0");
    assert!(Arc::ptr_eq(&first, &health.state("m0")));
    for number in 1..MODELS {
        assert_eq!(&*health.state(&format!("m{number}")).model, format!("m{number}"));
    }
    assert_eq!(&*health.state("one more").model, "*");
    assert!(Arc::ptr_eq(&first, &health.state("m0")));
    assert_eq!(health.states().len(), MODELS, "nobody asked the others yet");
}

#[tokio::test(start_paused = true)]
async fn models_that_nobody_asks_for_make_room() {
    let health = health();
    let kept = health.state("m0");
    for number in 0..MODELS {
        health.state(&format!("m{number}"));
    }
    tokio::time::advance(Duration::from_millis(UNUSED + 1)).await;
    kept.began(Instant::now());
    assert_eq!(&*health.state("new").model, "new");
    assert!(Arc::ptr_eq(&kept, &health.state("m0")), "who is asked stays");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_when_to_come_back_is_left_alone_until_then() {
    let health = health();
    let state = health.state("m");
    let now = Instant::now();
    let limited = Failure::new(FailureKind::RateLimited, 429);
    let after = limited.after(Some(Duration::from_secs(20)));
    state.failed(&after, &BreakerRules::default(), now, now);
    let (left, why) = health.common.held(now).unwrap();
    assert_eq!((left, why), (Duration::from_secs(20), FailureKind::RateLimited));
    // A shorter word does not take back a longer one, and a day is not believed.
    state.failed(&limited, &BreakerRules::default(), now, now);
    assert_eq!(health.common.held(now).unwrap().0, Duration::from_secs(20));
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(health.common.held(Instant::now()), None);
    let now = Instant::now();
    let day = limited.after(Some(Duration::from_hours(24)));
    state.failed(&day, &BreakerRules::default(), now, now);
    assert_eq!(health.common.held(now).unwrap().0, LONGEST);
}

#[test]
fn what_is_wrong_with_a_request_is_not_held_against_its_target() {
    let health = health();
    let state = health.state("m");
    let now = Instant::now();
    let rules = BreakerRules { consecutive_failures: 2, ..BreakerRules::default() };
    for kind in [FailureKind::BadRequest, FailureKind::ContextLength, FailureKind::Local] {
        for _ in 0..5 {
            state.failed(&Failure::new(kind, 400), &rules, now, now);
        }
    }
    assert_eq!((state.phase(now), state.failures()), (Standing::Closed, 0));
    state.failed(&Failure::of_status(500), &rules, now, now);
    state.failed(&Failure::of_status(502), &rules, now, now);
    assert!(matches!(state.phase(now), Standing::Open(_)));
    assert_eq!(state.last_failure(), Some((FailureKind::Server, 502)));
    let counted: Vec<u64> = health.common.summary.failures().map(|(_, count)| count).collect();
    assert_eq!(counted.iter().sum::<u64>(), 17);
}

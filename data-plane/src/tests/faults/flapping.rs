use sanmon_shared::report::BreakerState;

use super::*;

const BUSY: Mood = Mood::Fails("503 Busy", "");

#[tokio::test(flavor = "multi_thread")]
async fn of_a_target_that_goes_down_and_up_and_down_nobody_notices() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let rules = json!({"breaker": {"consecutive_failures": 3, "cooldown": 150}});
    let gateway = pair(&first, &second, &rules);
    all_answered(&gateway, 4).await;
    assert_eq!((first.asked(), second.asked()), (4, 0));

    // Down: three fail, and are answered all the same; then it is left alone.
    first.is(BUSY);
    all_answered(&gateway, 3).await;
    let told = of_target(&gateway, "a");
    assert_eq!((told.breaker, told.failures), (BreakerState::Open, 3));
    assert_eq!(told.reason.as_deref(), Some("overloaded (503)"));
    assert!(told.out_for.is_some_and(|millis| millis <= 150), "{told:?}");
    assert_eq!(first.asked(), 7);

    // Still down when it is tried: one asks, and it is out again.
    until(&gateway, "it is tried", || first.asked() == 8).await;
    assert_eq!(of_target(&gateway, "a").breaker, BreakerState::Open);

    // Up when it is tried: one asks, and then all.
    first.is(Mood::Well);
    until(&gateway, "it is tried again", || first.asked() == 9).await;
    let told = of_target(&gateway, "a");
    assert_eq!((told.breaker, told.out_for), (BreakerState::Closed, None));
    let before = second.asked();
    all_answered(&gateway, 4).await;
    assert_eq!((first.asked(), second.asked()), (13, before));

    // Down once more: what was before does not count.
    first.is(BUSY);
    all_answered(&gateway, 2).await;
    assert_eq!(of_target(&gateway, "a").breaker, BreakerState::Closed);
    all_answered(&gateway, 2).await;
    assert_eq!((of_target(&gateway, "a").breaker, first.asked()), (BreakerState::Open, 16));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_tries_a_target_the_others_do_not_wait_for_it() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let rules = json!({"breaker": {"consecutive_failures": 1, "cooldown": 50}});
    let gateway = pair(&first, &second, &rules);
    first.is(BUSY);
    all_answered(&gateway, 1).await;
    first.is(Mood::Silent);
    // Whoever comes when the time is over hears nothing; everybody else is answered.
    let body = json!({"messages": [{"role": "user", "content": "hello"}]}).to_string();
    let begun = Instant::now();
    let mut trial = loop {
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody tries it");
        let mut client = Client::connect(gateway.address).await;
        client.send(&post(CHAT, "", &body)).await;
        tokio::select! {
            answer = client.answer() => assert_eq!(answer.status, 200, "{}", answer.body),
            () = first.is_asked(2) => break client,
        }
    };
    assert_eq!(of_target(&gateway, "a").breaker, BreakerState::HalfOpen);
    all_answered(&gateway, 10).await;
    assert_eq!(first.asked(), 2, "one tries it");
    first.is(Mood::Well);
    assert_eq!(trial.answer().await.status, 200);
    assert_eq!(of_target(&gateway, "a").breaker, BreakerState::Closed);
}

/// Either what retries may add is enough for its failures, or its breaker opens before it is used up.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_target_that_fails_now_and_then_nobody_notices() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    for (tenths, standing) in [
        (1, BreakerState::Closed),
        (2, BreakerState::Open),
        (3, BreakerState::Open),
        (4, BreakerState::Open),
    ] {
        let gateway = pair(&first, &second, &json!({}));
        first.is(Mood::FailsIn(tenths));
        all_answered(&gateway, 100).await;
        assert_eq!(of_target(&gateway, "a").breaker, standing, "{tenths} of ten");
    }
}

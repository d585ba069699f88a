use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_says_when_to_come_back_is_not_asked_before() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let gateway = pair(&first, &second, &json!({}));
    first.is(Mood::Fails("429 Slow", "retry-after-ms: 300\r\n"));
    let begun = Instant::now();
    all_answered(&gateway, 1).await;
    let told = of_target(&gateway, "a");
    assert!(told.out_for.is_some_and(|millis| millis <= 300), "{told:?}");
    let reason = "the provider wants to be left alone: rate_limited";
    assert_eq!(told.reason.as_deref(), Some(reason));
    while begun.elapsed() < Duration::from_millis(200) {
        all_answered(&gateway, 1).await;
        // A machine that was busy in between has let the time pass.
        assert!(first.asked() == 1 || begun.elapsed() >= Duration::from_millis(300));
    }
    first.is(Mood::Well);
    until(&gateway, "it is asked again", || first.asked() > 1).await;
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let before = second.asked();
    all_answered(&gateway, 4).await;
    assert_eq!(second.asked(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_want_to_be_left_alone_one_is_asked_and_no_other() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let gateway = pair(&first, &second, &json!({}));
    for target in [&first, &second] {
        target.is(Mood::Fails("429 Slow", "retry-after: 7\r\n"));
    }
    assert_eq!(ask(&gateway, false).await.header("x-sanmon-attempts"), Some("2"));
    for number in 1..=20 {
        let answer = ask(&gateway, number % 2 == 0).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
        assert_eq!(answer.header("x-sanmon-attempts"), None);
        assert_eq!(first.asked() + second.asked(), 2 + number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_add_a_fifth_to_the_load_at_most() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let off = json!({"breaker": {"enabled": false}});
    let providers = [at("a", &first, &off), at("b", &second, &off)];
    let budget = json!({"retry": {"budget": {"percent": 20, "floor": 10, "window": 60_000}}});
    let gateway = gateway(pool("openai-chat-completions", &providers, &budget));
    for target in [&first, &second] {
        target.is(Mood::Fails("503 Busy", ""));
    }
    for number in 0..200 {
        assert_eq!(ask(&gateway, number % 2 == 0).await.status, 503);
    }
    assert_eq!((first.asked(), second.asked()), (200, 40));
}

/// A hundred at once meet a target that just went down, and the budget has room for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_meet_a_target_as_it_goes_down_are_answered_by_another() {
    let tasks = Tasks::default();
    let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
    let providers = [at("a", &first, &json!({})), at("b", &second, &json!({}))];
    let budget = json!({"retry": {"budget": {"floor": 100}}});
    let gateway = gateway(pool("openai-chat-completions", &providers, &budget));
    first.is(Mood::Fails("503 Busy", ""));
    let all = futures_util::future::join_all((0..100).map(|_| ask(&gateway, true))).await;
    assert!(all.iter().all(|answer| answer.status == 200 && answer.complete));
    assert_eq!(second.asked(), 100);
}

//! Whoever makes vectors is away, slow, or talks nonsense: nobody who asks notices.

use std::time::{Duration, Instant};

use super::*;

/// Whoever answers so to all who want vectors.
async fn saying(tasks: &Tasks, answer: String) -> Upstream {
    llm::upstream(tasks, answer).await
}

/// Whoever answers batches as it should, and single texts so.
async fn to_prompts(tasks: &Tasks, body: &str) -> Upstream {
    let body = body.to_owned();
    Upstream::start(tasks, move |mut call, _| {
        let body = if inputs(&call.text).len() > 1 { vectors(&call.text) } else { body.clone() };
        async move { call.say(&whole("200 OK", "application/json", "", &body)).await }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_leads_to_the_fallback() {
    let tasks = Tasks::default();
    let mut models = model(&tasks).await;
    let json = |body: &str| whole("200 OK", "application/json", "", body);
    let one = |vector: &str| format!(r#"{{"data":[{{"index":0,"embedding":{vector}}}]}}"#);
    for (what, embedder) in [
        ("an error", saying(&tasks, whole("500 No", "application/json", "", "{}")).await),
        ("no rights", saying(&tasks, whole("401 No", "application/json", "", "{}")).await),
        ("a page", saying(&tasks, whole("200 OK", "text/html", "", "<html>")).await),
        ("an error in a success", saying(&tasks, json(r#"{"error":{"message":"x"}}"#)).await),
        ("nothing", saying(&tasks, json(r#"{"data":[]}"#)).await),
        ("too few", saying(&tasks, json(&one("[1]"))).await),
        (
            "a broken answer",
            saying(&tasks, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned()).await,
        ),
        ("null", to_prompts(&tasks, &one("null")).await),
        ("null among numbers", to_prompts(&tasks, &one("[1,null,1]")).await),
        ("NaN", to_prompts(&tasks, &one("[NaN,0,0]")).await),
        ("more than a number holds", to_prompts(&tasks, &one("[1e300,0,0]")).await),
        ("no length", to_prompts(&tasks, &one("[0,0,0]")).await),
        ("no numbers", to_prompts(&tasks, &one("[]")).await),
        ("other dimensions", to_prompts(&tasks, &one("[1,2]")).await),
    ] {
        let gateway = gateway(&config(&models, &embedder, &json!({})));
        for _ in 0..2 {
            let answer = Client::ask(gateway.address, &chat("a poem")).await;
            assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")), "{what}");
            assert_eq!(answer.header("x-ai-semantic-scores"), Some(""), "{what}");
            assert_eq!(asked(&models.saw().await), "rest", "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_of_other_dimensions_are_no_examples() {
    let tasks = Tasks::default();
    let mut models = model(&tasks).await;
    let embedder = Upstream::start(&tasks, |mut call, _| async move {
        let odd = vectors(&call.text).replace("[0,1,0]", "[1,2,3,4]");
        let body = if inputs(&call.text).len() > 1 { odd } else { vectors(&call.text) };
        call.say(&whole("200 OK", "application/json", "", &body)).await;
    })
    .await;
    let gateway = gateway(&config(&models, &embedder, &json!({})));
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!(answer.header("x-ai-semantic-scores"), Some("rest:0.0000,sums:0.0000"));
    assert_eq!((asked(&models.saw().await), picked(&answer)), ("rest".into(), Some("fallback")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_prompt_or_a_fallback_the_first_one_is_asked() {
    let tasks = Tasks::default();
    let (mut models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let body = json!({"messages": [{"role": "system", "content": "a poem"}]}).to_string();
    let ask = async |gateway: &Gateway, text: &str| {
        let answer = Client::ask(gateway.address, text).await;
        assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")));
    };
    let with = gateway(&config(&models, &embedder, &json!({})));
    ask(&with, &post(CHAT, "", &body)).await;
    assert_eq!(asked(&models.saw().await), "rest");
    assert!(embedder.saw_nothing_more());
    let more = json!({"semantic_opts": {"fallback": null, "threshold": 1}});
    let without = gateway(&config(&models, &embedder, &more));
    ask(&without, &chat("poem, poem and sum")).await;
    assert_eq!(asked(&models.saw().await), "sums");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_costs_one_request_and_not_the_next() {
    let tasks = Tasks::default();
    let mut models = model(&tasks).await;
    let mut silent =
        Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    let more = json!({"semantic_opts": {"embeddings": {"timeout": 1_000}}});
    let gateway = gateway(&config(&models, &silent, &more));
    let began = Instant::now();
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    let took = began.elapsed();
    assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")));
    assert!((1_000..3_000).contains(&took.as_millis()), "{took:?}");
    silent.saw().await;
    silent.saw().await;
    let began = Instant::now();
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(silent.saw_nothing_more(), "it is left alone");
    assert_eq!(
        (asked(&models.saw().await), asked(&models.saw().await)),
        ("rest".into(), "rest".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_the_pool_is_that_of_choosing_too() {
    let tasks = Tasks::default();
    let models = model(&tasks).await;
    let silent = Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&pool(&models, &silent, &json!({"retry": {"deadline": 100}})));
    gateway.apply(&[route_of("openai-chat-completions", "pool")]);
    let began = Instant::now();
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedding_model_that_is_gone_leads_to_the_fallback() {
    let tasks = Tasks::default();
    let (mut models, embedder) = (model(&tasks).await, embedder(&tasks).await);
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&pool(&models, &embedder, &json!({}))[1..]);
    gateway.apply(&[route_of("openai-chat-completions", "pool")]);
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!((answer.status, picked(&answer)), (200, Some("fallback")));
    assert_eq!(asked(&models.saw().await), "rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_does_not_stop_what_others_wait_for() {
    let tasks = Tasks::default();
    let models = model(&tasks).await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let opened = std::sync::Arc::clone(&gate);
    let mut embedder = Upstream::start(&tasks, move |mut call, _| {
        let gate = std::sync::Arc::clone(&opened);
        async move {
            if inputs(&call.text).len() > 1 {
                drop(gate.acquire().await.unwrap());
            }
            let body = vectors(&call.text);
            call.say(&whole("200 OK", "application/json", "", &body)).await;
        }
    })
    .await;
    let gateway = gateway(&config(&models, &embedder, &json!({})));
    let mut leaving = Client::connect(gateway.address).await;
    leaving.send(&chat("a poem")).await;
    embedder.saw().await;
    embedder.saw().await;
    drop(leaving);
    gateway.shared.idle_now().await;
    let text = chat("a sum");
    let (answer, ()) = tokio::join!(Client::ask(gateway.address, &text), async {
        assert_eq!(inputs(&embedder.saw().await), ["a sum"]);
        gate.add_permits(1);
    });
    assert_eq!((answer.status, picked(&answer)), (200, Some("sums")));
    assert!(embedder.saw_nothing_more(), "one batch for both");
}

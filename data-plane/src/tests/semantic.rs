//! Targets that are chosen by what is asked, over HTTP: by instances of `ai-proxy-multi` and by pools of
//! stored providers. Whoever makes vectors here knows two topics, sums and poems.

mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, ANSWER, CHAT, patch, post, sent, streamed, upstream, whole};
use super::*;
use crate::plane::AccessLog;
use sanmon_shared::task::Tasks;

const STREAM: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

/// How often a text speaks of sums and of poems.
fn vector(text: &str) -> Value {
    match (text.matches("sum").count(), text.matches("poem").count()) {
        (0, 0) => json!([0, 0, 1]),
        (sums, poems) => json!([sums, poems, 0]),
    }
}

/// What is to be embedded by a call that was seen.
fn inputs(seen: &str) -> Vec<String> {
    serde_json::from_value(sent(seen)["input"].clone()).unwrap()
}

fn vectors(seen: &str) -> String {
    let inputs = inputs(seen);
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"index": index, "embedding": vector(text)}))
        .collect();
    json!({"data": data, "usage": {"prompt_tokens": inputs.len() * 5}}).to_string()
}

/// Whoever makes vectors.
async fn embedder(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let body = vectors(&call.text);
        call.say(&whole("200 OK", "application/json", "", &body)).await;
    })
    .await
}

/// A model that answers both ways.
async fn model(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let streams = call.text.contains("\"stream\":true");
        let whole = whole("200 OK", "application/json", "", ANSWER);
        call.say(&if streams { streamed(STREAM) } else { whole }).await;
    })
    .await
}

/// Instances `sums`, `poems` and `rest` at an upstream, chosen by what is asked.
fn config(models: &Upstream, embedder: &Upstream, more: &Value) -> Value {
    let instance = |name: &str, examples: &[&str]| {
        json!({
            "name": name, "provider": "openai-compatible", "weight": 1,
            "auth": {"header": {"Authorization": format!("Bearer key-of-{name}")}},
            "options": {"model": name},
            "override": {"endpoint": format!("http://{}/v1/chat/completions", models.address)},
            "examples": examples
        })
    };
    let mut config = json!({
        "balancer": {"algorithm": "semantic"},
        "instances": [
            instance("sums", &["a sum", "sums of sums"]),
            instance("poems", &["a poem"]),
            instance("rest", &["anything else"])
        ],
        "semantic_opts": {
            "embeddings": {
                "provider": "openai", "model": "embed-1", "ssl_verify": false,
                "auth": {"header": {"Authorization": "Bearer key-of-embed"}},
                "endpoint": format!("http://{}/v1/embeddings", embedder.address)
            },
            "threshold": 0.5, "fallback": "rest", "debugging": true
        }
    });
    patch(&mut config, more);
    config
}

fn route(config: &Value) -> (&'static str, Value) {
    let plugins = json!([{"plugin": "ai-proxy-multi", "config": config}]);
    ("routes", json!({"id": "r1", "frontend": {"domains": []}, "plugins": plugins}))
}

fn gateway(config: &Value) -> Gateway {
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&[route(config)]);
    gateway
}

fn chat(text: &str) -> String {
    post(CHAT, "", &json!({"messages": [{"role": "user", "content": text}]}).to_string())
}

fn picked(answer: &Answer) -> Option<&str> {
    answer.header("x-ai-semantic-picked-instance")
}

/// The model that was asked for.
fn asked(seen: &str) -> String {
    sent(seen)["model"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_goes_to_the_instance_that_it_is_like() {
    let tasks = Tasks::default();
    let (mut models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let gateway = gateway(&config(&models, &embedder, &json!({})));
    for (text, instance, scores) in [
        ("the sum of 1 and 2?", "sums", "poems:0.0000,rest:0.0000,sums:1.0000"),
        ("a poem of a sum of a poem", "poems", "poems:0.8944,rest:0.0000,sums:0.4472"),
        ("a poem on a sum", "sums", "poems:0.7071,rest:0.0000,sums:0.7071"),
        ("how is the weather?", "rest", "poems:0.0000,rest:1.0000,sums:0.0000"),
    ] {
        let answer = Client::ask(gateway.address, &chat(text)).await;
        assert_eq!((answer.status, picked(&answer)), (200, Some(instance)), "{text}");
        assert_eq!(answer.header("x-ai-semantic-scores"), Some(scores), "{text}");
        assert_eq!(asked(&models.saw().await), instance, "{text}");
    }
    let first = [embedder.saw().await, embedder.saw().await];
    for call in &first {
        assert!(call.starts_with("POST /v1/embeddings "), "{call}");
        assert!(call.contains("authorization: Bearer key-of-embed\r\n"), "{call}");
        assert_eq!(asked(call), "embed-1");
    }
    let mut batches = first.iter().filter(|call| inputs(call).len() > 1);
    let batch = batches.next().unwrap();
    assert_eq!(inputs(batch), ["a sum", "sums of sums", "a poem", "anything else"]);
    assert!(batches.next().is_none());
    for text in ["a poem of a sum of a poem", "a poem on a sum", "how is the weather?"] {
        assert_eq!(inputs(&embedder.saw().await), [text]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_that_chats_is_understood() {
    let tasks = Tasks::default();
    let (mut models, embedder) = (model(&tasks).await, embedder(&tasks).await);
    let gateway = gateway(&config(&models, &embedder, &json!({})));
    let parts = json!([{"type": "text", "text": "a poem,"}, {"type": "text", "text": "please"}]);
    for (path, body) in [
        (
            CHAT,
            json!({"messages": [
            {"role": "system", "content": "you know each sum"}, {"role": "user", "content": "a sum"},
            {"role": "assistant", "content": "3"}, {"role": "user", "content": parts}]}),
        ),
        (CHAT, json!({"stream": true, "messages": [{"role": "user", "content": "a poem"}]})),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "system": "sum", "messages": [
            {"role": "user", "content": parts}]}),
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 9, "stream": true, "messages": [
            {"role": "user", "content": "a poem"}, {"role": "assistant", "content": "sum"}]}),
        ),
        ("/v1/responses", json!({"input": "a poem", "instructions": "sum", "store": false})),
        (
            "/v1/responses",
            json!({"stream": true, "store": false, "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "a poem"}]}]}),
        ),
        (
            "/model/m/converse",
            json!({"messages": [
            {"role": "user", "content": [{"text": "a poem"}]}]}),
        ),
    ] {
        let answer = Client::ask(gateway.address, &post(path, "", &body.to_string())).await;
        assert_eq!((answer.status, picked(&answer)), (200, Some("poems")), "{path} {body}");
        assert!(answer.complete && answer.body.contains("hi"), "{path} {}", answer.body);
        assert_eq!(asked(&models.saw().await), "poems", "{path} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_chat_goes_its_way_without_vectors() {
    let tasks = Tasks::default();
    let (mut models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let plain = json!(format!("http://{}", models.address));
    let mut config = config(&models, &embedder, &json!({}));
    for instance in config["instances"].as_array_mut().unwrap() {
        instance["override"]["endpoint"] = plain.clone();
    }
    let gateway = gateway(&config);
    let rerank = Client::ask(gateway.address, &post("/v1/rerank", "", r#"{"query":"sum"}"#)).await;
    assert_eq!((rerank.status, picked(&rerank)), (200, None));
    assert_eq!(asked(&models.saw().await), "rest");
    assert!(embedder.saw_nothing_more());
}

/// Providers of these names at an upstream, and a pool that chooses one of them by what is asked.
fn pool(models: &Upstream, embedder: &Upstream, more: &Value) -> Vec<(&'static str, Value)> {
    let target = |name: &str, example: &str| json!({"ref": name, "examples": [example]});
    let mut pool = json!({
        "id": "pool", "name": "pool", "provider": "loadbalancer",
        "targets": [target("sums", "a sum"), target("poems", "a poem"), target("rest", "else")],
        "balancing": {"algorithm": "semantic", "semantic": {
            "embedding_model": "embed", "threshold": 0.5, "fallback": "rest", "debugging": true}}
    });
    patch(&mut pool, more);
    let embed = json!({"id": "embed", "name": "embed", "provider": "openai-compatible", "config": {
        "connection": {"base_url": format!("http://{}/v1", embedder.address), "token": "t"},
        "options": {"model": "embed-2", "dimensions": 3}}});
    let named = |name: &str| {
        let more = json!({"id": name, "name": name, "options": {"model": name}});
        ("providers", llm::provider(models, &more))
    };
    vec![
        ("embedding-models", embed),
        named("sums"),
        named("poems"),
        named("rest"),
        ("providers", pool),
    ]
}

fn route_of(plugin: &str, provider: &str) -> (&'static str, Value) {
    let plugins = json!([{"plugin": plugin, "config": {"refs": [provider]}}]);
    ("routes", json!({"id": "r1", "frontend": {"domains": []}, "plugins": plugins}))
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_stored_providers_are_chosen_too() {
    let tasks = Tasks::default();
    let (mut models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&pool(&models, &embedder, &json!({})));
    for (plugin, body) in [
        ("openai-chat-completions", json!({"messages": [{"role": "user", "content": "a poem"}]})),
        ("openai-completions", json!({"prompt": "a poem"})),
        ("openai-completions", json!({"prompt": ["a sum", "a poem"]})),
        (
            "anthropic-messages",
            json!({"max_tokens": 9, "messages": [
            {"role": "user", "content": "a poem"}]}),
        ),
    ] {
        gateway.apply(&[route_of(plugin, "pool")]);
        let answer = Client::ask(gateway.address, &post("/x", "", &body.to_string())).await;
        assert_eq!(
            (answer.status, picked(&answer)),
            (200, Some("poems")),
            "{plugin} {}",
            answer.body
        );
        assert_eq!(asked(&models.saw().await), "poems", "{plugin}");
    }
    let call = embedder.saw().await;
    assert!(call.contains("authorization: Bearer t\r\n"), "{call}");
    let body = sent(&call);
    assert_eq!((&body["model"], &body["dimensions"]), (&json!("embed-2"), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_is_followed_by_those_that_are_next_like_it() {
    let tasks = Tasks::default();
    let (mut good, mut bad) =
        (model(&tasks).await, upstream(&tasks, whole("500 No", "text/plain", "", "no")).await);
    let embedder = embedder(&tasks).await;
    let at =
        |upstream: &Upstream| json!(format!("http://{}/v1/chat/completions", upstream.address));
    let mut config = config(&good, &embedder, &json!({"fallback_strategy": ["http_5xx"]}));
    config["instances"][0]["override"]["endpoint"] = at(&bad);
    let gateway = gateway(&config);
    for (text, next) in [("a sum", "rest"), ("sum, sum, sum and poem poem", "poems")] {
        let answer = Client::ask(gateway.address, &chat(text)).await;
        assert_eq!((answer.status, picked(&answer)), (200, Some("sums")), "{text}");
        assert_eq!(answer.header("x-sanmon-attempts"), Some("2"));
        assert_eq!(
            (asked(&bad.saw().await), asked(&good.saw().await)),
            ("sums".into(), next.into())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_stands_in_for_somebody_is_put_in_order_when_it_has_to() {
    let tasks = Tasks::default();
    let (mut models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let first = |upstream: &Upstream| {
        let more = json!({"id": "first", "name": "first", "provider_fallback": "pool"});
        ("providers", llm::provider(upstream, &more))
    };
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&pool(&models, &embedder, &json!({})));
    gateway.apply(&[first(&models), route_of("openai-chat-completions", "first")]);
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!((answer.status, picked(&answer)), (200, None));
    assert_eq!(asked(&models.saw().await), "default-model");
    assert!(embedder.saw_nothing_more(), "nobody had to know");
    let bad = upstream(&tasks, whole("500 No", "text/plain", "", "no")).await;
    gateway.apply(&[first(&bad)]);
    let answer = Client::ask(gateway.address, &chat("a poem")).await;
    assert_eq!((answer.status, picked(&answer)), (200, Some("poems")));
    assert_eq!(asked(&models.saw().await), "poems");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_fetch_the_examples_once() {
    let tasks = Tasks::default();
    let (models, mut embedder) = (model(&tasks).await, embedder(&tasks).await);
    let gateway = gateway(&config(&models, &embedder, &json!({})));
    let text = chat("a poem");
    let answers = join_all((0..100).map(|_| Client::ask(gateway.address, &text))).await;
    for answer in &answers {
        assert_eq!((answer.status, picked(answer)), (200, Some("poems")), "{}", answer.body);
    }
    let mut batches = 0;
    for _ in 0..101 {
        batches += usize::from(inputs(&embedder.saw().await).len() > 1);
    }
    assert_eq!(batches, 1);
    assert!(embedder.saw_nothing_more());
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_outlive_the_snapshot_unless_they_change() {
    let tasks = Tasks::default();
    let batches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&batches);
    let embedder = Upstream::start(&tasks, move |mut call, _| {
        counted.fetch_add(usize::from(inputs(&call.text).len() > 1), Ordering::Relaxed);
        async move { call.say(&whole("200 OK", "application/json", "", &vectors(&call.text))).await }
    })
    .await;
    let models = model(&tasks).await;
    let mut config = config(&models, &embedder, &json!({}));
    let gateway = gateway(&config);
    let ask = async || {
        let answer = Client::ask(gateway.address, &chat("a poem")).await;
        assert_eq!((answer.status, picked(&answer)), (200, Some("poems")));
        batches.load(Ordering::Relaxed)
    };
    assert_eq!(ask().await, 1);
    for (pointer, value, fetched) in [
        ("/semantic_opts/threshold", json!(0.4), 1),
        ("/semantic_opts/embeddings/auth/header/Authorization", json!("Bearer other"), 1),
        ("/instances/0/options/model", json!("sums-2"), 1),
        ("/instances/0/examples/0", json!("another sum"), 2),
        ("/semantic_opts/embeddings/model", json!("embed-3"), 3),
    ] {
        *config.pointer_mut(pointer).unwrap() = value;
        gateway.apply(&[route(&config)]);
        assert_eq!((ask().await, ask().await), (fetched, fetched), "{pointer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_embedding_model_makes_the_vectors_anew() {
    let tasks = Tasks::default();
    let (models, mut first, mut second) =
        (model(&tasks).await, embedder(&tasks).await, embedder(&tasks).await);
    let gateway = Gateway::start(Setting::default());
    gateway.apply(&pool(&models, &first, &json!({})));
    gateway.apply(&[route_of("openai-chat-completions", "pool")]);
    for embedder in [&mut first, &mut second] {
        let documents = pool(&models, embedder, &json!({}));
        gateway.apply(&documents[..1]);
        let answer = Client::ask(gateway.address, &chat("a poem")).await;
        assert_eq!(picked(&answer), Some("poems"));
        let both = [embedder.saw().await, embedder.saw().await];
        assert!(both.iter().any(|call| inputs(call).len() == 3), "{both:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_took_is_logged_and_counted() {
    let tasks = Tasks::default();
    let (models, embedder) = (model(&tasks).await, embedder(&tasks).await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let documents = vec![route(&config(&models, &embedder, &json!({})))];
    let log = AccessLog::File(path.clone());
    let gateway = Gateway::start(Setting { documents, log, ..Setting::default() });
    assert_eq!(Client::ask(gateway.address, &chat("a poem")).await.status, 200);
    let (metrics, targets) = (gateway.shared.metrics.clone(), gateway.shared.targets.clone());
    let lines = gateway.stop(&path).await;
    let semantic = &lines[0]["semantic"][0];
    for (name, value) in [
        ("pool", json!("r1/ai-proxy-multi")),
        ("picked", json!("poems")),
        ("provider", json!("r1/ai-proxy-multi/semantic_opts/embeddings")),
        ("model", json!("embed-1")),
        ("input_tokens", json!(5)),
    ] {
        assert_eq!(semantic[name], value, "{name} of {semantic}");
    }
    assert!(semantic["total_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(lines[0]["attempts"], 1, "the caller's attempts are those at an answer");
    assert_eq!(
        (&lines[0]["provider"], &lines[0]["input_tokens"]),
        (&json!("r1/ai-proxy-multi/poems"), &json!(3))
    );
    let text = crate::telemetry::page_for_test(&metrics, &targets);
    let counted = "sanmon_tokens_total{route=\"r1\",\
                   provider=\"r1/ai-proxy-multi/semantic_opts/embeddings\",model=\"embed-1\",\
                   type=\"input\"} 25";
    assert!(text.contains(counted), "no {counted} in {text}");
}

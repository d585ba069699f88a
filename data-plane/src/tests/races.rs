//! Two hundred callers at once, a limit of fifty, two workers: for every kind of limit, and every kind of
//! request that is counted. (`limit::tests::races` has the counters alone, `e2e::limits` three processes.)

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sanmon_shared::secret::HashedSecret;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::faults::{Mood, Target};
use super::gateway::Setting;
use super::llm::{CHAT, post, provider};
use super::*;

const CALLERS: usize = 200;

/// As many as see whether anything is left.
const FEW: usize = 20;

const BODY: &str = r#"{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}"#;

const KEY: &str = "otoroshi-client-id: key\r\notoroshi-client-secret: secret\r\n";

/// How many of the callers pass. The target answers none before all others have been refused.
async fn passed(gateway: &Gateway, target: &Target, request: &str, callers: usize) -> usize {
    let refused = Arc::<AtomicUsize>::default();
    target.is(Mood::Silent);
    let before = target.asked();
    let asking: Vec<_> = (0..callers)
        .map(|_| {
            let (address, request) = (gateway.address, request.to_owned());
            let refused = Arc::clone(&refused);
            async move {
                let answer = Client::ask(address, &request).await;
                if answer.status != 200 {
                    refused.fetch_add(1, Ordering::SeqCst);
                }
                answer
            }
        })
        .collect();
    let decided = async {
        let begun = Instant::now();
        while target.asked() - before + refused.load(Ordering::SeqCst) < callers {
            assert!(begun.elapsed() < Duration::from_secs(10), "some are neither in nor out");
            tokio::task::yield_now().await;
        }
        target.is(Mood::Well);
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(asking), decided);
    for answer in &answers {
        assert!([200, 429, 503].contains(&answer.status), "{}", answer.body);
        assert!(answer.status == 200 || answer.header("retry-after").is_some(), "{}", answer.head);
    }
    gateway.shared.idle_now().await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, target.asked() - before, "who is refused is not put to anybody");
    passed
}

fn start(mut documents: Vec<(&'static str, Value)>, plugins: &[Value]) -> Gateway {
    let (_, route) = documents.last_mut().unwrap();
    for plugin in plugins.iter().rev() {
        route["plugins"].as_array_mut().unwrap().insert(0, plugin.clone());
    }
    Gateway::start(Setting { documents, workers: 2, ..Setting::default() })
}

fn chats(target: &Target) -> Vec<(&'static str, Value)> {
    let provider = provider(&target.upstream, &json!({}));
    llm::documents("openai-chat-completions", "providers", vec![provider])
}

fn rule(rule: &Value) -> Value {
    json!({"plugin": "rate-limit", "config": {"rules": [rule]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pass_of_every_kind_of_limit_of_requests() {
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    let key = |more: &Value| {
        let mut key = json!({"clientId": "key", "authorizedEntities": ["route_r1"],
            "clientSecret": HashedSecret::store("key", "secret", None)});
        llm::patch(&mut key, more);
        key
    };
    for (what, plugin, of_key, again) in [
        ("gcra", rule(&json!({"limit": 50, "per": "day", "burst": 50})), json!({}), 0),
        ("window", fifty(), json!({}), 0),
        ("day", rule(&json!({"limit": 50, "per": "day", "algorithm": "window"})), json!({}), 0),
        ("places", rule(&json!({"limit": 50, "count": "concurrency"})), json!({}), FEW),
        (
            "limit-count",
            json!({"plugin": "limit-count", "config": {"count": 50, "time_window": 3_600}}),
            json!({}),
            0,
        ),
        ("daily quota", json!({"plugin": "apikeys"}), json!({"dailyQuota": 50}), 0),
        ("monthly quota", json!({"plugin": "apikeys"}), json!({"monthlyQuota": 50}), 0),
    ] {
        let mut documents = chats(&target);
        documents.insert(0, ("apikeys", key(&of_key)));
        let gateway = start(documents, &[plugin]);
        let request = post(CHAT, KEY, BODY);
        assert_eq!(passed(&gateway, &target, &request, CALLERS).await, 50, "{what}");
        assert_eq!(passed(&gateway, &target, &request, FEW).await, again, "{what}");
    }
    // Ten seconds are its window, which may end while two hundred ask again.
    let mut documents = chats(&target);
    documents.insert(0, ("apikeys", key(&json!({"throttlingQuota": 50}))));
    let gateway = start(documents, &[json!({"plugin": "apikeys"})]);
    assert_eq!(passed(&gateway, &target, &post(CHAT, KEY, BODY), CALLERS).await, 50);
}

/// What a request is taken to use before it is known, as the headers of a limit that it does not reach say.
async fn guess(target: &Target) -> u64 {
    const MUCH: u64 = 1_000_000;
    target.is(Mood::Well);
    let tokens = json!({"count": "tokens", "limit": MUCH, "per": "hour", "algorithm": "window"});
    let gateway = start(chats(target), &[rule(&tokens)]);
    let answer = Client::ask(gateway.address, &post(CHAT, "", BODY)).await;
    let left: u64 = answer.header("x-ratelimit-remaining-tokens").unwrap().parse().unwrap();
    MUCH - left
}

/// Each is taken to use its bound until its end, when it is known to have used four tokens. Nothing is used
/// beyond a limit.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_pass_of_every_kind_of_limit_of_tokens() {
    const USED: u64 = 4;
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    let guess = guess(&target).await;
    assert!(guess > 10, "input and bound: {guess}");
    let limit = 50 * guess;
    let own =
        rule(&json!({"count": "tokens", "limit": limit, "per": "hour", "algorithm": "window"}));
    let cost =
        rule(&json!({"count": "cost", "cost": "input_tokens + output_tokens", "limit": limit,
        "per": "hour", "algorithm": "window"}));
    let apisix = json!({"plugin": "ai-rate-limiting", "config":
        {"limit": limit, "time_window": 3_600, "rejected_code": 429}});
    for (what, plugin) in [("tokens", own), ("cost", cost), ("ai-rate-limiting", apisix)] {
        let gateway = start(chats(&target), &[plugin]);
        let request = post(CHAT, "", BODY);
        assert_eq!(passed(&gateway, &target, &request, CALLERS).await, 50, "{what}");
        let left = limit - 50 * USED;
        let expected = usize::try_from(left / guess).unwrap().min(CALLERS);
        let again = passed(&gateway, &target, &request, CALLERS).await;
        assert_eq!(again, expected, "{what}: what was guessed too much is there again");
    }
}

fn fifty() -> Value {
    rule(&json!({"limit": 50, "per": "hour", "algorithm": "window"}))
}

/// Fifty pass of requests to each front.
async fn of_every_front(streams: bool) {
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    let fifty = fifty();
    let messages = json!([{"role": "user", "content": "hi"}]);
    for (plugin, path, mut body) in [
        ("openai-chat-completions", CHAT, json!({"messages": messages})),
        (
            "anthropic-messages",
            "/v1/messages",
            json!({"model": "m", "max_tokens": 9, "messages": messages}),
        ),
        ("openai-responses", "/v1/responses", json!({"model": "m", "input": "hi"})),
        ("openai-completions", "/v1/completions", json!({"model": "m", "prompt": "hi"})),
    ] {
        body["stream"] = json!(streams);
        let provider = provider(&target.upstream, &json!({}));
        let documents = llm::documents(plugin, "providers", vec![provider]);
        let gateway = start(documents, std::slice::from_ref(&fifty));
        let request = post(path, "", &body.to_string());
        assert_eq!(passed(&gateway, &target, &request, CALLERS).await, 50, "{path} {streams}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pass_of_requests_to_every_front() {
    of_every_front(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pass_of_streams_of_every_front() {
    of_every_front(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pass_of_embeddings() {
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    let base = format!("http://{}/v1", target.upstream.address);
    let model = json!({"id": "e", "name": "e", "provider": "openai-compatible",
        "config": {"connection": {"base_url": base}, "options": {"model": "m"}}});
    let documents = llm::documents("openai-embeddings", "embedding-models", vec![model]);
    let gateway = start(documents, &[fifty()]);
    let request = post("/v1/embeddings", "", r#"{"input":"hi"}"#);
    assert_eq!(passed(&gateway, &target, &request, CALLERS).await, 50);
}

//! Limits as callers meet them.

use serde_json::{Value, json};

use super::gateway::{Setting, route_to};
use super::llm::{ANSWER, CHAT, mock, post, provider, streamed, upstream, whole};
use super::*;
use sanmon_shared::clock::Clock;
use sanmon_shared::secret::HashedSecret;
use sanmon_shared::task::Tasks;

const BODY: &str = r#"{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}"#;

/// A route with these limits, whose protocol is asked at its usual path.
fn documents(rules: &Value, protocol: &str, provider: Value) -> Vec<(&'static str, Value)> {
    let refs = [provider["id"].clone()];
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "rate-limit", "config": {"rules": rules}},
        {"plugin": protocol, "config": {"refs": refs}}
    ]});
    vec![("providers", provider), ("routes", route)]
}

fn start(documents: Vec<(&'static str, Value)>) -> Gateway {
    Gateway::start(Setting { documents, ..Setting::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_headers_are_in_the_dialect_of_the_caller() {
    let rules = json!([
        {"limit": 1, "per": 10, "algorithm": "window"},
        {"count": "tokens", "limit": 1_000, "per": "hour", "algorithm": "window"}
    ]);
    let gateway = start(documents(&rules, "openai-chat-completions", mock("m", &json!({}))));
    let first = Client::ask(gateway.address, &post(CHAT, "", BODY)).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.header("x-ratelimit-limit-requests"), Some("1"));
    assert_eq!(first.header("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(first.header("x-ratelimit-limit-tokens"), Some("1000"));
    let second = Client::ask(gateway.address, &post(CHAT, "", BODY)).await;
    assert_eq!(second.status, 429);
    assert_eq!(
        second.json(),
        json!({"error": {
            "message": "the limit of 1 requests per 10 seconds is reached",
            "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded"
        }})
    );
    assert!(second.header("retry-after").unwrap().parse::<u64>().unwrap() <= 10);
    assert_eq!(second.header("x-should-retry"), None);

    let rules = json!([{"limit": 1, "per": "day", "algorithm": "window"}]);
    let gateway = start(documents(&rules, "anthropic-messages", mock("m", &json!({}))));
    let request = post("/v1/messages", "", BODY);
    let first = Client::ask(gateway.address, &request).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.header("anthropic-ratelimit-requests-remaining"), Some("0"));
    assert!(first.header("anthropic-ratelimit-requests-reset").unwrap().ends_with("T00:00:00Z"));
    let second = Client::ask(gateway.address, &request).await;
    assert_eq!((second.status, &second.json()["error"]["type"]), (429, &"rate_limit_error".into()));
    // Until tomorrow no client library has to try again.
    assert_eq!(second.header("x-should-retry"), Some("false"));
    assert!(second.header("retry-after").unwrap().parse::<u64>().unwrap() <= 86_400);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_tell_their_limits_and_quotas_that_no_retry_helps_in_every_dialect() {
    let rules = json!([{"limit": 1, "per": "day", "algorithm": "window"}]);
    let chat = json!({"max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let (openai, input) = ("x-ratelimit-remaining-requests", json!({"input": "hi"}));
    for (protocol, path, body, remaining) in [
        ("openai-chat-completions", CHAT, &chat, openai),
        ("openai-completions", "/v1/completions", &json!({"prompt": "hi"}), openai),
        ("openai-responses", "/v1/responses", &input, openai),
        ("open-responses", "/v1/responses", &input, openai),
        ("anthropic-messages", "/v1/messages", &chat, "anthropic-ratelimit-requests-remaining"),
    ] {
        let mut body = body.clone();
        (body["model"], body["stream"]) = (json!("m"), json!(true));
        let request = post(path, "", &body.to_string());
        let gateway = start(documents(&rules, protocol, mock("m", &json!({}))));
        let first = Client::ask(gateway.address, &request).await;
        assert_eq!(first.status, 200, "{protocol}: {}", first.body);
        let kind = first.header("content-type").unwrap();
        assert!(kind.starts_with("text/event-stream"), "{protocol}: {kind}");
        assert_eq!(first.header(remaining), Some("0"), "{protocol}");
        let second = Client::ask(gateway.address, &request).await;
        assert_eq!(second.status, 429, "{protocol}: {}", second.body);
        assert_eq!(second.header(remaining), Some("0"), "{protocol}");
        assert_eq!(second.header("x-should-retry"), Some("false"), "{protocol}");
        assert!(second.header("retry-after").is_some(), "{protocol}");
    }
    // Where nobody speaks a dialect.
    let tasks = Tasks::default();
    let target =
        Upstream::start(&tasks, |mut call, _| async move { call.answer("hello").await }).await;
    let mut route = route_to(target.address);
    let limited = json!({"plugins": [{"plugin": "rate-limit", "config": {"rules": rules}}]});
    super::llm::patch(&mut route, &limited);
    let gateway = start(vec![("routes", route)]);
    let request = request("GET", "/a", "");
    let first = Client::ask(gateway.address, &request).await;
    assert_eq!(first.status, 200);
    assert!(first.header("ratelimit").unwrap().contains("r=0"));
    let second = Client::ask(gateway.address, &request).await;
    assert_eq!((second.status, second.header("x-should-retry")), (429, Some("false")));
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_of_a_key_limit_its_calls_whatever_they_are_for() {
    let tasks = Tasks::default();
    let target =
        Upstream::start(&tasks, |mut call, _| async move { call.answer("hello").await }).await;
    let key = |id: &str, more: Value| {
        let stored = HashedSecret::store(id, &format!("secret-{id}"), None);
        let mut key = json!({"clientId": id, "clientSecret": stored,
            "authorizedEntities": ["route_llm", "route_r1"]});
        super::llm::patch(&mut key, &more);
        ("apikeys", key)
    };
    let mut forwarded = route_to(target.address);
    super::llm::patch(
        &mut forwarded,
        &json!({"frontend": {"domains": ["gateway.test/files"]}, "plugins": [{"plugin": "apikeys"}]}),
    );
    let llm = json!({"id": "llm", "frontend": {"domains": ["gateway.test/llm"]}, "plugins": [
        {"plugin": "apikeys"},
        {"plugin": "openai-api", "config": {"refs": ["m"]}}
    ]});
    let gateway = Gateway::start(Setting {
        documents: vec![
            ("providers", mock("m", &json!({}))),
            ("routes", forwarded),
            ("routes", llm),
            key("free", json!({})),
            key("slow", json!({"throttlingQuota": 3})),
            key("daily", json!({"dailyQuota": 3, "monthlyQuota": 1_000_000})),
        ],
        // 2026-11-21T18:00:00Z
        clock: Clock::manual(1_795_284_000_000),
        ..Setting::default()
    });
    let with =
        |id: &str| format!("otoroshi-client-id: {id}\r\notoroshi-client-secret: secret-{id}\r\n");
    for (id, expected) in [("free", 200), ("slow", 429), ("daily", 429)] {
        let headers = with(id);
        let calls = [
            request("GET", "/files/a", &headers),
            post("/llm/v1/chat/completions", &headers, BODY),
            request("GET", "/llm/v1/models", &headers),
        ];
        for call in &calls {
            let answer = Client::ask(gateway.address, call).await;
            assert_eq!(answer.status, 200, "{id}: {call}: {}", answer.body);
        }
        for call in &calls {
            let answer = Client::ask(gateway.address, call).await;
            assert_eq!(answer.status, expected, "{id}: {call}: {}", answer.body);
            let final_ = (id == "daily").then_some("false");
            assert_eq!(answer.header("x-should-retry"), final_, "{id}: {call}");
        }
    }
    // Tomorrow is another day.
    gateway.shared.clock.advance(6 * 3_600 * 1_000);
    let call = request("GET", "/files/a", &with("daily"));
    let answer = Client::ask(gateway.address, &call).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("ratelimit"),
        Some("\"requests\";r=2;t=86400, \"requests\";r=999996;t=777600")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_count_what_they_used_also_when_their_caller_hangs_up() {
    let tasks = Tasks::default();
    let rules =
        json!([{"count": "output_tokens", "limit": 1_000, "per": "hour", "algorithm": "window"}]);
    let delta = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":20,\"total_tokens\":23}}\n\n";
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let pieces = [&*delta("a"), end, usage, "data: [DONE]\n\n"];
    let server = upstream(&tasks, streamed(&pieces)).await;
    let documents = documents(&rules, "openai-chat-completions", provider(&server, &json!({})));
    let gateway = start(documents);
    let stream = BODY.replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\"");
    let answer = Client::ask(gateway.address, &post(CHAT, "", &stream)).await;
    assert!(answer.complete && answer.status == 200, "{}", answer.body);
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("990"), "the guess: its bound");
    gateway.shared.idle_now().await;
    let answer = Client::ask(gateway.address, &post(CHAT, "", &stream)).await;
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("970"), "the use: twenty");

    // An upstream that never ends: what came counts.
    let first = delta("one two three four");
    let server = Upstream::start(&tasks, move |mut call, _| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let text = format!("{head}{:x}\r\n{first}\r\n", first.len());
        async move {
            call.say(&text).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let gateway =
        start(self::documents(&rules, "openai-chat-completions", provider(&server, &json!({}))));
    let bounded = stream.replace("\"max_tokens\":10", "\"max_tokens\":700");
    let mut caller = Client::connect(gateway.address).await;
    caller.send(&post(CHAT, "", &bounded)).await;
    let said = caller.until("three").await;
    assert!(said.contains("x-ratelimit-remaining-tokens: 300"), "{said}");
    drop(caller);
    gateway.shared.idle_now().await;
    let mut caller = Client::connect(gateway.address).await;
    caller.send(&post(CHAT, "", &bounded)).await;
    let said = caller.until("three").await;
    let expected = 1_000 - 700 - "one two three four".len().div_ceil(4);
    assert!(said.contains(&format!("x-ratelimit-remaining-tokens: {expected}")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_messages_completions_and_embeddings_count() {
    let rules =
        json!([{"count": "tokens", "limit": 100_000, "per": "hour", "algorithm": "window"}]);
    for (protocol, path, body) in [
        ("openai-responses", "/v1/responses", json!({"model": "m", "input": "hi"})),
        ("openai-completions", "/v1/completions", json!({"model": "m", "prompt": "hi"})),
        (
            "openai-chat-completions",
            CHAT,
            json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
        ),
        ("openai-embeddings", "/v1/embeddings", json!({"model": "m", "input": "hi"})),
    ] {
        let mut documents = documents(&rules, protocol, mock("m", &json!({})));
        if protocol == "openai-embeddings" {
            documents.remove(0);
            documents
                .push(("embedding-models", json!({"id": "m", "name": "m", "provider": "mock"})));
        }
        let gateway = start(documents);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let answer = Client::ask(gateway.address, &post(path, "", &body.to_string())).await;
            assert_eq!(answer.status, 200, "{protocol}: {}", answer.body);
            let left = answer.header("x-ratelimit-remaining-tokens").unwrap();
            seen.push(left.parse::<u64>().unwrap());
            gateway.shared.idle_now().await;
        }
        let [guessed, both] = [seen[0], seen[1]].map(|left| 100_000 - left);
        assert!(both >= 2, "{protocol}: what was used counts: {seen:?}");
        let corrected = both < guessed || protocol == "openai-embeddings";
        assert!(corrected, "{protocol}: the guess of the output was corrected: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_given_back_when_a_stream_ends_or_its_caller_does() {
    let tasks = Tasks::default();
    let server = Upstream::start(&tasks, |mut call, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
        call.say(&format!("{head}{:x}\r\n{event}\r\n", event.len())).await;
        std::future::pending::<()>().await;
    })
    .await;
    let rules = json!([{"count": "concurrency", "limit": 1}]);
    let gateway =
        start(documents(&rules, "openai-chat-completions", provider(&server, &json!({}))));
    let stream = post(CHAT, "", &BODY.replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\""));
    for _ in 0..3 {
        let mut caller = Client::connect(gateway.address).await;
        caller.send(&stream).await;
        caller.until("data:").await;
        let refused = Client::ask(gateway.address, &stream).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
        drop(caller);
        gateway.shared.idle_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_limit_is_reached_is_passed_over() {
    let tasks = Tasks::default();
    let server = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let rules = json!([{"limit": 1, "per": "hour", "provider": "provider_1"}]);
    let first = provider(&server, &json!({"provider_fallback": "spare"}));
    let mut documents = documents(&rules, "openai-chat-completions", first);
    documents.push(("providers", mock("spare", &json!({}))));
    let gateway = start(documents);
    for (round, who) in [(1, "hi"), (2, "This is the mock"), (3, "This is the mock")] {
        let answer = Client::ask(gateway.address, &post(CHAT, "", BODY)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer = answer.json();
        let said = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(said.starts_with(who), "{round}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_changed_keeps_its_counters_by_its_id() {
    let rule =
        |limit: u64| json!([{"id": "mine", "limit": limit, "per": "hour", "algorithm": "window"}]);
    let first = start(documents(&rule(1), "openai-chat-completions", mock("m", &json!({}))));
    assert_eq!(Client::ask(first.address, &post(CHAT, "", BODY)).await.status, 200);
    assert_eq!(Client::ask(first.address, &post(CHAT, "", BODY)).await.status, 429);
    let next = start(documents(&rule(3), "openai-chat-completions", mock("m", &json!({}))));
    first.shared.live.swap(std::sync::Arc::clone(&next.shared.live.now()));
    let answer = Client::ask(first.address, &post(CHAT, "", BODY)).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, Some("1")));
}

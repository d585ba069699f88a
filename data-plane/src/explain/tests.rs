use sanmon_shared::clock::Clock;
use sanmon_shared::explain::{ExplainRequest, ExplainedWay, Explanation};
use sanmon_shared::secret::{HashedSecret, bearer};
use serde_json::{Value, json};

use super::dry::run;
use crate::snapshot::Snapshot;
use crate::snapshot::for_test::CONTEXT;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn documents() -> Vec<(&'static str, Value)> {
    let key = json!({"clientId": "one", "clientSecret": HashedSecret::store("one", SECRET, None),
        "clientName": "one", "authorizedEntities": ["route_chat"]});
    let route = json!({"id": "chat", "frontend": {"domains": ["api.test/v1"]}, "plugins": [
        {"plugin": "apikeys"},
        {"plugin": "openai-chat-completions", "config": {"refs": ["a"]}}]});
    let wide = json!({"id": "wide", "frontend": {"domains": ["api.test"]}, "plugins": [
        {"plugin": "openai-chat-completions", "config": {"refs": ["b"]}}]});
    let other = json!({"id": "puts", "frontend": {"domains": ["api.test/v1"], "methods": ["PUT"]},
        "plugins": []});
    let a = json!({"id": "a", "name": "a", "provider": "openai-compatible",
        "provider_fallback": "b", "options": {"model": "m"},
        "connection": {"base_url": "http://127.0.0.1:1/v1", "token": "sk-canary-1"}});
    let b = json!({"id": "b", "name": "b", "provider": "anthropic",
        "options": {"model": "claude-sonnet-4-5"},
        "connection": {"base_url": "http://127.0.0.1:1", "token": "sk-canary-2"}});
    vec![
        ("providers", b),
        ("providers", a),
        ("apikeys", key),
        ("routes", route),
        ("routes", wide),
        ("routes", other),
    ]
}

fn explain(request: &Value) -> Explanation {
    let snapshot = Snapshot::for_test(&documents(), &CONTEXT);
    let request: ExplainRequest = serde_json::from_value(request.clone()).unwrap();
    run(&snapshot, &request, &Clock::manual(0))
}

fn asks(key: Option<&str>) -> Value {
    let mut headers = json!({});
    if let Some(secret) = key {
        headers["authorization"] = json!(format!("Bearer {}", bearer("one", secret)));
    }
    json!({"host": "api.test", "path": "/v1/chat/completions", "headers": headers,
        "body": {"messages": [{"role": "user", "content": "hi"}], "seed": 7}})
}

#[tokio::test]
async fn a_request_is_followed_to_those_who_would_be_asked() {
    let told = explain(&asks(Some(SECRET)));
    assert!(told.refused.is_none(), "{told:?}");
    assert_eq!((told.route.as_deref(), told.key.as_deref()), (Some("chat"), Some("one")));
    let others: Vec<&str> = told.other_routes.iter().map(|other| &*other.route).collect();
    assert_eq!(others, ["wide", "puts"]);
    let plugins: Vec<&str> = told.plugins.iter().map(|plugin| &*plugin.plugin).collect();
    assert_eq!(plugins, ["apikeys", "apikeys", "openai-chat-completions"]);
    assert_eq!(told.provider.as_deref(), Some("a"));
    let [first, second] = &told.targets[..] else { panic!("{told:?}") };
    assert_eq!((&*first.provider, first.way), ("a", Some(ExplainedWay::Native)));
    assert_eq!((first.model.as_deref(), first.format.as_deref()), (Some("m"), Some("chat")));
    assert!(first.losses.is_empty() && first.refused.is_none());
    assert_eq!((&*second.provider, second.way), ("b", Some(ExplainedWay::Translated)));
    assert_eq!(second.model.as_deref(), Some("claude-sonnet-4-5"));
    assert!(second.losses.iter().any(|loss| loss.starts_with("seed")), "{second:?}");
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains("canary") && !text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn what_would_be_refused_says_so() {
    for (request, status) in [
        (asks(None), 401),
        (asks(Some("00000000000000000000000000000000")), 401),
        (json!({"host": "api.test", "path": "/v1/chat/completions", "method": "GET"}), 401),
        (json!({"host": "nobody.test", "path": "/"}), 404),
        (json!({"host": "api.test", "path": "no path"}), 400),
        (json!({"host": "api.test", "path": "/other", "body": {"stream": 1}}), 400),
        (json!({"host": "api.test", "path": "/other", "method": "GET"}), 405),
    ] {
        let told = explain(&request);
        let refused = told.refused.unwrap_or_else(|| panic!("{request}"));
        assert_eq!(refused.status, status, "{request}: {}", refused.message);
        assert!(told.targets.is_empty(), "{request}");
    }
}

#[tokio::test]
async fn a_pool_that_chooses_by_what_is_asked_says_so_and_asks_nobody() {
    let mut documents = documents();
    documents.push((
        "providers",
        json!({"id": "pool", "provider": "loadbalancer",
        "targets": [{"ref": "a", "examples": ["x"]}, {"ref": "b", "examples": ["y"]}],
        "balancing": {"algorithm": "semantic", "semantic": {
            "embedding_model": "embed", "fallback": "b"}}}),
    ));
    documents.push((
        "routes",
        json!({"id": "chosen", "frontend": {"domains": ["pool.test"]},
        "plugins": [{"plugin": "openai-chat-completions", "config": {"refs": ["pool"]}}]}),
    ));
    let snapshot = Snapshot::for_test(&documents, &CONTEXT);
    let mut request = asks(None);
    request["host"] = json!("pool.test");
    let request: ExplainRequest = serde_json::from_value(request).unwrap();
    let told = run(&snapshot, &request, &Clock::manual(0));
    let targets: Vec<&str> = told.targets.iter().map(|target| &*target.provider).collect();
    assert_eq!(targets, ["b", "a"], "the fallback, then the other");
    assert!(told.notes.len() == 1 && told.notes[0].contains("\"pool\""), "{:?}", told.notes);
}

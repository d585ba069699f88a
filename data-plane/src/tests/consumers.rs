//! Consumers: whose key it is, and the plugins that come with it.

use serde_json::{Value, json};

use super::llm::{ANSWER, CHAT, post, provider, sent, upstream, whole};
use super::*;
use crate::plane::AccessLog;
use gateway::Setting;
use sanmon_shared::secret::HashedSecret;
use sanmon_shared::task::Tasks;

/// A decorator that puts this text before every conversation.
fn says(text: &str) -> Value {
    json!({"plugin": "ai-prompt-decorator", "config": {
        "prepend": [{"role": "system", "content": text}]}})
}

fn key(id: &str, consumer: &str) -> (&'static str, Value) {
    let stored = HashedSecret::store(id, &format!("secret-{id}"), None);
    ("apikeys", json!({"clientId": id, "clientSecret": stored, "consumerRef": consumer}))
}

fn documents(upstream: &Upstream) -> Vec<(&'static str, Value)> {
    let chat = json!({"plugin": "openai-chat-completions", "config": {"refs": ["provider_1"]}});
    let global = json!({"id": "g", "plugin": "prompt-context", "config": {"ref": "everybody"}});
    let everybody = json!({"id": "everybody", "pre_messages": [
        {"role": "system", "content": "global"}]});
    vec![
        ("providers", provider(upstream, &json!({}))),
        ("prompt-contexts", everybody),
        ("global-plugins", global),
        (
            "services",
            json!({"id": "s", "domains": [], "plugins": [
            {"plugin": "key-auth"}, says("service"), chat]}),
        ),
        (
            "routes",
            json!({"id": "own", "service_ref": "s", "frontend": {"domains": ["/own"]},
            "plugins": [says("route")]}),
        ),
        ("routes", json!({"id": "plain", "service_ref": "s", "frontend": {"domains": ["/plain"]}})),
        ("consumer-groups", json!({"id": "team", "plugins": [says("group")]})),
        ("consumers", json!({"id": "ann", "group_ref": "team", "plugins": [says("ann")]})),
        ("consumers", json!({"id": "bob", "group_ref": "team"})),
        ("consumers", json!({"id": "cid"})),
        ("consumers", json!({"id": "off", "enabled": false})),
        ("consumers", json!({"id": "lost", "group_ref": "deleted"})),
        key("a", "ann"),
        key("b", "bob"),
        key("c", "cid"),
        key("d", "off"),
        key("e", "lost"),
        key("f", "deleted"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strongest_source_of_a_plugin_wins_whole() {
    let tasks = Tasks::default();
    let answer = whole("200 OK", "application/json", "", ANSWER);
    let mut upstream = upstream(&tasks, answer).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let gateway = Gateway::start(Setting {
        documents: documents(&upstream),
        log: AccessLog::File(log.clone()),
        ..Setting::default()
    });
    let body = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    for (path, key, expected) in [
        ("/own", "a", "ann"),
        ("/own", "b", "group"),
        ("/own", "c", "route"),
        ("/plain", "a", "ann"),
        ("/plain", "b", "group"),
        ("/plain", "c", "service"),
    ] {
        let headers = format!("apikey: secret-{key}\r\n");
        let request = post(&format!("{path}{CHAT}"), &headers, body);
        let answer = Client::ask(gateway.address, &request).await;
        assert_eq!(answer.status, 200, "{path} {key}: {}", answer.body);
        let seen = upstream.saw().await;
        assert!(!seen.contains("secret-"), "{seen}");
        let messages = sent(&seen)["messages"].clone();
        let contents: Vec<&str> =
            messages.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
        assert_eq!(contents, ["global", expected, "hi"], "{path} {key}");
    }
    for (key, status, code) in [
        ("d", 401, "invalid_api_key"),
        ("e", 503, "reference_missing"),
        ("f", 503, "reference_missing"),
        ("z", 401, "invalid_api_key"),
    ] {
        let headers = format!("apikey: secret-{key}\r\n");
        let answer = Client::ask(gateway.address, &post("/own/x", &headers, body)).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)));
        let challenge = (status == 401).then_some("apikey realm=\"key\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    let lines = gateway.stop(&log).await;
    let told = |index: usize| (lines[index]["key"].clone(), lines[index]["consumer"].clone());
    assert_eq!(told(0), ("a".into(), "ann".into()));
    assert_eq!(told(6), ("d".into(), "off".into()));
    assert_eq!(told(9), (Value::Null, Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_speak_of_the_consumer() {
    let tasks = Tasks::default();
    let answer = whole("200 OK", "application/json", "", ANSWER);
    let mut upstream = upstream(&tasks, answer).await;
    let prompt = "${consumer.id} ${consumer.name} ${consumer.metadata.plan} ${apikey.id}";
    let gateway = Gateway::start(Setting {
        documents: vec![
            ("providers", provider(&upstream, &json!({}))),
            ("consumers", json!({"id": "ann", "name": "Ann", "metadata": {"plan": "gold"}})),
            key("a", "ann"),
            (
                "routes",
                json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
                    {"plugin": "key-auth", "config": {"query": "key", "hide_credentials": true}},
                    {"plugin": "llm-response", "config": {"ref": "provider_1", "prompt": prompt}}
                ]}),
            ),
        ],
        ..Setting::default()
    });
    let answer = Client::ask(gateway.address, &request("GET", "/?key=secret-a", "")).await;
    assert_eq!(answer.status, 200);
    let messages = sent(&upstream.saw().await)["messages"].clone();
    assert_eq!(messages[0]["content"], "ann Ann gold a");
}

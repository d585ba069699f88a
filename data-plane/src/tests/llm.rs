//! What tests of LLM endpoints share: documents, requests, and upstreams with a fixed answer.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use sanmon_shared::task::Tasks;

pub(super) const CHAT: &str = "/v1/chat/completions";
pub(super) const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

/// The targets of a plugin, and a route whose plugin answers from them, the first being the default.
pub(super) fn documents(
    plugin: &str,
    plural: &'static str,
    targets: Vec<Value>,
) -> Vec<(&'static str, Value)> {
    let refs: Vec<&Value> = targets.iter().map(|target| &target["id"]).collect();
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": plugin, "config": {"refs": refs}}
    ]});
    let targets = targets.into_iter().map(|target| (plural, target));
    targets.chain([("routes", route)]).collect()
}

/// A provider at an upstream of a test.
pub(super) fn provider(upstream: &Upstream, more: &Value) -> Value {
    let mut document = json!({
        "id": "provider_1", "name": "My OpenAI", "provider": "openai-compatible",
        "connection": {"base_url": format!("http://{}/v1", upstream.address)},
        "options": {"model": "default-model"}
    });
    patch(&mut document, more);
    document
}

pub(super) fn patch(document: &mut Value, more: &Value) {
    if let (Value::Object(document), Value::Object(more)) = (&mut *document, more) {
        for (name, value) in more {
            patch(document.entry(name.clone()).or_insert(Value::Null), value);
        }
    } else {
        *document = more.clone();
    }
}

pub(super) fn mock(id: &str, more: &Value) -> Value {
    let mut document = json!({"id": id, "name": id, "provider": "mock"});
    patch(&mut document, more);
    document
}

pub(super) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let headers =
        format!("content-type: application/json\r\ncontent-length: {length}\r\n{headers}");
    request("POST", path, &headers) + body
}

/// An upstream that answers `head` and `body` to everything.
pub(super) async fn upstream(tasks: &Tasks, answer: String) -> Upstream {
    Upstream::start(tasks, move |mut call, _| {
        let answer = answer.clone();
        async move { call.say(&answer).await }
    })
    .await
}

/// An answer of an upstream that answers once per connection, and says so: a connection that is used
/// again would break.
pub(super) fn whole(status: &str, kind: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// A stream of these pieces, each a chunk of its own, that ends as it should.
pub(super) fn streamed(pieces: &[&str]) -> String {
    let mut text =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_owned();
    for piece in pieces {
        let _ = write!(text, "{:x}\r\n{piece}\r\n", piece.len());
    }
    text + "0\r\n\r\n"
}

pub(super) fn sent(seen: &str) -> Value {
    serde_json::from_str(seen.split_once("\r\n\r\n").unwrap().1).unwrap()
}

//! Translations between every protocol and upstreams of every dialect: what an application sees of them
//! with the official client libraries (`scripts/test-clients` has more clients), and when.

use std::time::Duration;

use sanmon_tests::client::Events;
use sanmon_tests::clients::{Client, Gateway};
use sanmon_tests::upstream::dialect::Dialect;
use sanmon_tests::upstream::script::Script;
use sanmon_tests::upstream::{Fate, Gate, Reply};
use sanmon_tests::wait::SOON;
use serde_json::{Value, json};

async fn content(client: Client) {
    let gateway = Gateway::start().await;
    if let Err(said) = client.run(&gateway).await {
        panic!("{said}");
    }
    // Every call that a client left is over, and no credential of a caller has travelled.
    let requests = gateway.upstream().requests();
    assert!(requests.len() > 50, "{}", requests.len());
    for request in &requests {
        request.end(Duration::from_secs(10)).await;
        let mut values = request.headers.values();
        assert!(!values.any(|value| value.as_bytes().ends_with(gateway.key().as_bytes())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_python() {
    content(Client::OpenAiPython).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openai_library_for_node() {
    content(Client::OpenAiNode).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_library_for_python() {
    content(Client::AnthropicPython).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_anthropic_library_for_node() {
    content(Client::AnthropicNode).await;
}

/// What asks each protocol for a stream, and what one of its last events says.
fn protocols(model: &str) -> [(&'static str, Value, &'static str); 3] {
    let messages = json!([{"role": "user", "content": "hello"}]);
    [
        (
            "/v1/chat/completions",
            json!({"model": model, "stream": true, "messages": messages}),
            "[DONE]",
        ),
        (
            "/v1/messages",
            json!({"model": model, "stream": true, "max_tokens": 64, "messages": messages}),
            "message_stop",
        ),
        (
            "/v1/responses",
            json!({"model": model, "stream": true, "input": "hello"}),
            "response.completed",
        ),
    ]
}

async fn ask(gateway: &Gateway, path: &str, body: &Value) -> Events {
    let request = gateway.caller().request("POST", path);
    let request = request.header("content-type", "application/json").body(body.to_string());
    Events::of(request.send().await.unwrap())
}

/// The upstream says half of it, and the rest when the gate opens.
fn half_and_half(gateway: &Gateway, gate: &Gate) {
    let gate = gate.clone();
    gateway.upstream().script(move |request| {
        let script = Script::text("the sea is blue today");
        let (head, pieces) = Dialect::of(request).unwrap().pieces(request, &script);
        let (first, rest) = pieces.split_at(pieces.len() / 2);
        let first = first.iter().fold(head, Reply::chunk).wait(&gate);
        rest.iter().fold(first, Reply::chunk).end_chunks()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn translated_streams_come_as_they_are_made() {
    let gateway = Gateway::start().await;
    for dialect in Dialect::ALL {
        for (path, body, last) in protocols(&format!("{}/text", dialect.name())) {
            let place = format!("{path} over {}", dialect.name());
            let gate = Gate::default();
            half_and_half(&gateway, &gate);
            let mut events = ask(&gateway, path, &body).await;
            assert_eq!(events.status, 200, "{place}");
            let mut seen = String::new();
            while !seen.contains("sea ") {
                seen += &events.next().await.unwrap_or_else(|| panic!("{place}: {seen}"));
            }
            assert!(!seen.contains("today"), "{place}");
            gate.open();
            let rest = events.rest().await;
            let rest = rest.concat();
            assert!(rest.contains("today") && rest.contains(last), "{place}: {rest}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstream_learns_that_the_caller_of_a_translated_stream_has_left() {
    let gateway = Gateway::start().await;
    let never = Gate::default();
    for dialect in Dialect::ALL {
        for (path, body, _) in protocols(&format!("{}/text", dialect.name())) {
            half_and_half(&gateway, &never);
            let mut events = ask(&gateway, path, &body).await;
            events.next().await.unwrap();
            drop(events);
            let end = gateway.upstream().last().end(SOON).await;
            assert_eq!(end, Fate::HungUp, "{path} over {}", dialect.name());
        }
    }
}

//! Chats whose provider speaks another format.

use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, CHAT, patch, post, sent, streamed, upstream, whole};
use super::*;
use crate::limits::Limits;
use crate::plane::AccessLog;
use crate::upstream::Egress;
use sanmon_shared::task::Tasks;

const ANSWER: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":1}}"#;

/// A provider of the kind `anthropic` at an upstream of a test.
fn claude(upstream: &Upstream, more: &Value) -> Value {
    let mut document = json!({
        "id": "provider_1", "name": "claude", "provider": "anthropic",
        "connection": {"base_url": format!("http://{}", upstream.address)},
        "options": {"model": "claude-sonnet-4-5"}
    });
    patch(&mut document, more);
    document
}

fn gateway(provider: Value) -> Gateway {
    gateway_with(provider, Setting::default())
}

fn gateway_with(provider: Value, setting: Setting) -> Gateway {
    let documents = llm::documents("openai-chat-completions", "providers", vec![provider]);
    Gateway::start(Setting { documents, ..setting })
}

async fn ask(gateway: &Gateway, body: &Value) -> Answer {
    Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await
}

fn hello(more: &Value) -> Value {
    let mut body =
        json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hello"}]});
    patch(&mut body, more);
    body
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn start() -> String {
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [], "stop_reason": null, "usage": {"input_tokens": 3, "output_tokens": 1}});
    event("message_start", &json!({"type": "message_start", "message": message}))
}

fn says(text: &str) -> String {
    let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
    let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    event("content_block_start", &block) + &event("content_block_delta", &delta)
}

fn ends() -> String {
    let delta = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"output_tokens": 2}});
    event("content_block_stop", &json!({"type": "content_block_stop", "index": 0}))
        + &event("message_delta", &delta)
        + &event("message_stop", &json!({"type": "message_stop"}))
}

fn chunks(body: &str) -> Vec<Value> {
    let data = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_reaches_a_provider_of_another_format_and_its_answer_comes_back() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let log = AccessLog::File(path.clone());
    let gateway =
        gateway_with(claude(&upstream, &json!({})), Setting { log, ..Setting::default() });
    let got =
        ask(&gateway, &hello(&json!({"seed": 7, "max_tokens": 9, "provider": "claude"}))).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let answer = got.json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["choices"][0]["message"]["content"], "hi");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["prompt_tokens"], 5);
    assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
    assert_eq!(got.header("x-sanmon-fidelity"), Some("dropped=seed"));
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_ascii_lowercase().contains("anthropic-version: "), "{seen}");
    let sent = sent(&seen);
    assert_eq!(sent["max_tokens"], 9);
    assert_eq!(sent["messages"][0]["role"], "user");
    assert_eq!((sent.get("provider"), sent.get("seed")), (None, None));
    let lines = gateway.stop(&path).await;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["fidelity"], "dropped=seed");
    assert_eq!(line["input_tokens"], 5);
    assert_eq!(line["provider"], "provider_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_fidelity_refuses_what_cannot_be_carried() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let gateway = gateway(claude(&upstream, &json!({"fidelity": "strict"})));
    let got = ask(&gateway, &hello(&json!({"seed": 7, "logit_bias": {"1": 2}}))).await;
    assert_eq!(got.status, 400);
    let error = got.json()["error"].clone();
    assert_eq!(error["code"], "unsupported_by_provider");
    let text = error["message"].as_str().unwrap();
    assert!(text.contains("seed") && text.contains("logit_bias"), "{text}");
    assert_eq!(ask(&gateway, &hello(&json!({}))).await.status, 200);
    // Labels say nothing to the model.
    let labelled = ask(&gateway, &hello(&json!({"metadata": {"team": "a"}}))).await;
    assert_eq!(labelled.status, 200, "{}", labelled.body);
    assert_eq!(labelled.header("x-sanmon-fidelity"), Some("dropped=metadata"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_faked_is_refused() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let gateway = gateway(claude(&upstream, &json!({})));
    let got = ask(&gateway, &hello(&json!({"n": 2}))).await;
    assert_eq!((got.status, &got.json()["error"]["param"]), (400, &json!("n")));
    let got = ask(&gateway, &json!({"model": "claude", "messages": "hello"})).await;
    assert_eq!(got.status, 400, "{}", got.body);
    assert_eq!(got.json()["error"]["param"], "messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_a_model_refuses_are_dropped_refused_or_passed() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let body = hello(&json!({"model": "claude-opus-4-7", "temperature": 0.5}));
    for (policy, status, arrives) in
        [("drop", 200, false), ("error", 400, false), ("pass", 200, true)]
    {
        let gateway = gateway(claude(&upstream, &json!({"parameters": policy})));
        let got = ask(&gateway, &body).await;
        assert_eq!(got.status, status, "{policy}: {}", got.body);
        if status == 200 {
            let sent = sent(&upstream.saw().await);
            assert_eq!(sent.get("temperature").is_some(), arrives, "{policy}");
        } else {
            assert_eq!(got.json()["error"]["param"], "temperature");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_keep_their_status_in_the_callers_format() {
    let tasks = Tasks::default();
    let error =
        |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "no"}}).to_string();
    for (status, kind, told) in [
        ("429 Slow", "rate_limit_error", 429),
        ("401 No", "authentication_error", 401),
        ("529 Busy", "overloaded_error", 503),
        ("500 Oh", "api_error", 500),
        ("400 Bad", "invalid_request_error", 400),
        ("200 OK", "rate_limit_error", 429),
    ] {
        let answer = whole(status, "application/json", "retry-after: 3\r\n", &error(kind));
        let upstream = upstream(&tasks, answer).await;
        let gateway = gateway(claude(&upstream, &json!({})));
        let got = ask(&gateway, &hello(&json!({}))).await;
        assert_eq!(got.status, told, "{status}: {}", got.body);
        assert_eq!(got.header("retry-after"), Some("3"), "{status}");
        let error = got.json()["error"].clone();
        assert!(error["message"].is_string() && error["type"].is_string(), "{}", got.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_translated_as_it_comes() {
    let tasks = Tasks::default();
    let upstream = upstream(
        &tasks,
        streamed(&[&start(), &says("Hel"), &event("ping", &json!({"type": "ping"})), &ends()]),
    )
    .await;
    let gateway = gateway(claude(&upstream, &json!({})));
    let body = hello(&json!({"stream": true, "stream_options": {"include_usage": true}}));
    let got = ask(&gateway, &body).await;
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
    assert!(got.complete && got.body.ends_with("data: [DONE]\n\n"), "{}", got.body);
    let chunks = chunks(&got.body);
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "Hel");
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_before_its_content_has_a_status() {
    let tasks = Tasks::default();
    let busy = event(
        "error",
        &json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
    );
    let html = whole("200 OK", "text/html", "", "<html>");
    for (answer, status) in [
        (streamed(&[&start(), &busy]), 503),
        (streamed(&[&start()]), 502),
        (streamed(&[]), 502),
        (html, 502),
    ] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let gateway = gateway(claude(&upstream, &json!({})));
        let got = ask(&gateway, &hello(&json!({"stream": true}))).await;
        assert_eq!(got.status, status, "{answer} {}", got.body);
        assert!(got.json()["error"]["message"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_in_its_midst_ends_with_an_event() {
    let tasks = Tasks::default();
    let busy = event(
        "error",
        &json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
    );
    let begun = streamed(&[&start(), &says("a")]);
    let broken = begun.strip_suffix("0\r\n\r\n").unwrap().to_owned();
    for answer in [streamed(&[&start(), &says("a"), &busy]), begun, broken] {
        let upstream = upstream(&tasks, answer.clone()).await;
        let gateway = gateway(claude(&upstream, &json!({})));
        let got = ask(&gateway, &hello(&json!({"stream": true}))).await;
        assert_eq!((got.status, got.complete), (200, true));
        let chunks = chunks(&got.body);
        assert!(chunks.last().unwrap()["error"]["message"].is_string(), "{answer} {}", got.body);
        assert!(!got.body.contains("[DONE]"), "{}", got.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_reasoning_of_a_tool_loop_comes_back_though_the_client_loses_it() {
    let tasks = Tasks::default();
    let asks = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "thinking", "thinking": "hm", "signature": "proof"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 1}});
    let mut upstream =
        upstream(&tasks, whole("200 OK", "application/json", "", &asks.to_string())).await;
    let gateway = gateway(claude(&upstream, &json!({})));
    let tools =
        json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let first = ask(&gateway, &hello(&json!({"tools": tools}))).await;
    upstream.saw().await;
    let call = first.json()["choices"][0]["message"]["tool_calls"][0].clone();
    assert_eq!(call["function"]["name"], "f");
    let again = json!({"model": "claude-sonnet-4-5", "tools": tools, "messages": [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": call["id"], "type": "function", "function": call["function"]}]},
        {"role": "tool", "tool_call_id": call["id"], "content": "1"}
    ]});
    assert_eq!(ask(&gateway, &again).await.status, 200);
    let sent = sent(&upstream.saw().await);
    let content = &sent["messages"][1]["content"];
    assert_eq!(content[0], json!({"type": "thinking", "thinking": "hm", "signature": "proof"}));
    assert_eq!(content[1]["type"], "tool_use");
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_fetched_for_providers_that_take_bytes_and_from_public_places_only() {
    let tasks = Tasks::default();
    let picture = upstream(&tasks, whole("200 OK", "image/gif", "", "GIF89a-picture")).await;
    let said = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "a gate"}]},
        "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}});
    let mut gemini =
        upstream(&tasks, whole("200 OK", "application/json", "", &said.to_string())).await;
    let provider = json!({"id": "provider_1", "name": "gemini", "provider": "gemini",
        "connection": {"base_url": format!("http://{}/v1beta", gemini.address)},
        "options": {"model": "gemini-2.5-flash"}});
    let url = format!("http://{}/a.gif", picture.address);
    let body = json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]}]});
    let gateway = |fetches| {
        let limits = Limits { fetches, ..Limits::default() };
        gateway_with(provider.clone(), Setting { limits, ..Setting::default() })
    };
    let got = ask(&gateway(Egress::Configured), &body).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let seen = gemini.saw().await;
    assert!(
        seen.starts_with("POST /v1beta/models/gemini-2.5-flash:generateContent HTTP/1.1\r\n"),
        "{seen}"
    );
    let picture = &sent(&seen)["contents"][0]["parts"][1]["inlineData"];
    assert_eq!(*picture, json!({"mimeType": "image/gif", "data": "R0lGODlhLXBpY3R1cmU="}));
    let got = ask(&gateway(Egress::Public), &body).await;
    assert_eq!(got.status, 400, "{}", got.body);
}

//! Anthropic Messages, natively and over other formats.

use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, mock, patch, post, provider, sent, streamed, upstream, whole};
use super::*;
use crate::limits::Limits;
use sanmon_shared::task::Tasks;

const MESSAGES: &str = "/v1/messages";

const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-8","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1,"cache_read_input_tokens":2}}"#;

const STREAM: [&str; 3] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

fn gateway(providers: Vec<Value>) -> Gateway {
    gateway_with(providers, Limits::default())
}

fn gateway_with(providers: Vec<Value>, limits: Limits) -> Gateway {
    let documents = llm::documents("anthropic-messages", "providers", providers);
    Gateway::start(Setting { documents, limits, ..Setting::default() })
}

/// A provider that speaks the format itself.
fn anthropic(upstream: &Upstream, more: &Value) -> Value {
    let mut document = json!({
        "id": "claude", "name": "Claude", "provider": "anthropic",
        "connection": {"base_url": format!("http://{}", upstream.address)},
        "options": {"model": "claude-opus-4-8"}
    });
    patch(&mut document, more);
    document
}

async fn ask(gateway: &Gateway, body: &str) -> Answer {
    Client::ask(gateway.address, &post(MESSAGES, "anthropic-version: 2023-06-01\r\n", body)).await
}

const ASKED: &str = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const STREAMED: &str =
    r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

/// The data of each event, with its name where that is not the data's type.
fn events(body: &str) -> Vec<Value> {
    body.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name, format!("event: {}", data["type"].as_str().unwrap()));
            data
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_to_their_own_vendor_as_they_are_and_back() {
    let tasks = Tasks::default();
    let head = "request-id: req_up\r\nanthropic-organization-id: o\r\nanthropic-ratelimit-tokens-remaining: 1\r\n";
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", head, MESSAGE)).await;
    let gateway = gateway(vec![anthropic(&upstream, &json!({}))]);
    let body = "{ \"model\":\"claude-x\",\"max_tokens\":5,\n\"system\":[{\"type\":\"text\",\"text\":\"first\"},{\"type\":\"text\",\"text\":\"second\"}], \"messages\" : [{\"role\":\"user\",\"content\":\"h\\u00e9\"}], \"context_management\":{\"edits\":[1.0]}}";
    let headers = "x-api-key: mine\r\nauthorization: Bearer mine\r\nanthropic-version: 2026-10-21\r\nanthropic-beta: a,b\r\nanthropic-new: c\r\n";
    let asked = post("/v1/messages?beta=true", headers, body);
    let got = Client::ask(gateway.address, &asked).await;
    assert_eq!((got.status, &*got.body), (200, MESSAGE));
    assert_eq!(got.header("x-upstream-request-id"), Some("req_up"));
    assert_eq!(got.header("request-id"), got.header("x-request-id"));
    assert!(got.header("request-id").is_some());
    assert_eq!(got.header("anthropic-organization-id"), None);
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(body), "{seen}");
    let lower = seen.to_ascii_lowercase();
    for there in ["anthropic-version: 2026-10-21", "anthropic-beta: a,b", "anthropic-new: c"] {
        assert_eq!(lower.matches(there).count(), 1, "{seen}");
    }
    assert_eq!(lower.matches("anthropic-version").count(), 1, "{seen}");
    assert!(!lower.contains("mine"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_their_own_vendor_pass_byte_by_byte() {
    let tasks = Tasks::default();
    let upstream = upstream(&tasks, streamed(&STREAM)).await;
    let gateway = gateway(vec![anthropic(&upstream, &json!({}))]);
    let got = ask(&gateway, STREAMED).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body, STREAM.concat());
    assert!(got.complete);
    assert_eq!(got.header("content-type"), Some("text/event-stream"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_the_gateway_made_do_not_reach_the_vendor() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", MESSAGE)).await;
    let gateway = gateway(vec![anthropic(&upstream, &json!({}))]);
    let body = json!({"model": "m", "max_tokens": 5, "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sanmon.chat.x"},
            {"type": "text", "text": "b"}
        ]},
        {"role": "user", "content": "c"}
    ]});
    let got = ask(&gateway, &body.to_string()).await;
    assert_eq!(got.status, 200);
    let sent = sent(&upstream.saw().await);
    assert_eq!(
        sent["messages"][1],
        json!({"role": "assistant", "content": [{"type": "text", "text": "b"}]})
    );
    let lost = got.header("x-sanmon-fidelity").unwrap();
    assert!(lost.contains("messages.reasoning"), "{lost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_provider_answers_messages_whole() {
    let tasks = Tasks::default();
    let chat = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "I look.", "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
            {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ]}, "finish_reason": "tool_calls"}
    ], "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 6}}});
    let mut upstream =
        upstream(&tasks, whole("200 OK", "application/json", "", &chat.to_string())).await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    let body = json!({"model": "gpt", "max_tokens": 5, "system": "Be brief.",
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "any"}, "stop_sequences": ["END"],
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "r"}, {"type": "text", "text": "b"}]}
    ]});
    let got = ask(&gateway, &body.to_string()).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let answer = got.json();
    assert_eq!(
        answer["content"],
        json!([
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "call_2", "name": "f", "input": {}}
        ])
    );
    assert_eq!((&answer["type"], &answer["stop_reason"]), (&json!("message"), &json!("tool_use")));
    assert_eq!(answer["usage"]["input_tokens"], 4);
    assert_eq!(answer["usage"]["cache_read_input_tokens"], 6);
    assert!(answer["id"].as_str().unwrap().starts_with("msg_"));
    let seen = upstream.saw().await;
    assert!(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{seen}");
    assert!(!seen.to_ascii_lowercase().contains("anthropic-version"), "{seen}");
    let sent = sent(&seen);
    let roles: Vec<&str> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "user"]);
    assert_eq!(sent["tool_choice"], "required");
    assert_eq!(sent["stop"], json!(["END"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_provider_answers_messages_streamed() {
    let tasks = Tasks::default();
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        format!("data: {chunk}\n\n")
    };
    let call = |index: u32, more: Value| {
        let mut call = json!({"index": index});
        patch(&mut call, &more);
        chunk(json!({"tool_calls": [call]}), Value::Null)
    };
    let head = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": ""}});
    let more = |text: &str| json!({"function": {"arguments": text}});
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14}}\n\n";
    let pieces = [
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"reasoning_content": "hm"}), Value::Null),
        chunk(json!({"content": "I "}), Value::Null),
        chunk(json!({"content": "look."}), Value::Null),
        call(0, head("call_1")),
        call(0, more("{\"a\"")),
        call(1, head("call_2")),
        call(0, more(":1}")),
        call(1, more("{}")),
        chunk(json!({}), json!("tool_calls")),
        usage.to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ];
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let mut upstream = upstream(&tasks, streamed(&pieces)).await;
    let gateway = gateway(vec![provider(&upstream, &json!({}))]);
    let got = ask(&gateway, STREAMED).await;
    assert_eq!(got.status, 200);
    assert!(got.complete);
    assert_eq!(sent(&upstream.saw().await)["stream_options"]["include_usage"], true);
    let events = events(&got.body);
    let said: Vec<String> = events
        .iter()
        .map(|event| {
            let index = event["index"].as_u64().map_or(String::new(), |index| index.to_string());
            let inner = event["delta"]["type"].as_str().or(event["content_block"]["type"].as_str());
            format!("{} {index} {}", event["type"].as_str().unwrap(), inner.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        said,
        [
            "message_start  ",
            "content_block_start 0 thinking",
            "content_block_delta 0 thinking_delta",
            "content_block_delta 0 signature_delta",
            "content_block_stop 0 ",
            "content_block_start 1 text",
            "content_block_delta 1 text_delta",
            "content_block_delta 1 text_delta",
            "content_block_stop 1 ",
            "content_block_start 2 tool_use",
            "content_block_delta 2 input_json_delta",
            "content_block_delta 2 input_json_delta",
            "content_block_stop 2 ",
            "content_block_start 3 tool_use",
            "content_block_delta 3 input_json_delta",
            "content_block_stop 3 ",
            "message_delta  ",
            "message_stop  ",
        ]
    );
    let last = &events[events.len() - 2];
    assert_eq!(last["delta"]["stop_reason"], "tool_use");
    assert_eq!(
        (&last["usage"]["input_tokens"], &last["usage"]["output_tokens"]),
        (&json!(10), &json!(4))
    );
    assert!(events[0]["message"]["usage"]["input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_vendor_come_back_unchanged() {
    let tasks = Tasks::default();
    for (status, code) in
        [("400 Bad Request", 400), ("429 Too Many Requests", 429), ("529 Overloaded", 529)]
    {
        let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"prompt is too long: 9 > 8","details":null},"request_id":"req_up"}"#;
        let upstream =
            upstream(&tasks, whole(status, "application/json", "retry-after: 7\r\n", body)).await;
        let gateway = gateway(vec![anthropic(&upstream, &json!({}))]);
        let got = ask(&gateway, ASKED).await;
        assert_eq!((got.status, &*got.body), (code, body));
        assert_eq!(got.header("retry-after"), Some("7"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_others_are_told_in_the_words_of_the_format() {
    let tasks = Tasks::default();
    for (status, code, kind) in [
        ("400 Bad Request", 400, "invalid_request_error"),
        ("401 Unauthorized", 401, "authentication_error"),
        ("403 Forbidden", 403, "permission_error"),
        ("404 Not Found", 404, "not_found_error"),
        ("413 Payload Too Large", 413, "request_too_large"),
        ("422 Unprocessable", 400, "invalid_request_error"),
        ("429 Too Many Requests", 429, "rate_limit_error"),
        ("500 Internal Server Error", 500, "api_error"),
        ("503 Service Unavailable", 529, "overloaded_error"),
        ("504 Gateway Timeout", 504, "timeout_error"),
    ] {
        let body = r#"{"error":{"message":"no","type":"x","param":null,"code":null}}"#;
        let upstream =
            upstream(&tasks, whole(status, "application/json", "retry-after: 7\r\n", body)).await;
        let gateway = gateway(vec![provider(&upstream, &json!({}))]);
        for asked in [ASKED, STREAMED] {
            let got = ask(&gateway, asked).await;
            assert_eq!(got.status, code, "{status}");
            let answer = got.json();
            assert_eq!(answer["type"], "error");
            assert_eq!(answer["error"], json!({"type": kind, "message": "no"}), "{status}");
            assert_eq!(answer["request_id"], got.header("request-id").unwrap());
            assert_eq!(got.header("retry-after"), Some("7"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_gateway_are_told_in_the_words_of_the_format() {
    let gateway = gateway(vec![mock("mock", &json!({"models": {"include": ["m"]}}))]);
    for (body, status, kind) in [
        ("{", 400, "invalid_request_error"),
        (
            r#"{"model":"m","messages":[{"role":"king","content":"a"}]}"#,
            400,
            "invalid_request_error",
        ),
        (r#"{"model":"other","messages":[]}"#, 403, "permission_error"),
    ] {
        let got = ask(&gateway, body).await;
        let answer = got.json();
        assert_eq!((got.status, &answer["error"]["type"]), (status, &json!(kind)), "{body}");
        assert_eq!(answer["request_id"], got.header("request-id").unwrap());
    }
    let asked = request("GET", MESSAGES, "");
    assert_eq!(Client::ask(gateway.address, &asked).await.status, 405);
    let probe = Client::ask(gateway.address, &request("HEAD", "/", "")).await;
    assert_eq!(probe.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_ends_with_an_event() {
    let tasks = Tasks::default();
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
    let native = upstream(&tasks, streamed(&[STREAM[0], STREAM[1], overloaded])).await;
    let got = ask(&gateway(vec![anthropic(&native, &json!({}))]), STREAMED).await;
    assert_eq!(got.body, [STREAM[0], STREAM[1], overloaded].concat());
    let cut = upstream(&tasks, streamed(&STREAM[..2])).await;
    let got = ask(&gateway(vec![anthropic(&cut, &json!({}))]), STREAMED).await;
    assert!(got.body.starts_with(&STREAM[..2].concat()), "{}", got.body);
    let last = events(&got.body).pop().unwrap();
    assert_eq!((&last["type"], &last["error"]["type"]), (&json!("error"), &json!("api_error")));
    let chunk = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\n";
    let failed = "data: {\"error\":{\"message\":\"busy\",\"code\":503}}\n\n";
    for (pieces, kind) in [(&[chunk, failed][..], "overloaded_error"), (&[chunk][..], "api_error")]
    {
        let chat = upstream(&tasks, streamed(pieces)).await;
        let got = ask(&gateway(vec![provider(&chat, &json!({}))]), STREAMED).await;
        assert_eq!(got.status, 200);
        let events = events(&got.body);
        let last = events.last().unwrap();
        assert_eq!((&last["type"], &last["error"]["type"]), (&json!("error"), &json!(kind)));
        assert!(!got.body.contains("message_stop"), "{}", got.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_before_content_is_an_answer_with_a_status() {
    let tasks = Tasks::default();
    let failed = "data: {\"error\":{\"message\":\"busy\",\"code\":503}}\n\n";
    let chat = upstream(&tasks, streamed(&[failed])).await;
    let got = ask(&gateway(vec![provider(&chat, &json!({}))]), STREAMED).await;
    assert_eq!((got.status, &got.json()["error"]["type"]), (529, &json!("overloaded_error")));
    let empty = upstream(&tasks, streamed(&[])).await;
    let got = ask(&gateway(vec![provider(&empty, &json!({}))]), STREAMED).await;
    assert_eq!((got.status, &got.json()["error"]["type"]), (502, &json!("api_error")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_takes_the_call_of_the_provider_with_it() {
    let tasks = Tasks::default();
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let first = format!("{head}{:x}\r\n{}\r\n", STREAM[0].len(), STREAM[0]);
    let mut upstream = Upstream::start(&tasks, move |mut call, tell| {
        let first = first.clone();
        async move {
            call.say(&first).await;
            call.closed().await;
            let _ = tell.send("closed".into());
        }
    })
    .await;
    let gateway = gateway(vec![anthropic(&upstream, &json!({}))]);
    let mut client = Client::connect(gateway.address).await;
    client.send(&post(MESSAGES, "", STREAMED)).await;
    client.until("message_start").await;
    upstream.saw().await;
    drop(client);
    assert_eq!(upstream.saw().await, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_bridged_by_pings() {
    let tasks = Tasks::default();
    let answer = streamed(&[
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    ]);
    let upstream = Upstream::start(&tasks, move |mut call, _| {
        let answer = answer.clone();
        async move {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            call.say(&format!("{head}\r\n\r\n")).await;
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            call.say(body).await;
        }
    })
    .await;
    let limits = Limits { heartbeat: std::time::Duration::from_millis(20), ..Limits::default() };
    let gateway = gateway_with(vec![provider(&upstream, &json!({}))], limits);
    let got = ask(&gateway, STREAMED).await;
    let events = events(&got.body);
    assert_eq!(events[0], json!({"type": "ping"}));
    assert_eq!(events.last().unwrap()["type"], "message_stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_by_the_vendor_and_guessed_elsewhere() {
    let tasks = Tasks::default();
    let mut native =
        upstream(&tasks, whole("200 OK", "application/json", "", r#"{"input_tokens":42}"#)).await;
    let count = |gateway: &Gateway| {
        let asked = post("/v1/messages/count_tokens?beta=true", "anthropic-beta: x\r\n", ASKED);
        let address = gateway.address;
        async move { Client::ask(address, &asked).await }
    };
    let own = gateway(vec![anthropic(&native, &json!({}))]);
    let got = count(&own).await;
    assert_eq!((got.status, &*got.body), (200, r#"{"input_tokens":42}"#));
    assert_eq!(got.header("x-sanmon-fidelity"), None);
    let seen = native.saw().await;
    assert!(seen.starts_with("POST /v1/messages/count_tokens HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(ASKED) && seen.contains("anthropic-beta: x"), "{seen}");
    let other = gateway(vec![mock("mock", &json!({}))]);
    let got = count(&other).await;
    assert_eq!((got.status, &*got.body), (200, r#"{"input_tokens":5}"#));
    assert_eq!(got.header("x-sanmon-fidelity"), Some("approximated=input_tokens"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_model_may_stand_for_all() {
    let tasks = Tasks::default();
    let mut upstream = upstream(&tasks, whole("200 OK", "application/json", "", MESSAGE)).await;
    let mut documents = llm::documents(
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.AnthropicCompatProxy",
        "providers",
        vec![anthropic(&upstream, &json!({}))],
    );
    let route = documents.last_mut().unwrap();
    route.1["plugins"][0]["config"]["override_model"] = json!("claude-sonnet-5");
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    assert_eq!(ask(&gateway, ASKED).await.status, 200);
    assert_eq!(sent(&upstream.saw().await)["model"], "claude-sonnet-5");
}

//! Providers that fail before they have said anything: another one is asked, and nobody notices.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, ANSWER, CHAT, patch, post, streamed, upstream, whole};
use super::*;
use crate::limits::Limits;
use sanmon_shared::task::Tasks;

/// What the second provider says as a stream.
const STREAM: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

/// An Anthropic provider's whole answer.
const CLAUDE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}"#;

/// A provider at this address.
fn at(id: &str, address: SocketAddr, more: &Value) -> Value {
    let mut document = json!({
        "id": id, "name": id, "provider": "openai-compatible",
        "connection": {"base_url": format!("http://{address}/v1")},
        "options": {"model": "m"}
    });
    patch(&mut document, more);
    document
}

/// A route to `first`, for which `second` stands in.
fn pair(first: &Value, second: &Value) -> Vec<(&'static str, Value)> {
    let mut first = first.clone();
    first["provider_fallback"] = second["id"].clone();
    let mut documents = llm::documents("openai-chat-completions", "providers", vec![first]);
    documents.insert(0, ("providers", second.clone()));
    documents
}

fn gateway(first: &Value, second: &Value) -> Gateway {
    Gateway::start(Setting { documents: pair(first, second), ..Setting::default() })
}

async fn ask(gateway: &Gateway, streams: bool) -> Answer {
    let body = json!({"messages": [{"role": "user", "content": "hello"}], "stream": streams});
    Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await
}

/// A provider that answers both ways.
async fn good(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let streams = call.text.contains("\"stream\":true");
        let whole = whole("200 OK", "application/json", "", ANSWER);
        call.say(&if streams { streamed(STREAM) } else { whole }).await;
    })
    .await
}

/// Where nobody listens.
async fn nowhere() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

fn is_answered(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    assert!(answer.complete && answer.body.contains("hi"), "{what}: {}", answer.body);
    assert!(!answer.body.contains("error"), "{what}: {}", answer.body);
    assert_eq!(answer.header("x-sanmon-attempts"), Some("2"), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_passed_over() {
    let tasks = Tasks::default();
    let good = good(&tasks).await;
    let silent = Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    let gone = Upstream::start(&tasks, |call, _| async move { drop(call) }).await;
    let nobody = json!({"connection": {"base_url": "http://nobody.invalid/v1"}});
    let patience = json!({"connection": {"timeout": 100}});
    let begin = json!({"connection": {"base_url": format!("http://{}/v1", silent.address)}});
    for (what, first) in [
        ("refused", at("a", nowhere().await, &json!({}))),
        ("no address", at("a", nowhere().await, &nobody)),
        ("a black hole", at("a", silent.address, &patience)),
        ("broken before its head", at("a", gone.address, &json!({}))),
    ] {
        for streams in [false, true] {
            let gateway = gateway(&first, &at("b", good.address, &json!({})));
            is_answered(&ask(&gateway, streams).await, what);
        }
    }
    // The route's patience is shorter than the provider's.
    let mut documents = pair(&at("a", silent.address, &begin), &at("b", good.address, &json!({})));
    let route = documents.pop().map(|(_, route)| route).unwrap();
    for (timeouts, streams) in [(json!({"total": 100}), false), (json!({"first_token": 100}), true)]
    {
        let mut route = route.clone();
        route["plugins"][0]["config"]["timeouts"] = timeouts;
        let mut documents = documents.clone();
        documents.push(("routes", route));
        let gateway = Gateway::start(Setting { documents, ..Setting::default() });
        is_answered(&ask(&gateway, streams).await, "the route's own time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_before_content_is_passed_over() {
    let tasks = Tasks::default();
    let good = good(&tasks).await;
    let error = |kind: &str| json!({"error": {"message": "no", "type": kind}}).to_string();
    let json = |status: &str, body: &str| whole(status, "application/json", "", body);
    let role = STREAM[0];
    for first in [
        json("429 Slow", &error("rate_limit_error")),
        json("402 Pay", &error("billing")),
        json("429 Pay", &error("insufficient_quota")),
        json("500 No", &error("server_error")),
        json("503 No", &error("overloaded_error")),
        json("529 No", &error("overloaded_error")),
        whole("200 OK", "text/html", "", "<html>maintenance</html>"),
        json("200 OK", &error("server_error")),
        json("200 OK", "{}"),
        json("200 OK", ""),
        "SSH-2.0\r\n\r\n".to_owned(),
    ] {
        let bad = upstream(&tasks, first.clone()).await;
        for streams in [false, true] {
            let gateway =
                gateway(&at("a", bad.address, &json!({})), &at("b", good.address, &json!({})));
            is_answered(&ask(&gateway, streams).await, &first);
        }
    }
    for first in [
        streamed(&[]),
        streamed(&[": a comment\n\n"]),
        streamed(&["data: [DONE]\n\n"]),
        streamed(&[role, "data: [DONE]\n\n"]),
        streamed(&[role]),
        streamed(&["data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"]),
        streamed(&[role, "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"]),
    ] {
        let bad = upstream(&tasks, first.clone()).await;
        let gateway =
            gateway(&at("a", bad.address, &json!({})), &at("b", good.address, &json!({})));
        let answer = ask(&gateway, true).await;
        is_answered(&answer, &first);
        assert_eq!(answer.body.matches("\"role\"").count(), 1, "{first}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_request_is_told_and_nobody_else_asked() {
    let tasks = Tasks::default();
    let good = good(&tasks).await;
    for status in [400, 404, 413, 422] {
        let body = r#"{"error":{"message":"no","type":"invalid_request_error"}}"#;
        let answer = whole(&format!("{status} No"), "application/json", "", body);
        let bad = upstream(&tasks, answer).await;
        for streams in [false, true] {
            let gateway =
                gateway(&at("a", bad.address, &json!({})), &at("b", good.address, &json!({})));
            let answer = ask(&gateway, streams).await;
            assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (status, None));
        }
    }
}

/// A provider whose stream breaks after as many bytes as its path says.
async fn breaking(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let bytes = call.text.split('/').nth(1).unwrap().parse::<usize>().unwrap();
        let said = FIRST.concat();
        let said = said.get(..bytes).unwrap();
        let mut text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                        transfer-encoding: chunked\r\n\r\n"
            .to_owned();
        if !said.is_empty() {
            let _ = write!(text, "{:x}\r\n{said}\r\n", said.len());
        }
        call.say(&text).await;
    })
    .await
}

/// What it would say.
const FIRST: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lost\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_may_break_anywhere() {
    let tasks = Tasks::default();
    let (bad, good) = (breaking(&tasks).await, good(&tasks).await);
    let length = FIRST.concat().len();
    // With the first of its two line ends an event is whole for whoever waits for no more.
    let content = FIRST[..2].concat().len();
    // One each, so that none learns from the others.
    let providers: Vec<Value> = (0..=length)
        .map(|bytes| {
            let base = format!("http://{}/{bytes}/v1", bad.address);
            let more = json!({"connection": {"base_url": base}, "provider_fallback": "b"});
            at(&format!("a{bytes}"), bad.address, &more)
        })
        .collect();
    let mut documents = llm::documents("openai-chat-completions", "providers", providers);
    documents.insert(0, ("providers", at("b", good.address, &json!({}))));
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    for bytes in 0..=length {
        let body = json!({"model": format!("a{bytes}/m"), "messages": [], "stream": true});
        let answer = Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await;
        assert_eq!(answer.status, 200, "{bytes}: {}", answer.body);
        if bytes < content {
            is_answered(&answer, &bytes.to_string());
            assert!(!answer.body.contains("lost"), "{bytes}: {}", answer.body);
            continue;
        }
        assert_eq!(answer.header("x-sanmon-attempts"), None, "{bytes}");
        assert!(answer.body.contains("lost") && !answer.body.contains("hi"), "{}", answer.body);
        let over = bytes >= length;
        assert_eq!(answer.body.contains("\"error\""), !over, "{bytes}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_fail_the_last_one_is_told() {
    let tasks = Tasks::default();
    let limit = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
    let limited = |wait: &str| {
        whole("429 Slow", "application/json", &format!("retry-after: {wait}\r\n"), limit)
    };
    let (first, second) =
        (upstream(&tasks, limited("3")).await, upstream(&tasks, limited("30")).await);
    let away = nowhere().await;
    for streams in [false, true] {
        let gateway =
            gateway(&at("a", first.address, &json!({})), &at("b", second.address, &json!({})));
        let answer = ask(&gateway, streams).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3")));
        assert_eq!(answer.json()["error"]["message"], "slow down");
        assert_eq!(answer.header("x-sanmon-attempts"), Some("2"));
    }
    let gateway = gateway(&at("a", first.address, &json!({})), &at("b", away, &json!({})));
    let answer = ask(&gateway, false).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert_eq!(answer.json()["error"]["code"], "upstream_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_do_not_matter() {
    let tasks = Tasks::default();
    let error = r#"{"error":{"message":"no","type":"server_error"}}"#;
    let bad = upstream(&tasks, whole("500 No", "application/json", "", error)).await;
    let chat = good(&tasks).await;
    let claude = upstream(&tasks, whole("200 OK", "application/json", "", CLAUDE)).await;
    let anthropic = |id: &str, upstream: &Upstream| {
        let base = format!("http://{}", upstream.address);
        json!({"id": id, "name": id, "provider": "anthropic", "connection": {"base_url": base},
            "options": {"model": "claude-sonnet-4-5"}})
    };
    for (first, second) in [
        (at("a", bad.address, &json!({})), anthropic("b", &claude)),
        (anthropic("a", &bad), at("b", chat.address, &json!({}))),
    ] {
        let gateway = gateway(&first, &second);
        is_answered(&ask(&gateway, false).await, "whole");
        let gateway = self::gateway(&first, &second);
        is_answered(&ask(&gateway, true).await, "streamed");
    }
}

fn beating(first: &Value, second: &Value) -> Gateway {
    let limits = Limits { heartbeat: Duration::from_millis(50), ..Limits::default() };
    Gateway::start(Setting { documents: pair(first, second), limits, ..Setting::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_commits_the_status_and_not_the_content() {
    let tasks = Tasks::default();
    let good = good(&tasks).await;
    let silent = Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    // Its events come one after the other, none of them content.
    let waiting = Upstream::start(&tasks, |mut call, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        call.say(&format!("{head}{}", STREAM[0])).await;
        call.closed().await;
    })
    .await;
    let patience = json!({"connection": {"timeout": 300, "idle_timeout": 300}});
    for first in [silent.address, waiting.address] {
        let gateway = beating(&at("a", first, &patience), &at("b", good.address, &json!({})));
        let answer = ask(&gateway, true).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert!(answer.body.starts_with(": "), "{}", answer.body);
        assert!(answer.complete && answer.body.contains("hi"), "{}", answer.body);
        assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
        assert_eq!(answer.body.matches("\"role\"").count(), 1, "{}", answer.body);
    }
    // All fail after it: the error is an event.
    let second = at("b", nowhere().await, &json!({}));
    let gateway = beating(&at("a", silent.address, &patience), &second);
    let answer = ask(&gateway, true).await;
    assert_eq!(answer.status, 200);
    let event = answer.body.split("\n\n").find_map(|event| event.strip_prefix("data: ")).unwrap();
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["error"]["message"], "the upstream refuses connections");
    assert!(!answer.body.contains("[DONE]"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_ends_the_search() {
    let tasks = Tasks::default();
    let mut good = good(&tasks).await;
    let mut silent = Upstream::start(&tasks, |mut call, tell| async move {
        call.closed().await;
        let _ = tell.send("closed".to_owned());
    })
    .await;
    for heartbeat in [15_000, 20] {
        let limits = Limits { heartbeat: Duration::from_millis(heartbeat), ..Limits::default() };
        let documents =
            pair(&at("a", silent.address, &json!({})), &at("b", good.address, &json!({})));
        let gateway = Gateway::start(Setting { documents, limits, ..Setting::default() });
        let mut client = Client::connect(gateway.address).await;
        client.send(&post(CHAT, "", r#"{"messages":[],"stream":true}"#)).await;
        assert!(silent.saw().await.starts_with("POST"));
        if heartbeat < 1_000 {
            assert!(client.until(": ").await.contains("text/event-stream"));
        }
        drop(client);
        assert_eq!(silent.saw().await, "closed");
        gateway.shared.idle_now().await;
    }
    // The second one saw nothing until now.
    let gateway =
        gateway(&at("a", nowhere().await, &json!({})), &at("b", good.address, &json!({})));
    is_answered(&ask(&gateway, false).await, "now");
    good.saw().await;
    assert!(good.saw_nothing_more());
}

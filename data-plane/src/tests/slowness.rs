//! Providers that are slow in the midst of an answer: nobody else is asked any more.

use serde_json::{Value, json};

use super::gateway::Setting;
use super::llm::{self, CHAT, post, provider};
use super::*;
use sanmon_shared::task::Tasks;

const STREAM: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\"}}]}\n\n\
                      data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"i\"}}]}\n\n\
                      data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                      data: [DONE]\n\n";
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A route to `first`, which waits 200 ms for more, and for which `second` stands in.
fn gateway(first: &Upstream, second: &Upstream) -> Gateway {
    let more = json!({"provider_fallback": "b", "connection": {"idle_timeout": 200}});
    let first = provider(first, &more);
    let mut documents = llm::documents("openai-chat-completions", "providers", vec![first]);
    documents.insert(0, ("providers", provider(second, &json!({"id": "b", "name": "b"}))));
    Gateway::start(Setting { documents, ..Setting::default() })
}

async fn unasked(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |call, _| async move { drop(call) }).await
}

fn body() -> String {
    post(CHAT, "", r#"{"stream":true,"messages":[{"role":"user","content":"hello"}]}"#)
}

fn events(text: &str) -> Vec<Value> {
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_trickles_is_whole() {
    let tasks = Tasks::default();
    let mut second = unasked(&tasks).await;
    let trickle = Upstream::start(&tasks, |mut call, _| async move {
        call.say(HEAD).await;
        for character in STREAM.chars() {
            call.say(character.encode_utf8(&mut [0; 4])).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let answer = Client::ask(gateway(&trickle, &second).address, &body()).await;
    assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, None));
    assert!(answer.complete && answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
    let said: String = events(&answer.body)
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(said, "hi");
    assert!(second.saw_nothing_more());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stalls_after_content_ends_with_an_error() {
    let tasks = Tasks::default();
    let mut second = unasked(&tasks).await;
    let stalls = Upstream::start(&tasks, |mut call, tell| async move {
        let (begun, _) = STREAM.split_once("\n\n").unwrap();
        call.say(&format!("{HEAD}{begun}\n\n")).await;
        call.closed().await;
        let _ = tell.send("left".to_owned());
    });
    let mut stalls = stalls.await;
    let answer = Client::ask(gateway(&stalls, &second).address, &body()).await;
    assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, None));
    let events = events(&answer.body);
    assert_eq!(events[0]["choices"][0]["delta"]["content"], "h");
    assert_eq!(events.last().unwrap()["error"]["code"], "upstream_timeout", "{}", answer.body);
    assert!(!answer.body.contains("[DONE]"), "{}", answer.body);
    assert!(stalls.saw().await.starts_with("POST"));
    assert_eq!(stalls.saw().await, "left");
    assert!(second.saw_nothing_more());
}

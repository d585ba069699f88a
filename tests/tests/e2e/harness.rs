//! The harness itself: a scripted upstream that did not stall, or a proxy that did not swallow,
//! would let every test pass that trusts it.

use std::time::Duration;

use futures_util::StreamExt;
use sanmon_tests::client::{Client, chat, chat_stream, text_of};
use sanmon_tests::raw::Raw;
use sanmon_tests::redis_server::Redis;
use sanmon_tests::swallow::SwallowProxy;
use sanmon_tests::upstream::{Fate, Gate, Reply, ScriptedUpstream};
use sanmon_tests::wait::{self, SOON};

#[tokio::test]
async fn the_upstream_answers_and_streams_as_openai_does() {
    let upstream = ScriptedUpstream::start().await;
    let client = Client::new(&format!("http://127.0.0.1:{}", upstream.port())).key("k");
    let answer = client.chat(&chat("m", "a b")).await.expect(200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "you said: a b");
    let mut events = client.chat_events(&chat_stream("m", "a b")).await;
    let events = events.rest().await;
    assert_eq!(text_of(&events), "you said: a b");
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert_eq!(upstream.requests().len(), 2);
    assert_eq!(upstream.last().header("authorization"), "Bearer k");
    assert_eq!(upstream.last().end(SOON).await, Fate::Done);
}

#[tokio::test]
async fn the_upstream_stalls_until_its_gate_opens_and_sees_a_hang_up() {
    let gate = Gate::default();
    let waiting = gate.clone();
    let upstream = ScriptedUpstream::start_with(move |request| {
        let head = Reply::events().event("1");
        if request.path == "/gated" { head.wait(&waiting).end_chunks() } else { head.stall() }
    })
    .await;
    let mut raw = Raw::connect(upstream.port()).await;
    raw.post("/gated", "{}").await;
    assert!(raw.read_until("data: 1", SOON).await);
    assert_eq!(upstream.request(0).await.fate(), Fate::Going);
    gate.open();
    assert!(raw.read_until("0\r\n\r\n", SOON).await);
    raw.post("/stalled", "{}").await;
    let request = upstream.request(1).await;
    assert_eq!(request.connection, 0);
    raw.reset();
    assert_eq!(request.end(SOON).await, Fate::HungUp);
}

#[tokio::test]
async fn the_upstream_resets_in_the_middle_of_a_stream() {
    let upstream = ScriptedUpstream::start_with(|_| Reply::events().event("1").reset()).await;
    let client = Client::new(&format!("http://127.0.0.1:{}", upstream.port()));
    let response = client.request("POST", "/").body("{}").send().await;
    // The reset may overtake the head.
    if let Ok(response) = response {
        let pieces: Vec<_> = response.bytes_stream().collect().await;
        assert!(pieces.last().unwrap().is_err(), "{pieces:?}");
    }
}

#[tokio::test]
async fn redis_keeps_what_it_answered_over_a_kill_and_loses_all_to_a_flush() {
    let mut redis = Redis::start().await;
    let mut connection = redis.connection().await;
    let () = redis::cmd("SET").arg("k").arg("v").query_async(&mut connection).await.unwrap();
    redis.kill().await;
    redis.restart().await;
    assert_eq!(redis.keys().await, ["k"]);
    redis.flush_all().await;
    assert!(redis.keys().await.is_empty());
}

#[tokio::test]
async fn the_proxy_swallows_published_messages_and_nothing_else() {
    let redis = Redis::start().await;
    let proxy = SwallowProxy::start(redis.port()).await;
    let client = redis::Client::open(proxy.url()).unwrap();
    let mut subscriber = client.get_async_pubsub().await.unwrap();
    subscriber.subscribe("c").await.unwrap();
    let mut direct = redis.connection().await;
    let mut publish = async |text: &str| {
        let () = redis::cmd("PUBLISH").arg("c").arg(text).query_async(&mut direct).await.unwrap();
    };
    publish("passed").await;
    let mut messages = subscriber.on_message();
    let next = wait::in_time("a message", SOON, messages.next()).await.unwrap();
    assert_eq!(next.get_payload::<String>().unwrap(), "passed");
    proxy.swallow(true);
    publish("swallowed").await;
    wait::until_true("one is swallowed", SOON, async || proxy.swallowed() == 1).await;
    let mut through = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg("k").arg("v").query_async(&mut through).await.unwrap();
    proxy.swallow(false);
    publish("later").await;
    let next = wait::in_time("a message", SOON, messages.next()).await.unwrap();
    assert_eq!(next.get_payload::<String>().unwrap(), "later");
    assert_eq!((proxy.passed(), proxy.swallowed()), (2, 1));
}

#[tokio::test]
#[should_panic(expected = "in vain: never")]
async fn a_deadline_ends_a_test_that_waits_in_vain() {
    wait::until_true("never", Duration::from_millis(30), async || false).await;
}

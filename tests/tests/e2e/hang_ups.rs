//! Who leaves, and who is slow: a caller that hangs up cancels the upstream call, an upstream that does
//! not answer in time is given up.

use std::time::{Duration, Instant};

use sanmon_tests::client::{chat, chat_stream};
use sanmon_tests::documents::{expose, open_route, provider};
use sanmon_tests::raw::Raw;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Fate, Reply, ScriptedUpstream};
use sanmon_tests::wait::SOON;
use serde_json::{Value, json};

/// A gateway whose provider loses patience soon.
async fn impatient(upstream: &ScriptedUpstream) -> Sanmon {
    let sanmon = Setup::serve().start().await;
    let mut document = provider("provider_test", upstream);
    document["connection"]["timeout"] = json!(300);
    document["connection"]["idle_timeout"] = json!(300);
    sanmon.admin().store("providers", &document).await;
    let route = open_route("route_test", None, "provider_test");
    sanmon.admin().create("routes", &route).await;
    sanmon
}

#[derive(Clone, Copy, Debug)]
enum Leave {
    Fin,
    Rst,
}

#[tokio::test]
async fn a_caller_that_leaves_cancels_the_upstream_call() {
    let upstream = ScriptedUpstream::start_with(|request| {
        if request.json()["stream"] == json!(true) {
            Reply::events().event(r#"{"choices":[]}"#).stall()
        } else {
            Reply::empty().stall()
        }
    })
    .await;
    let sanmon = Setup::serve().start().await;
    expose(&sanmon.admin(), &upstream).await;
    let mut number = 0;
    for body in [chat("m", "x"), chat_stream("m", "x")] {
        for leave in [Leave::Fin, Leave::Rst] {
            let mut caller = Raw::connect(sanmon.data_port()).await;
            caller.post("/v1/chat/completions", &body.to_string()).await;
            let request = upstream.request(number).await;
            number += 1;
            if body["stream"] == json!(true) {
                assert!(caller.read_until("data: {", SOON).await, "{}", caller.text());
            }
            assert_eq!(request.fate(), Fate::Going);
            match leave {
                // Dropped without unread bytes: FIN both ways.
                Leave::Fin => caller.close().await,
                Leave::Rst => caller.reset(),
            }
            let fate = request.end(Duration::from_secs(5)).await;
            assert_eq!(fate, Fate::HungUp, "{leave:?} {body}");
        }
    }
}

#[tokio::test]
async fn an_upstream_without_an_answer_in_time_is_a_504() {
    let upstream = ScriptedUpstream::start_with(|_| Reply::empty().stall()).await;
    let sanmon = impatient(&upstream).await;
    for body in [chat("m", "x"), chat_stream("m", "x")] {
        let start = Instant::now();
        let answer = sanmon.client().chat(&body).await.expect(504);
        assert_eq!(answer.code(), "upstream_timeout");
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(upstream.last().end(SOON).await, Fate::HungUp, "and the call is cancelled");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let upstream = ScriptedUpstream::start_with(|_| {
        let headers = [("content-type", "application/json"), ("content-length", "100")];
        Reply::empty().head(200, &headers).bytes("{").stall()
    })
    .await;
    let sanmon = impatient(&upstream).await;
    // Its head may have been passed on by then: the caller sees an error or a broken connection,
    // and never a whole answer.
    let start = Instant::now();
    if let Ok(answer) = sanmon.client().try_post("/v1/chat/completions", &chat("m", "x")).await {
        assert_eq!(answer.code(), "upstream_timeout");
        answer.expect(504);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(upstream.last().end(SOON).await, Fate::HungUp);
}

#[tokio::test]
async fn a_stream_that_falls_silent_ends_with_an_error_event() {
    let upstream = ScriptedUpstream::start_with(|_| {
        Reply::events().event(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#).stall()
    })
    .await;
    let sanmon = impatient(&upstream).await;
    let mut answer = sanmon.client().chat_events(&chat_stream("m", "x")).await;
    let events = answer.rest().await;
    assert_eq!(events.len(), 2, "{events:?}");
    let error: Value = serde_json::from_str(&events[1]).unwrap();
    assert_eq!(error["error"]["code"], "upstream_timeout", "{error}");
    assert_eq!(upstream.last().end(SOON).await, Fate::HungUp);
}

#[tokio::test]
async fn a_stream_that_trickles_is_no_stream_that_falls_silent() {
    let word = r#"{"choices":[{"index":0,"delta":{"content":"a "}}]}"#;
    let upstream = ScriptedUpstream::start_with(move |_| {
        // Longer in all than any silence that is allowed.
        let trickled = (0..8)
            .fold(Reply::events(), |reply, _| reply.event(word).pause(Duration::from_millis(80)));
        trickled.event("[DONE]").end_chunks()
    })
    .await;
    let sanmon = impatient(&upstream).await;
    let mut answer = sanmon.client().chat_events(&chat_stream("m", "x")).await;
    let events = answer.rest().await;
    assert_eq!(events.len(), 9, "{events:?}");
    assert_eq!(events[8], "[DONE]");
}

#[tokio::test]
async fn nobody_listening_or_a_reset_before_the_head_is_a_502() {
    let upstream = ScriptedUpstream::start_with(|_| Reply::empty().reset()).await;
    let sanmon = Setup::serve().start().await;
    let admin = sanmon.admin();
    expose(&admin, &upstream).await;
    let answer = sanmon.client().chat(&chat("m", "x")).await.expect(502);
    assert_eq!(answer.code(), "upstream_unavailable");

    let mut document = provider("provider_test", &upstream);
    let port = sanmon_tests::ports::free();
    document["connection"]["base_url"] = json!(format!("http://127.0.0.1:{port}/v1"));
    admin.apply("providers", "provider_test", &document).await.expect(200);
    let answer = sanmon.client().chat(&chat("m", "x")).await.expect(502);
    assert_eq!(answer.code(), "upstream_unavailable");
    assert!(!answer.text().contains(&port.to_string()), "upstream addresses stay inside");
}

#[tokio::test]
async fn a_keep_alive_connection_that_the_upstream_closed_is_not_met_by_a_request() {
    let upstream = ScriptedUpstream::start_with(|request| {
        // Says nothing of closing, and closes.
        let body = sanmon_tests::upstream::openai::completion(&request.json(), "hello");
        Reply::json(200, &body).close()
    })
    .await;
    let sanmon = Setup::serve().start().await;
    expose(&sanmon.admin(), &upstream).await;
    for _ in 0..20 {
        let answer = sanmon.client().chat(&chat("m", "x")).await.expect(200);
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello");
        assert_eq!(upstream.last().end(SOON).await, Fate::Done);
    }
}

//! A stop that is asked for: not ready first, then no new work, and what was begun is finished.

use std::time::{Duration, Instant};

use sanmon_tests::client::{Client, chat, chat_stream, text_of};
use sanmon_tests::documents::expose;
use sanmon_tests::sanmon::Setup;
use sanmon_tests::upstream::{Fate, Gate, Reply, ScriptedUpstream, openai};
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

#[tokio::test]
async fn streams_and_requests_under_way_are_finished() {
    let gate = Gate::default();
    let waiting = gate.clone();
    let upstream = ScriptedUpstream::start_with(move |request| {
        let body = request.json();
        let text = openai::echo(&body);
        if body["stream"] != json!(true) {
            let whole = openai::completion(&body, &text).to_string();
            let length = whole.len().to_string();
            let headers = [("content-type", "application/json"), ("content-length", &length)];
            return Reply::empty().wait(&waiting).head(200, &headers).bytes(whole);
        }
        let events = openai::chunks(&body, &text, false);
        let first = Reply::events().event(&events[0]).wait(&waiting);
        events[1..].iter().fold(first, |reply, event| reply.event(event)).end_chunks()
    })
    .await;
    let mut sanmon = Setup::serve().flag("--drain-delay", "1500ms").start().await;
    expose(&sanmon.admin(), &upstream).await;
    let client = sanmon.client();
    let mut stream = client.chat_events(&chat_stream("m", "to the end")).await;
    stream.next().await.unwrap();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.chat(&chat("m", "too")).await }
    });
    upstream.request(1).await;

    sanmon.process().signal("TERM");
    let telemetry = Client::new(&sanmon.telemetry_url());
    wait::until_true("it is not ready", SOON, async || {
        telemetry.get("/readyz").await.status == 503
    })
    .await;
    // Whoever was sent here before that was known is still served.
    client.get("/v1/models").await.expect(200);
    wait::until_true("it accepts no more", SOON, async || {
        Client::new(&sanmon.data_url()).request("GET", "/").send().await.is_err()
    })
    .await;
    assert!(sanmon.process().ended().is_none(), "a stream is still under way");
    gate.open();
    let events = stream.rest().await;
    assert_eq!(text_of(&events), "you said: to the end");
    assert_eq!(events.last().unwrap(), "[DONE]");
    let answer = request.await.unwrap().expect(200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "you said: too");
    let status = sanmon.process().wait(SOON).await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn what_does_not_end_is_ended_in_the_protocol_of_its_caller() {
    let upstream = ScriptedUpstream::start_with(|request| {
        let events = openai::chunks(&request.json(), "never ends", false);
        Reply::events().event(&events[0]).stall()
    })
    .await;
    let mut sanmon = Setup::serve().flag("--shutdown-timeout", "1s").start().await;
    expose(&sanmon.admin(), &upstream).await;
    let mut stream = sanmon.client().chat_events(&chat_stream("m", "x")).await;
    stream.next().await.unwrap();
    let start = Instant::now();
    sanmon.process().signal("TERM");
    let events = stream.rest().await;
    let error: Value = serde_json::from_str(events.last().expect("an error event")).unwrap();
    assert_eq!(error["error"]["code"], "shutting_down", "{error}");
    let status = sanmon.process().wait(SOON).await;
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(upstream.last().end(SOON).await, Fate::HungUp);
}

#[tokio::test]
async fn every_way_to_run_ends_at_once_when_idle() {
    let mut control = Setup::control_plane().start().await;
    let mut data = Setup::data_plane().following(&control).start().await;
    let mut both = Setup::serve().start().await;
    let start = Instant::now();
    for sanmon in [&mut data, &mut control, &mut both] {
        let status = sanmon.terminate().await;
        assert!(status.success(), "{status}");
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

//! A recorded stream, split and cut at every byte: where the network cuts must not show, and a stream
//! that ends early says so.

use futures_util::StreamExt;
use futures_util::stream;
use sanmon_tests::client::{Client, Events, chat_stream};
use sanmon_tests::documents::expose;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Gate, Reply, Request, ScriptedUpstream};
use serde_json::Value;

/// As OpenAI sends it: two tool calls, text beyond ASCII, a comment, usage.
const RECORDED: &str = include_str!("recorded.sse");
/// Streams at once.
const AT_ONCE: usize = 16;

/// What to do with the recording is what the user says: `split-17`, `cut-17`, `reset-17`.
fn play(request: &Request) -> Reply {
    let order = request.json()["messages"][0]["content"].as_str().unwrap().to_owned();
    let (what, at) = order.split_once('-').unwrap();
    let (before, after) = RECORDED.as_bytes().split_at(at.parse().unwrap());
    let started = Reply::events().chunk(before);
    match what {
        "split" => started.chunk(after).end_chunks(),
        "cut" => started.close(),
        "reset" => started.reset(),
        _ => panic!("{order}"),
    }
}

/// The data of the recording's events.
fn recorded() -> Vec<String> {
    let data =
        |event: &str| event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
    RECORDED.split("\n\n").filter_map(data).collect()
}

async fn start() -> (Sanmon, Client, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start_with(play).await;
    let sanmon = Setup::serve().start().await;
    expose(&sanmon.admin(), &upstream).await;
    let client = sanmon.client();
    (sanmon, client, upstream)
}

async fn ask(client: &Client, order: String) -> Events {
    let mut body = chat_stream("m", &order);
    // The caller asks for usage, so that every event is the caller's.
    body["stream_options"] = serde_json::json!({"include_usage": true});
    client.chat_events(&body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_network_splits_a_stream_does_not_show() {
    let (_sanmon, client, _upstream) = start().await;
    let expected = recorded();
    assert!(expected.len() > 8 && expected.last().unwrap() == "[DONE]");
    let (client, expected) = (&client, &expected);
    stream::iter(0..=RECORDED.len())
        .for_each_concurrent(AT_ONCE, async |at| {
            let mut answer = ask(client, format!("split-{at}")).await;
            assert_eq!(answer.status, 200, "split at {at}");
            assert_eq!(&answer.rest().await, expected, "split at {at}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_cut_at_any_byte_ends_with_an_error_event() {
    let (sanmon, client, _upstream) = start().await;
    let whole = recorded();
    let done = RECORDED.find("data: [DONE]").unwrap() + "data: [DONE]".len();
    let (client, whole) = (&client, &whole);
    stream::iter(0..RECORDED.len())
        .for_each_concurrent(AT_ONCE, async |at| {
            let mut answer = ask(client, format!("cut-{at}")).await;
            check_cut(at, done, whole, &mut answer).await;
        })
        .await;
    let metrics = sanmon.metrics().await;
    let failed = metrics.lines().filter(|line| line.starts_with("sanmon_streams_failed_total{"));
    let counts = failed.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok());
    assert!(counts.sum::<usize>() > 2_000, "cut streams count as failed: {metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_reset_in_its_middle_ends_with_an_error_event() {
    let (_sanmon, client, _upstream) = start().await;
    let whole = recorded();
    let done = RECORDED.find("data: [DONE]").unwrap();
    for at in (0..done).step_by(97) {
        let mut answer = ask(&client, format!("reset-{at}")).await;
        check_cut(at, done, &whole, &mut answer).await;
    }
}

async fn check_cut(at: usize, done: usize, whole: &[String], answer: &mut Events) {
    if answer.status != 200 {
        // Before the first event has come, there is time for a status.
        let first = RECORDED.find("\n\n").unwrap() + 2;
        assert!(at < first && answer.status == 502, "cut at {at}: {}", answer.status);
        return;
    }
    let mut events = answer.rest().await;
    if at >= done && events.last().is_some_and(|last| last == "[DONE]") {
        assert_eq!(events, whole, "cut at {at}, after the end");
        return;
    }
    let last = events.pop().unwrap_or_else(|| panic!("cut at {at}: no event at all"));
    let error: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(error["error"]["code"], "upstream_stream_cut", "cut at {at}: {last}");
    for member in ["message", "type", "param", "code"] {
        assert!(error["error"].get(member).is_some(), "cut at {at}: {last}");
    }
    // What came whole before the cut was passed on, and nothing of what did not.
    assert_eq!(events, whole[..complete_before(at)], "cut at {at}");
}

/// How many events with data are whole before this byte.
fn complete_before(at: usize) -> usize {
    let mut end = 0;
    let mut complete = 0;
    for block in RECORDED.split_inclusive("\n\n") {
        end += block.len();
        if end <= at && block.starts_with("data: ") {
            complete += 1;
        }
    }
    complete
}

#[tokio::test]
async fn events_are_passed_on_as_they_come() {
    let gate = Gate::default();
    let waiting = gate.clone();
    let upstream = ScriptedUpstream::start_with(move |_| {
        let events = recorded();
        let first = Reply::events().event(&events[0]).event(&events[1]).wait(&waiting);
        events[2..].iter().fold(first, |reply, event| reply.event(event)).end_chunks()
    })
    .await;
    let sanmon = Setup::serve().start().await;
    expose(&sanmon.admin(), &upstream).await;
    let mut answer = ask(&sanmon.client(), "m".to_owned()).await;
    // Two are here while the upstream still holds the rest.
    assert_eq!(answer.next().await.unwrap(), recorded()[0]);
    assert_eq!(answer.next().await.unwrap(), recorded()[1]);
    gate.open();
    assert_eq!(answer.rest().await, recorded()[2..]);
}

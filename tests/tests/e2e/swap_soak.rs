//! Changes ten times a second under load, streams included: no request fails, every answer names a
//! revision that there was, and no request sees two.
//!
//! A few seconds in the suite; `SANMON_SOAK_SECONDS=60` for longer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sanmon_tests::client::{Client, chat, chat_stream, text_of};
use sanmon_tests::documents::{open_route, provider};
use sanmon_tests::sanmon::Setup;
use sanmon_tests::upstream::{Reply, Request, ScriptedUpstream, openai};
use serde_json::{Value, json};

const CALLERS: usize = 6;
const BETWEEN_CHANGES: Duration = Duration::from_millis(100);

/// Says in its text what two parts of one revision told it; a stream takes its time.
fn tell(request: &Request) -> Reply {
    let body = request.json();
    let told =
        format!("{}|{}", request.header("x-mark"), body["user"].as_str().unwrap_or_default());
    if body["stream"] != json!(true) {
        return Reply::json(200, &openai::completion(&body, &told));
    }
    let events = openai::chunks(&body, &told, false);
    let slow = events
        .iter()
        .fold(Reply::events(), |reply, event| reply.event(event).pause(Duration::from_millis(60)));
    slow.end_chunks()
}

/// The provider as of one change: its number stands in a header and in an option.
fn marked(upstream: &ScriptedUpstream, number: usize) -> Value {
    let mut document = provider("provider_test", upstream);
    document["connection"]["headers"] = json!({"x-mark": number.to_string()});
    document["options"]["user"] = json!(number.to_string());
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_under_load_fail_no_request_and_mix_no_revisions() {
    let seconds = std::env::var("SANMON_SOAK_SECONDS").ok();
    let seconds = seconds.map_or(4, |text| text.parse().unwrap());
    let upstream = ScriptedUpstream::start_with(tell).await;
    let sanmon = Setup::serve().start().await;
    let admin = sanmon.admin();
    admin.store("providers", &marked(&upstream, 0)).await;
    admin.create("routes", &open_route("route_test", None, "provider_test")).await;
    let first = admin.head().await;
    // Which change each revision is of; filled before anybody can see it in an answer is too much to
    // ask, so answers are judged at the end.
    let changes = Mutex::new(BTreeMap::from([(first, 0)]));
    let answers = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    let streams = AtomicUsize::new(0);

    let change = async {
        let mut pace = tokio::time::interval(BETWEEN_CHANGES);
        for number in 1..=seconds * 10 {
            pace.tick().await;
            let document = marked(&upstream, number);
            let answer = admin.put("/providers/provider_test", &document).await.expect(200);
            let revision = answer.header("etag").trim_matches('"').parse().unwrap();
            changes.lock().unwrap_or_else(PoisonError::into_inner).insert(revision, number);
        }
        stop.store(true, Ordering::SeqCst);
    };
    let call = async |caller: usize| {
        let client = Client::new(&sanmon.data_url());
        for turn in 0_usize.. {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            let (revision, told) = if (caller + turn).is_multiple_of(3) {
                streams.fetch_add(1, Ordering::SeqCst);
                let mut answer = client.chat_events(&chat_stream("m", "x")).await;
                assert_eq!(answer.status, 200);
                let revision = answer.headers["x-sanmon-revision"].to_str().unwrap().parse();
                let events = answer.rest().await;
                assert_eq!(events.last().map(String::as_str), Some("[DONE]"), "{events:?}");
                (revision.unwrap(), text_of(&events))
            } else {
                let answer = client.chat(&chat("m", "x")).await.expect(200);
                let text = answer.json()["choices"][0]["message"]["content"].clone();
                (answer.revision(), text.as_str().unwrap().to_owned())
            };
            answers.lock().unwrap_or_else(PoisonError::into_inner).push((revision, told));
        }
    };
    let callers = futures_util::future::join_all((0..CALLERS).map(call));
    tokio::join!(change, callers);

    let changes = changes.into_inner().unwrap();
    let answers = answers.into_inner().unwrap();
    for (revision, told) in &answers {
        let Some(number) = changes.get(revision) else {
            panic!("revision {revision} never was: {changes:?}");
        };
        assert_eq!(told, &format!("{number}|{number}"), "in revision {revision}");
    }
    let seen: std::collections::BTreeSet<_> =
        answers.iter().map(|(revision, _)| revision).collect();
    // A machine that has much else to do lets fewer callers in between two changes.
    assert!(seen.len() > seconds * 2, "swaps were seen: {} of {}", seen.len(), changes.len());
    assert!(streams.into_inner() > CALLERS, "streams were under way");
}

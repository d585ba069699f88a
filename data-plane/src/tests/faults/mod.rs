//! What goes wrong, row by row, and where each row is tested. The tests that need a process, a kernel or a
//! Redis are end to end (`e2e`, in `tests/`); those that need nothing but values stand beside what they test.
//!
//! | Fault | Criterion | Tests |
//! |---|---|---|
//! | connection refused | the next target answers; with none a 502 in the caller's dialect | [`failover`](super::failover)`::who_cannot_be_reached_is_passed_over`, [`everybody`], `e2e::hang_ups::nobody_listening_or_a_reset_before_the_head_is_a_502` |
//! | DNS failure | the same | [`failover`](super::failover)`::who_cannot_be_reached_is_passed_over`, [`everybody`] |
//! | black hole at connect | passed over after the connect timeout, whoever sets it | [`patience`] |
//! | black hole after it | passed over after the timeout of the head | [`failover`](super::failover)`::who_cannot_be_reached_is_passed_over`, [`patience`] |
//! | reset before the head | the next target answers | [`failover`](super::failover)`::who_cannot_be_reached_is_passed_over` |
//! | reset after any number of bytes | before content the next answers, after it an error event ends the stream | [`failover`](super::failover)`::a_stream_may_break_anywhere`, `e2e::cuts` |
//! | the same for each front | one whole stream in the caller's dialect, nothing of the first target in it | [`fronts`] |
//! | stall | an error event after the idle time | [`slowness`](super::slowness), [`patience`], `e2e::hang_ups` |
//! | trickle | is whole | [`slowness`](super::slowness), `e2e::hang_ups` |
//! | 200 with HTML, 200 with an error, empty stream | the next target answers | [`failover`](super::failover)`::who_fails_before_content_is_passed_over`, `e2e::lies` |
//! | a wrong request | told as it is, nobody else asked | [`failover`](super::failover)`::what_is_wrong_with_the_request_is_told_and_nobody_else_asked` |
//! | 429 storm with `retry-after` | asked once, then not before the time is over | [`storms`] |
//! | every target fails | attempts add a fifth to the load | [`storms`] |
//! | target that fails now and then | no caller notices, however often it fails | [`flapping`] |
//! | flapping target | no caller notices; the breaker opens, tries, and closes | [`flapping`], `target::breaker` (model-checked) |
//! | all targets down | the right status and error in each dialect, streamed or not | [`everybody`] |
//! | slow client | nothing is held in memory for it, and it is cut | [`slow_readers`], `e2e::abuse::a_caller_that_does_not_read_is_cut_and_its_upstream_with_it` |
//! | client gone | the search ends, the upstream is left, what it used counts | [`failover`](super::failover)`::whoever_leaves_ends_the_search`, [`rate_limits`](super::rate_limits), `e2e::hang_ups` |
//! | clock jump | only days and months follow it | [`clocks`], `limit::tests::counter`, `provider::credentials` |
//! | slow target | another one is asked beside it, where that is wanted | [`hedging`](super::hedging) |
//! | unwell target | probes take it out and bring it back, with the reason | `e2e::targets`, `e2e::apisix_guides`, `target::probe` |
//! | Redis down | 50 ms once a second, then what each rule says | `e2e::limits`, `limit::tests::away` |
//! | Redis slow | the same | `e2e::limits` |
//! | 200 callers, a limit of 50 | 50 pass | [`races`](super::races), `limit::tests`, `e2e::limits` |

mod clocks;
mod everybody;
mod flapping;
mod fronts;
mod patience;
mod slow_readers;
mod storms;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sanmon_shared::report::{ProviderHealth, TargetHealth};
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::Answer;
use super::gateway::Setting;
use super::llm::{self, CHAT, patch, post, provider, streamed, whole};
use super::*;
use crate::target;

/// How a target is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mood {
    /// It answers, in the format of the path.
    Well,
    /// It fails with this status line and headers.
    Fails(&'static str, &'static str),
    /// It fails in so many of ten calls.
    FailsIn(usize),
    /// It says this and no more.
    Says(String),
    /// It says nothing until its mood changes.
    Silent,
}

/// A target whose mood a test changes, and that counts who asks.
pub(super) struct Target {
    pub(super) upstream: Upstream,
    asked: Arc<AtomicUsize>,
    mood: watch::Sender<Mood>,
}

impl Target {
    pub(super) async fn start(tasks: &Tasks) -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let (mood, moods) = watch::channel(Mood::Well);
        let count = Arc::clone(&asked);
        let upstream = Upstream::start(tasks, move |mut call, _| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let mut moods = moods.clone();
            async move {
                // The test may be over meanwhile.
                let Ok(now) =
                    moods.wait_for(|mood| *mood != Mood::Silent).await.map(|mood| mood.clone())
                else {
                    return;
                };
                match now {
                    Mood::Says(text) => call.say(&text).await,
                    Mood::Fails(status, headers) => call.say(&fails(status, headers)).await,
                    // Seven has no part in ten: not one after the other.
                    Mood::FailsIn(tenths) if number * 7 % 10 < tenths => {
                        call.say(&fails("500 Oh", "")).await;
                    }
                    Mood::Well | Mood::Silent | Mood::FailsIn(_) => {
                        call.say(&well(&call.text)).await;
                    }
                }
            }
        })
        .await;
        Self { upstream, asked, mood }
    }

    pub(super) fn is(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How often it was asked so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked so often.
    async fn is_asked(&self, times: usize) {
        while self.asked() < times {
            tokio::task::yield_now().await;
        }
    }
}

/// The answer of one that fails with this status line and headers.
fn fails(status: &str, headers: &str) -> String {
    let kind = match status.get(..3) {
        Some("429") => "rate_limit_error",
        Some("503") => "overloaded_error",
        _ => "server_error",
    };
    let error = json!({"error": {"message": "no", "type": kind, "param": null, "code": null}});
    whole(status, "application/json", headers, &error.to_string())
}

/// The answer of one that is well, in the format of the path that was asked: `hi`.
fn well(request: &str) -> String {
    let streams = request.contains("\"stream\":true");
    let path = request.split(' ').nth(1).unwrap();
    if streams {
        return streamed(if path.ends_with("/messages") {
            MESSAGES
        } else if path.ends_with("/responses") {
            RESPONSES
        } else {
            CHATS
        });
    }
    let body = if path.ends_with("/messages") {
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}"#
    } else if path.ends_with("/responses") {
        r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}"#
    } else if path.ends_with("/embeddings") {
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#
    } else {
        llm::ANSWER
    };
    whole("200 OK", "application/json", "", body)
}

const CHATS: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

const MESSAGES: &[&str] = &[
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

const RESPONSES: &[&str] = &[
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\nevent: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":2,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"hi\"}\n\n",
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"status\":\"completed\",\"model\":\"m\",\"output\":[{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"hi\",\"annotations\":[]}]}],\"usage\":{\"input_tokens\":3,\"output_tokens\":1,\"total_tokens\":4}}}\n\n",
];

/// The documents of a pool of providers, the first of which is asked first, and so on, and of a route of
/// this plugin to it.
fn pool(plugin: &str, providers: &[Value], more: &Value) -> Vec<(&'static str, Value)> {
    let ids = providers.iter().zip((0..providers.len()).rev());
    let targets: Vec<Value> = ids
        .map(|(provider, priority)| json!({"ref": provider["id"], "priority": priority}))
        .collect();
    let mut pool =
        json!({"id": "pool", "name": "pool", "provider": "loadbalancer", "targets": targets});
    patch(&mut pool, more);
    let mut documents: Vec<_> =
        providers.iter().map(|provider| ("providers", provider.clone())).collect();
    documents.extend(llm::documents(plugin, "providers", vec![pool]));
    documents
}

/// A provider at a target.
fn at(id: &str, target: &Target, more: &Value) -> Value {
    let mut document = provider(&target.upstream, &json!({"id": id, "name": id}));
    patch(&mut document, more);
    document
}

fn gateway(documents: Vec<(&'static str, Value)>) -> Gateway {
    Gateway::start(Setting { documents, ..Setting::default() })
}

/// Two chat providers, the first of which is asked first.
fn pair(first: &Target, second: &Target, of_first: &Value) -> Gateway {
    let providers = [at("a", first, of_first), at("b", second, &json!({}))];
    gateway(pool("openai-chat-completions", &providers, &json!({})))
}

/// One chat.
async fn ask(gateway: &Gateway, streams: bool) -> Answer {
    let body = json!({"messages": [{"role": "user", "content": "hello"}], "stream": streams});
    Client::ask(gateway.address, &post(CHAT, "", &body.to_string())).await
}

/// Several chats, one after the other, streamed and not: each is answered.
async fn all_answered(gateway: &Gateway, count: usize) {
    for number in 0..count {
        let answer = ask(gateway, number % 2 == 0).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.complete && answer.body.contains("hi"), "{}", answer.body);
        assert!(!answer.body.contains("\"error\""), "{}", answer.body);
    }
}

/// Chats, all of them answered, until something is so.
async fn until(gateway: &Gateway, what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}: in vain");
        all_answered(gateway, 1).await;
    }
}

/// What this data plane tells of a provider.
fn health(gateway: &Gateway, id: &str) -> Option<ProviderHealth> {
    let told = target::report(&gateway.shared.targets, Instant::now());
    told.into_iter().find(|one| one.id == id)
}

/// What it tells of the one credential and model of it.
fn of_target(gateway: &Gateway, id: &str) -> TargetHealth {
    health(gateway, id).unwrap().targets.remove(0)
}

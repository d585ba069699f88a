//! Providers that are slow to begin: another one is asked beside them, where that is wanted.

use serde_json::{Value, json};

use super::gateway::Setting;
use super::llm::{self, ANSWER, CHAT, patch, post, provider, streamed, upstream, whole};
use super::*;
use sanmon_shared::task::Tasks;

const STREAM: &[&str] = &[
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

/// Says nothing, and tells when its caller has left.
async fn silent(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, tell| async move {
        call.closed().await;
        let _ = tell.send("left".to_owned());
    })
    .await
}

async fn quick(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let streams = call.text.contains("\"stream\":true");
        let whole = whole("200 OK", "application/json", "", ANSWER);
        call.say(&if streams { streamed(STREAM) } else { whole }).await;
    })
    .await
}

/// A pool of these, in this order; another is asked `after` so many milliseconds.
fn hedged(upstreams: &[&Upstream], hedge: &Value) -> Gateway {
    let targets = upstreams.iter().zip(["a", "b", "c"]);
    let mut documents: Vec<(&str, Value)> = targets
        .clone()
        .map(|(upstream, id)| ("providers", provider(upstream, &json!({"id": id, "name": id}))))
        .collect();
    let targets: Vec<Value> = targets
        .zip((0..3).rev())
        .map(|((_, id), priority)| json!({"ref": id, "priority": priority}))
        .collect();
    let mut pool = json!({"id": "pool", "name": "pool", "provider": "loadbalancer",
        "targets": targets, "retry": {"budget": {"floor": 100}}});
    patch(&mut pool["retry"], &json!({"hedge": hedge}));
    documents.extend(llm::documents("openai-chat-completions", "providers", vec![pool]));
    Gateway::start(Setting { documents, ..Setting::default() })
}

fn body(streams: bool) -> String {
    let body = json!({"stream": streams, "messages": [{"role": "user", "content": "hello"}]});
    post(CHAT, "", &body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_content_first_answers_and_the_other_is_left() {
    let tasks = Tasks::default();
    let (mut slow, quick) = (silent(&tasks).await, quick(&tasks).await);
    let gateway = hedged(&[&slow, &quick], &json!({"after": 30}));
    for streams in [false, true] {
        let answer = Client::ask(gateway.address, &body(streams)).await;
        assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, Some("2")));
        assert!(answer.complete && answer.body.contains("hi"), "{}", answer.body);
        assert!(slow.saw().await.starts_with("POST"));
        assert_eq!(slow.saw().await, "left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_beside_one_that_answers_in_time() {
    let tasks = Tasks::default();
    let (first, mut second) = (quick(&tasks).await, quick(&tasks).await);
    let gateway = hedged(&[&first, &second], &json!({"after": 60_000}));
    for streams in [false, true] {
        let answer = Client::ask(gateway.address, &body(streams)).await;
        assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, None));
    }
    assert!(second.saw_nothing_more());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_are_asked_beside_it_than_may_be() {
    let tasks = Tasks::default();
    let (mut first, mut second) = (silent(&tasks).await, silent(&tasks).await);
    let mut third = quick(&tasks).await;
    let gateway = hedged(&[&first, &second, &third], &json!({"after": 10}));
    let request = body(false);
    {
        let asking = Client::ask(gateway.address, &request);
        let seen = async {
            assert!(
                first.saw().await.starts_with("POST") && second.saw().await.starts_with("POST")
            );
        };
        tokio::select! {
            _ = asking => panic!("nobody answers"),
            () = seen => {}
        }
    }
    // The caller leaves, and so both are left.
    assert_eq!((first.saw().await, second.saw().await), ("left".to_owned(), "left".to_owned()));
    assert!(third.saw_nothing_more());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_leaves_the_other_to_answer() {
    let tasks = Tasks::default();
    let error = r#"{"error":{"message":"no","type":"server_error"}}"#;
    let bad = upstream(&tasks, whole("500 No", "application/json", "", error)).await;
    let (slow, good) = (silent(&tasks).await, quick(&tasks).await);
    let gateway = hedged(&[&slow, &bad, &good], &json!({"after": 10, "attempts": 2}));
    let answer = Client::ask(gateway.address, &body(true)).await;
    assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, Some("3")));
    assert!(answer.complete && answer.body.contains("hi"), "{}", answer.body);
}

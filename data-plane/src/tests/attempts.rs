//! What is told of attempts: to the access log, and to nobody else.

use serde_json::{Value, json};

use super::gateway::Setting;
use super::llm::{self, ANSWER, CHAT, post, provider, sent, upstream, whole};
use super::*;
use crate::plane::AccessLog;
use sanmon_shared::task::Tasks;

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_in_the_log_where_one_failed() {
    let tasks = Tasks::default();
    let error = r#"{"error":{"message":"no","type":"server_error"}}"#;
    let bad = upstream(&tasks, whole("500 No", "application/json", "", error)).await;
    let good = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let mut documents = llm::documents(
        "openai-chat-completions",
        "providers",
        vec![provider(&bad, &json!({"provider_fallback": "b"}))],
    );
    documents.insert(0, ("providers", provider(&good, &json!({"id": "b", "name": "b"}))));
    let log = AccessLog::File(path.clone());
    let gateway = Gateway::start(Setting { documents, log, ..Setting::default() });
    let body = r#"{"messages":[]}"#;
    let answer = Client::ask(gateway.address, &post(CHAT, "", body)).await;
    assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, Some("2")));
    let answer = Client::ask(gateway.address, &post(CHAT, "", body)).await;
    assert_eq!(answer.status, 200);
    let lines = gateway.stop(&path).await;
    let [line, _] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&line["provider"], &line["model"]), (&json!("b"), &json!("default-model")));
    let tries = line["tries"].as_array().unwrap();
    let [first, second] = &tries[..] else { panic!("{line}") };
    assert_eq!(first["provider"], "provider_1");
    assert_eq!((&first["outcome"], &first["status"]), (&json!("server"), &json!(500)));
    assert_eq!((&first["credential"], &first["input_tokens"]), (&json!(0), &Value::Null));
    assert_eq!((&second["provider"], &second["outcome"]), (&json!("b"), &json!("ok")));
    assert_eq!((&second["status"], &second["output_tokens"]), (&json!(200), &json!(1)));
    for time in ["head_ms", "total_ms"] {
        assert!(first[time].as_f64().unwrap() > 0.0, "{first}");
    }
    assert!(second["first_token_ms"].as_f64() >= second["head_ms"].as_f64(), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_attempt_that_answers_is_nothing_to_tell() {
    let tasks = Tasks::default();
    let good = upstream(&tasks, whole("200 OK", "application/json", "", ANSWER)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let documents =
        llm::documents("openai-chat-completions", "providers", vec![provider(&good, &json!({}))]);
    let log = AccessLog::File(path.clone());
    let gateway = Gateway::start(Setting { documents, log, ..Setting::default() });
    let answer = Client::ask(gateway.address, &post(CHAT, "", r#"{"messages":[]}"#)).await;
    assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, None));
    let lines = gateway.stop(&path).await;
    assert_eq!((&lines[0]["tries"], &lines[0]["attempts"]), (&Value::Null, &json!(1)));
}

/// A provider with two credentials, the first of which may not ask now.
async fn limited(tasks: &Tasks, answer: &'static str) -> Upstream {
    Upstream::start(tasks, move |mut call, _| async move {
        let limit = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
        let first = call.text.contains("sk-first");
        let answer = if first {
            whole("429 Slow", "application/json", "retry-after: 60\r\n", limit)
        } else {
            whole("200 OK", "application/json", "", answer)
        };
        call.say(&answer).await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_go_to_the_next_credential() {
    let tasks = Tasks::default();
    let answer = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let limited = limited(&tasks, answer).await;
    let base = format!("http://{}/v1", limited.address);
    let model = json!({"id": "e", "name": "e", "provider": "openai-compatible", "config": {
        "connection": {"base_url": base, "token": "sk-first,sk-second"},
        "options": {"model": "m"}}});
    let documents = llm::documents("openai-embeddings", "embedding-models", vec![model]);
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    for _ in 0..3 {
        let body = r#"{"input":"a"}"#;
        let answer = Client::ask(gateway.address, &post("/v1/embeddings", "", body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_keeps_is_asked_for_with_the_credential_that_made_it() {
    let tasks = Tasks::default();
    let answer = r#"{"id":"resp_up","object":"response","status":"completed","model":"m","output":[],"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}"#;
    let mut limited = limited(&tasks, answer).await;
    let more = json!({"connection": {"formats": ["responses"], "token": "sk-first,sk-second"}});
    let documents =
        llm::documents("openai-responses", "providers", vec![provider(&limited, &more)]);
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let path = "/v1/responses";
    let answer = Client::ask(gateway.address, &post(path, "", r#"{"input":"a"}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let next = r#"{"input":"b","previous_response_id":"resp_up"}"#;
    for _ in 0..2 {
        let answer = Client::ask(gateway.address, &post(path, "", next)).await;
        assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, None));
        let read = request("GET", "/v1/responses/resp_up", "");
        assert_eq!(Client::ask(gateway.address, &read).await.status, 200);
    }
    let mut seen = limited.saw().await;
    if seen.contains("sk-first") {
        seen = limited.saw().await;
    }
    assert!(seen.contains("sk-second") && sent(&seen)["input"] == "a", "{seen}");
    for _ in 0..4 {
        let seen = limited.saw().await;
        assert!(seen.contains("sk-second"), "{seen}");
    }
}

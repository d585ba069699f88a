//! Every error code is what some request is answered.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use serde_json::json;

use super::fixture::{Answered, Fixture, VIEWER, fixture, with_retention};
use crate::admin::Code;
use crate::store::Retention;

/// The codes that a call of the application in this process cannot bring about, each with the test
/// that does.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::Timeout, "body::tests::a_caller_that_stops_in_the_middle_is_told"),
    (Code::Internal, "tests::envelope::a_defect_is_told_without_its_cause"),
    (Code::Contended, "tests::codes::a_write_gives_up_when_others_write_all_the_time"),
];

async fn on_the_way<S>(fixture: &Fixture<S>) -> Vec<(Code, Answered)>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let routes = "/apis/v1/routes";
    let json = |text: &'static str| fixture.post(routes).bytes("application/json", text);
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let viewer = format!("Bearer {VIEWER}");
    vec![
        (Code::Malformed, json("{\"name\": ").await),
        (Code::Malformed, json("").await),
        (Code::Malformed, json("{\"name\": \"a\", \"name\": \"b\"}").await),
        (Code::Malformed, fixture.post(routes).bytes("application/yaml", "a: [").await),
        (Code::Malformed, fixture.post(routes).bytes("application/json", &b"\"\xff\""[..]).await),
        (Code::TooDeep, fixture.post(routes).bytes("application/json", deep).await),
        (Code::BadParameter, fixture.get("/apis/v1/routes?dryrun=true").send().await),
        (Code::BadParameter, fixture.get("/apis/v1/revisions/one").send().await),
        (Code::Unauthenticated, fixture.get(routes).anonymous().send().await),
        (Code::Unauthenticated, fixture.get(routes).credential("x-api-key", "no").send().await),
        (Code::Forbidden, {
            let ask = fixture.delete("/apis/v1/routes/a").credential("authorization", &viewer);
            ask.send().await
        }),
        (Code::Forbidden, {
            fixture.get("/apis/v1/export").credential("authorization", &viewer).send().await
        }),
        (Code::PathUnknown, fixture.get("/apis/v1/nothing").send().await),
        (Code::PathUnknown, fixture.get("/nothing").anonymous().send().await),
        (Code::NotFound, fixture.get("/apis/v1/routes/none").send().await),
        (Code::NotFound, fixture.get("/apis/v1/plugin-kinds/none").send().await),
        (Code::NotFound, fixture.get("/apis/v1/revisions/999").send().await),
        (Code::MethodNotAllowed, fixture.ask(Method::PUT, routes).send().await),
        (Code::NotAcceptable, fixture.get(routes).header("accept", "image/png").send().await),
        (Code::IdTaken, { fixture.post("/apis/v1/admins").json(&json!({"id": "viewer"})).await }),
        (Code::Referenced, fixture.delete("/apis/v1/providers/provider_example").send().await),
        (Code::LastAdmin, fixture.delete("/apis/v1/admins/admin?force=true").send().await),
        (Code::PreconditionFailed, {
            fixture.delete("/apis/v1/admins/viewer").header("if-match", "\"999\"").send().await
        }),
        (Code::TooLarge, {
            let long = format!("\"{}\"", "a".repeat(33 << 20));
            fixture.post(routes).bytes("application/json", long).await
        }),
        (Code::TooLarge, {
            let operation = json!({"action": "delete", "kind": "routes", "id": "a"});
            let many = json!({"operations": vec![operation; 10_001]});
            fixture.post("/apis/v1/transactions").json(&many).await
        }),
        (Code::UnsupportedMediaType, fixture.post(routes).bytes("text/plain", "{}").await),
        (Code::Invalid, json("{\"nmae\": \"a\", \"enabled\": 3}").await),
    ]
}

#[actix_web::test]
async fn every_code_is_answered_with_its_status() {
    let retention = Retention { revisions: 2, age: Duration::ZERO, per_commit: 100 };
    let fixture = with_retention(retention).await;
    fixture.with_provider().await;
    let embedding = json!({"name": "chat", "plugins": [
        {"plugin": "openai-chat-completions", "config": {"refs": ["provider_example"]}},
    ]});
    assert_eq!(fixture.put("/apis/v1/routes/chat").json(&embedding).await.status, 201);
    for name in ["a", "b", "c", "d"] {
        fixture.clock.advance(1);
        let backend = json!({"name": name, "backend": {}});
        assert_eq!(fixture.put("/apis/v1/backends/b").json(&backend).await.status / 100, 2);
    }
    let mut answers = on_the_way(&fixture).await;
    answers.push((Code::Gone, fixture.get("/apis/v1/revisions/1").send().await));
    answers.push((Code::Gone, fixture.post("/apis/v1/revisions/1/rollback").send().await));

    fixture.store.away.store(true, Ordering::Relaxed);
    answers.push((Code::StoreUnavailable, fixture.delete("/apis/v1/routes/chat").send().await));
    answers.push((Code::StoreUnavailable, fixture.get("/apis/v1/data-planes").send().await));
    answers.push((Code::NotReady, fixture.get("/readyz").anonymous().send().await));
    let stale = fixture.get("/apis/v1/routes/chat").send().await;
    assert_eq!((stale.status, stale.header("x-sanmon-stale")), (200, "true"));
    fixture.store.away.store(false, Ordering::Relaxed);

    for _ in 0..20 {
        let guess = fixture.get("/apis/v1/routes").peer("198.51.100.7:1");
        let guessed = guess.credential("x-api-key", "guess").send().await;
        if guessed.status == 429 {
            answers.push((Code::TooManyFailures, guessed));
            break;
        }
    }

    let mut seen: BTreeSet<_> = ELSEWHERE.iter().map(|(code, _)| code.as_str()).collect();
    for (expected, answer) in answers {
        let text: String = answer.text().chars().take(300).collect();
        assert_eq!(answer.code(), expected.as_str(), "{text}");
        assert_eq!(answer.status, expected.status().as_u16(), "{text}");
        assert_eq!(answer.json()["title"], expected.title());
        match answer.status {
            401 => assert!(answer.header("www-authenticate").contains("Bearer")),
            405 => assert!(answer.header("allow").contains("GET")),
            415 => assert!(answer.header("accept").contains("application/json")),
            429 => assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0),
            _ => {}
        }
        seen.insert(expected.as_str());
    }
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(seen, all);
}

#[actix_web::test]
async fn a_write_gives_up_when_others_write_all_the_time() {
    let fixture = fixture().await;
    fixture.store.contended.store(true, Ordering::Relaxed);
    tokio::time::pause();
    let refused = fixture.post("/apis/v1/backends").json(&json!({"backend": {}})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, Code::Contended.as_str()));
    assert_eq!(refused.header("retry-after"), "1");
}

#[actix_web::test]
async fn every_problem_of_a_document_is_told_with_its_place() {
    let fixture = fixture().await;
    let route = json!({
        "nmae": "a",
        "enabled": "yes",
        "plugins": [{"plugin": "openai-chat-completions", "config": {"refs": ["none"], "x": 1}}],
    });
    let refused = fixture.post("/apis/v1/routes").json(&route).await;
    assert_eq!(refused.code(), "invalid_document");
    let problems = refused.json()["problems"].clone();
    let pointers: Vec<_> =
        problems.as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    for pointer in ["/nmae", "/enabled", "/plugins/0/config/x"] {
        assert!(pointers.contains(&pointer), "{pointer}: {problems:#}");
    }
}

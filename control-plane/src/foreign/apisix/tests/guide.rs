//! Each call of API7's guide "Connect Any OpenAI-Compatible LLM".

use super::*;

/// The path and query of every write of the guide.
const WRITE: &str = "/routes?gateway_group_id=default";

/// The bodies that it writes, with their shell variables.
const BODIES: &str = include_str!("guide.json");

/// The same as the shell sends them.
fn bodies(service: &str) -> Vec<Value> {
    let sent = BODIES
        .replace("$SERVICE_ID", service)
        .replace("$TOGETHER_API_KEY", "canary-together")
        .replace("$OPENAI_API_KEY", "canary-openai");
    serde_json::from_str(&sent).unwrap()
}

#[actix_web::test]
async fn every_call_works_and_may_be_repeated() {
    let fixture = fixture().await;
    fixture.made("/services?gateway_group_id=default", &json!({"id": "llm", "name": "llm"})).await;
    let bodies = bodies("llm");
    assert_eq!(bodies.len(), 4);
    for body in bodies {
        let first = fixture.call("PUT", WRITE, &body).await;
        assert_eq!(first.status, 201, "{}", first.text());
        let json = first.json();
        assert_has(&json["value"], &json!({"service_id": "llm", "paths": body["paths"]}));
        assert!(json.get("key").is_none() && json["value"]["created_at"].is_i64(), "{json:#}");
        assert!(!first.text().contains("canary"), "{}", first.text());
        let revision = fixture.shared.configuration.state().head().revision;
        assert_eq!(fixture.call("PUT", WRITE, &body).await.status, 200);
        assert_eq!(fixture.shared.configuration.state().head().revision, revision, "no change");
    }
    let route = fixture.ours("routes/custom-llm-route").await;
    assert_has(
        &route,
        &json!({
            "frontend": {"paths": ["/custom-llm"], "strip_path": false},
            "service_ref": "llm",
        }),
    );
    assert_eq!(route["plugins"][0]["plugin"], "ai-proxy");
}

#[actix_web::test]
async fn a_variable_that_the_shell_did_not_expand_is_told() {
    let fixture = fixture().await;
    let literal = bodies("$SERVICE_ID").remove(0);
    let (status, text) = fixture.refused("PUT", WRITE, &literal).await;
    assert_eq!(status, 400);
    let begin = "failed to fetch service info by service id [$SERVICE_ID], response code: 404";
    assert!(text.starts_with(begin) && text.contains("single quotes"), "{text}");
    let (status, text) = fixture.refused("PUT", WRITE, &bodies("absent").remove(0)).await;
    let expected = "failed to fetch service info by service id [absent], response code: 404";
    assert_eq!((status, text.as_str()), (400, expected));
}

#[actix_web::test]
async fn there_is_one_gateway_group() {
    let fixture = fixture().await;
    let (status, text) =
        fixture.refused("GET", "/routes?gateway_group_id=other", &Value::Null).await;
    assert_eq!(status, 404);
    assert!(text.contains("gateway group [other] not found"), "{text}");
}

//! Transactions, history, export and import.

use serde_json::json;

use super::fixture::fixture;

#[actix_web::test]
async fn a_transaction_is_one_revision_or_none() {
    let fixture = fixture().await;
    let head = || fixture.shared.configuration.state().head().revision;
    let before = head();
    let both = json!({"message": "chat", "operations": [
        {"action": "create", "kind": "routes", "document": {"id": "chat", "plugins": [
            {"plugin": "openai-chat-completions", "config": {"refs": ["p"]}}]}},
        {"action": "put", "kind": "providers", "id": "p", "document": {"provider": "openai"}},
    ]});
    let done = fixture.post("/apis/v1/transactions").json(&both).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!((done.json()["revision"].as_u64(), head()), (Some(before + 1), before + 1));
    assert_eq!(done.json()["results"][0]["effect"], "created");
    let half = json!({"operations": [
        {"action": "merge", "kind": "routes", "id": "chat", "patch": {"name": "n"}},
        {"action": "patch", "kind": "routes", "id": "chat",
            "patch": [{"op": "replace", "path": "/plugins/0/config/refs/0", "value": "none"}]},
        {"action": "delete", "kind": "providers", "id": "p"},
    ]});
    let refused = fixture.post("/apis/v1/transactions").json(&half).await;
    assert!(matches!(refused.status, 409 | 422), "{}", refused.text());
    assert_eq!(head(), before + 1);
    let conditional = json!({"operations": [
        {"action": "merge", "kind": "routes", "id": "chat", "patch": {}, "if_match": 1},
    ]});
    assert_eq!(fixture.post("/apis/v1/transactions").json(&conditional).await.status, 412);
    let absent = json!({"operations": [
        {"action": "put", "kind": "providers", "id": "p", "if_absent": true,
            "document": {"provider": "openai"}},
    ]});
    assert_eq!(fixture.post("/apis/v1/transactions").json(&absent).await.status, 412);
}

#[actix_web::test]
async fn every_mistake_in_a_transaction_is_told_with_its_place() {
    let fixture = fixture().await;
    let wrong = json!({"operation": [], "operations": [
        3,
        {"action": "make", "kind": "routes"},
        {"action": "put", "kind": "roads"},
        {"action": "put", "kind": "routes", "force": true},
        {"action": "merge", "kind": "routes", "id": 3, "patch": {}, "if_match": "x"},
    ]});
    let refused = fixture.post("/apis/v1/transactions").json(&wrong).await;
    assert_eq!(refused.code(), "invalid_document");
    insta::assert_json_snapshot!(refused.json()["problems"]);
}

#[actix_web::test]
async fn a_rollback_makes_a_new_revision_equal_to_the_old_one() {
    let fixture = fixture().await;
    let head = || fixture.shared.configuration.state().head().clone();
    let key = json!({"clientId": "app", "clientSecret": "s3cret-s3cret"});
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&key).await.status, 201);
    let then = head();
    assert_eq!(fixture.delete("/apis/v1/apikeys/app").send().await.status, 204);
    let path = format!("/apis/v1/revisions/{}/rollback", then.revision);
    let plan = fixture.post(&format!("{path}?dry_run=true")).send().await;
    assert_eq!(plan.json()["results"][0]["effect"], "created");
    let done = fixture.post(&path).send().await;
    assert_eq!((done.status, done.json()["revision"].as_u64()), (200, Some(then.revision + 2)));
    assert_eq!(head().digest, then.digest);
    let (newest, old) = (head().revision, then.revision);
    let same = fixture.get(&format!("/apis/v1/revisions/{old}/diff/{newest}")).send().await;
    assert_eq!(same.json()["changes"], json!([]));
}

#[actix_web::test]
async fn an_export_goes_in_again_in_every_form_with_its_secrets() {
    let fixture = fixture().await;
    let provider = json!({"provider": "openai", "connection": {"token": "sk-secret"}});
    assert_eq!(fixture.put("/apis/v1/providers/p").json(&provider).await.status, 201);
    let key = json!({"clientId": "app", "clientSecret": "s3cret-s3cret"});
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&key).await.status, 201);
    let digest = || fixture.shared.configuration.state().head().digest;
    let then = digest();
    for media in ["application/json", "application/yaml", "application/x-ndjson"] {
        let export = fixture.get("/apis/v1/export").header("accept", media).send().await;
        assert_eq!((export.status, export.header("content-type")), (200, media));
        assert_eq!(fixture.delete("/apis/v1/providers/p").send().await.status, 204);
        let extra = fixture.put("/apis/v1/backends/extra").json(&json!({"backend": {}})).await;
        assert_eq!(extra.status, 201);
        let ask = fixture.post("/apis/v1/import?mode=replace");
        let import = ask.bytes(media, export.body.clone()).await;
        assert_eq!(import.status, 200, "{}", import.text());
        assert_eq!(digest(), then, "{media}");
    }
}

#[actix_web::test]
async fn mistakes_in_an_import_of_lines_are_told_by_line() {
    let fixture = fixture().await;
    let lines = "{\"format\":\"sanmon.export/v1\"}\n\n{\"kind\":\"routes\",\"document\":{\"id\":\"a\"}}\n\
                 {\"kind\":\"routes\",\"document\":{\"id\":\"b\",\"enabled\":3}}\n";
    let refused = fixture.post("/apis/v1/import").bytes("application/x-ndjson", lines).await;
    assert_eq!(refused.json()["problems"][0]["pointer"], "/3/document/enabled");
    let lines = "{\"kind\":\"routes\"}\n";
    let refused = fixture.post("/apis/v1/import").bytes("application/x-ndjson", lines).await;
    assert_eq!(refused.json()["problems"][0]["pointer"], "/0");
    let refused = fixture.post("/apis/v1/import").bytes("application/x-ndjson", "{}\n{").await;
    assert_eq!(refused.code(), "malformed_body");
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("line 2"));
}

#[actix_web::test]
async fn members_without_effect_are_listed_and_the_answer_can_be_put_back() {
    let fixture = fixture().await;
    let route = json!({"name": "a", "debug_flow": true});
    let made = fixture.put("/apis/v1/routes/a").json(&route).await;
    assert_eq!(made.json()["warnings"][0]["pointer"], "/debug_flow", "{}", made.text());
    let again = fixture.put("/apis/v1/routes/a").json(&made.json()).await;
    assert_eq!((again.status, again.header("etag")), (200, made.header("etag")));
}

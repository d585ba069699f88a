//! Managers of secrets, and references to what they keep.

use super::*;

fn vault() -> Value {
    json!({"uri": "http://127.0.0.1:8200", "prefix": "kv/llm", "token": "canary-vault-token"})
}

fn route(header: &str) -> Value {
    let mut config = ai_proxy();
    config["auth"]["header"]["Authorization"] = json!(header);
    json!({"uri": "/a", "plugins": {"ai-proxy": config}})
}

#[actix_web::test]
async fn managers_of_each_sort_are_written_read_listed_and_deleted() {
    let fixture = fixture().await;
    let key = json!({"client_email": "me@p.example", "private_key": "canary-pem", "project_id": "p",
        "scope": ["a"], "entries_uri": "http://127.0.0.1:1/v1"});
    let aws = json!({"access_key_id": "canary-id", "secret_access_key": "$ENV://AWS",
        "region": "eu-west-1", "endpoint_url": "http://127.0.0.1:2"});
    for (path, document) in
        [("vault/1", vault()), ("aws/1", aws), ("gcp/1", json!({"auth_config": key}))]
    {
        let put = fixture.call("PUT", &format!("/secrets/{path}"), &document).await;
        assert_eq!(put.status, 201, "{}", put.text());
        assert_eq!(put.json()["key"], format!("/apisix/secrets/{path}"));
        let again = fixture.call("PUT", &format!("/secrets/{path}"), &document).await;
        assert_eq!(again.status, 200, "{}", again.text());
        let value = fixture.value(&format!("/secrets/{path}")).await;
        assert_eq!(value["id"], "1");
        assert!(!value.to_string().contains("canary"), "{value:#}");
    }
    let value = fixture.value("/secrets/aws/1").await;
    assert_has(&value, &json!({"secret_access_key": "$env://AWS", "region": "eu-west-1"}));
    let ours = fixture.ours("secret-managers/vault.1").await;
    assert_has(&ours["vault"], &json!({"uri": "http://127.0.0.1:8200", "prefix": "kv/llm"}));
    for (path, expected) in [
        (
            "/secrets",
            json!(["/apisix/secrets/aws/1", "/apisix/secrets/gcp/1", "/apisix/secrets/vault/1"]),
        ),
        ("/secrets/vault", json!(["/apisix/secrets/vault/1"])),
    ] {
        let list = fixture.call("GET", path, &Value::Null).await.json();
        let mut keys: Vec<_> =
            list["list"].as_array().unwrap().iter().map(|one| one["key"].clone()).collect();
        keys.sort_by_key(ToString::to_string);
        assert_eq!(json!(keys), expected);
    }
    let patched = fixture.call("PATCH", "/secrets/vault/1", &json!({"namespace": "team"})).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let value = fixture.value("/secrets/vault/1").await;
    assert_has(&value, &json!({"namespace": "team", "prefix": "kv/llm"}));
    let deleted = fixture.call("DELETE", "/secrets/gcp/1", &Value::Null).await;
    assert_eq!(deleted.json(), json!({"deleted": "1", "key": "/apisix/secrets/gcp/1"}));
    assert_eq!(fixture.refused("GET", "/secrets/gcp/1", &Value::Null).await.0, 404);
}

#[actix_web::test]
async fn what_no_manager_can_be_is_named() {
    let fixture = fixture().await;
    let with = |name: &str, value: Value| {
        let mut document = vault();
        document[name] = value;
        document
    };
    for (method, path, document, status, told) in [
        ("PUT", "/secrets/other/1", vault(), 400, "invalid secret manager: other"),
        ("PUT", "/secrets/vault", vault(), 400, "missing secret id"),
        ("PATCH", "/secrets/vault", vault(), 400, "no secret id"),
        ("POST", "/secrets/vault", vault(), 405, "not supported `POST` method for secret"),
        ("PUT", "/secrets/vault/1", json!({"uri": "http://a"}), 400, "missing field `prefix`"),
        (
            "PUT",
            "/secrets/vault/1",
            with("x", json!(1)),
            400,
            "additional properties forbidden, found x",
        ),
        (
            "PUT",
            "/secrets/vault/1",
            with("uri", json!("$env://A")),
            400,
            "looked up in secrets only",
        ),
        ("PUT", "/secrets/gcp/1", json!({"auth_file": "/a"}), 400, "no files are read"),
    ] {
        let (was, text) = fixture.refused(method, path, &document).await;
        assert!(was == status && text.contains(told), "{method} {path}: {was} {text}");
    }
}

#[actix_web::test]
async fn a_reference_needs_its_manager_and_keeps_it() {
    let fixture = fixture().await;
    let text = "$secret://vault/1/openai/key";
    let (status, told) = fixture.refused("PUT", "/routes/r", &route(text)).await;
    assert_eq!(status, 400);
    assert!(told.contains("there is no secret-manager with the id \"vault.1\""), "{told}");
    assert!(told.contains("auth.header.Authorization"), "{told}");
    fixture.made("/secrets/vault/1", &vault()).await;
    for (written, shown) in [
        ("$SECRET://vault/1/openai/key", text),
        ("Bearer $secret://vault/1/openai/key", "Bearer $secret://vault/1/openai/key"),
        (text, text),
    ] {
        fixture.made("/routes/r", &route(written)).await;
        let value = fixture.value("/routes/r").await;
        assert_eq!(value["plugins"]["ai-proxy"]["auth"]["header"]["Authorization"], shown);
    }
    let told = "can not delete this secret, route [r] is still using it now";
    let refused = fixture.refused("DELETE", "/secrets/vault/1", &Value::Null).await;
    assert_eq!(refused, (400, told.to_owned()));
    fixture.made("/routes/r", &route("Bearer canary-key")).await;
    assert_eq!(fixture.call("DELETE", "/secrets/vault/1", &Value::Null).await.status, 200);
}

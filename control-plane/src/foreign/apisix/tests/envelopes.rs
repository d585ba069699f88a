//! Envelopes, statuses and ids.

use super::*;

#[actix_web::test]
async fn what_writes_and_reads_answer() {
    let fixture = fixture().await;
    let service = json!({"name": "a", "hosts": ["a.example.com"]});
    let put = fixture.call("PUT", "/services/1", &service).await;
    assert_eq!(put.status, 201);
    let made = put.json();
    assert_eq!(made["key"], "/apisix/services/1");
    assert_has(&made["value"], &json!({"id": "1", "name": "a", "hosts": ["a.example.com"]}));
    let created = made["value"]["create_time"].as_i64().unwrap();
    assert_eq!(created, 1_760_000_000);
    fixture.clock.advance(5_000);
    let again = fixture.call("PUT", "/services", &json!({"id": 1, "name": "b"})).await;
    assert_eq!(again.status, 200);
    assert_has(
        &again.json()["value"],
        &json!({"id": "1", "name": "b", "create_time": created, "update_time": created + 5}),
    );
    let read = fixture.call("GET", "/services/1", &Value::Null).await.json();
    assert!(read["createdIndex"].is_u64() && read["modifiedIndex"].is_u64(), "{read}");
    let api7 =
        fixture.call("GET", "/services/1?gateway_group_id=default", &Value::Null).await.json();
    assert_eq!(api7["value"]["updated_at"], created + 5);
    assert!(api7.get("key").is_none());
    let deleted = fixture.call("DELETE", "/services/1", &Value::Null).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(deleted.json(), json!({"deleted": "1", "key": "/apisix/services/1"}));
    for method in ["GET", "DELETE", "PATCH"] {
        let body = if method == "PATCH" { json!({"name": "c"}) } else { Value::Null };
        let gone = fixture.call(method, "/services/1", &body).await;
        assert_eq!((gone.status, gone.json()), (404, json!({"message": "Key not found"})));
    }
}

#[actix_web::test]
async fn ids_are_made_up_for_post_and_given_elsewhere() {
    let fixture = fixture().await;
    let upstream = json!({"type": "roundrobin", "nodes": {"127.0.0.1:1980": 1}});
    let posted = fixture.call("POST", "/upstreams", &upstream).await;
    assert_eq!(posted.status, 201, "{}", posted.text());
    let id = posted.json()["value"]["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 20 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    let with = |id: Value| {
        let mut body = upstream.clone();
        body["id"] = id;
        body
    };
    for (method, path, body, told) in [
        ("POST", "/upstreams/1", upstream.clone(), "wrong upstream id, do not need it"),
        ("POST", "/upstreams", with(json!("1")), "wrong upstream id, do not need it"),
        ("PUT", "/upstreams", upstream.clone(), "missing upstream id"),
        ("PUT", "/upstreams/1", with(json!("2")), "wrong upstream id"),
        ("PUT", "/consumers/a", json!({"username": "b"}), "wrong username"),
        ("PUT", "/global_rules", json!({"plugins": {}}), "missing global rule id"),
        ("DELETE", "/upstreams", Value::Null, "missing upstream id"),
        ("PATCH", "/upstreams", json!({}), "missing upstream id"),
        ("PUT", "/upstreams/1", Value::Null, "missing configurations"),
        ("PATCH", &format!("/upstreams/{id}"), Value::Null, "missing new configuration"),
        ("PATCH", &format!("/upstreams/{id}"), json!(1), "invalid configuration"),
    ] {
        let answered = fixture.refused(method, path, &body).await;
        assert_eq!(answered, (400, told.to_owned()), "{method} {path}");
    }
    let (status, text) = fixture.refused("PUT", "/upstreams/a%20b", &upstream).await;
    assert!(status == 400 && text.contains("property \"id\" validation failed"), "{text}");
}

#[actix_web::test]
async fn methods_that_a_collection_lacks_are_told() {
    let fixture = fixture().await;
    fixture.made("/consumers", &json!({"username": "jack"})).await;
    for (method, path, status, told) in [
        ("POST", "/consumers", 405, "not supported `POST` method for consumer"),
        ("PATCH", "/consumers/jack", 405, "not supported `PATCH` method for consumer"),
        ("POST", "/consumer_groups", 405, "not supported `POST` method for consumer group"),
        ("POST", "/plugin_configs", 405, "not supported `POST` method for plugin config"),
        ("POST", "/consumers/jack/credentials", 405, "not supported `POST` method for credential"),
        ("GET", "/nothing", 404, "Unsupported resource type: nothing"),
        ("OPTIONS", "/routes", 404, "not found"),
    ] {
        let answered = fixture.refused(method, path, &json!({})).await;
        assert_eq!(answered, (status, told.to_owned()), "{method} {path}");
    }
}

#[actix_web::test]
async fn bodies_are_json_and_bounded() {
    let fixture = fixture().await;
    let put = |body: String| {
        let ask = fixture.put("/apisix/admin/routes/1").credential("x-api-key", KEY);
        ask.bytes(FORM, body)
    };
    let broken = put("{\"uri\": \"/canary".to_owned()).await;
    assert_eq!(broken.status, 400);
    let text = broken.text();
    assert!(text.contains("invalid request body: ") && !text.contains("canary"), "{text}");
    let large = put(format!("{{\"desc\": \"{}\"}}", "a".repeat(1_572_864))).await;
    assert_eq!(large.status, 400);
    assert!(large.text().contains("greater than the maximum size 1572864 allowed"));
}

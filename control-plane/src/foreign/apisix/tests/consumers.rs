//! Consumers and their keys.

use super::*;

#[actix_web::test]
async fn the_key_of_a_consumer_is_an_api_key_of_ours() {
    let fixture = fixture().await;
    fixture.made("/consumer_groups/g", &json!({"plugins": {}, "desc": "d"})).await;
    let consumer = json!({
        "username": "jack", "desc": "who", "labels": {"a": "b"}, "group_id": "g",
        "plugins": {
            "key-auth": {"key": "canary-jack-key"},
            "limit-count": {"count": 1, "time_window": 1},
        },
    });
    let put = fixture.call("PUT", "/consumers", &consumer).await;
    assert_eq!(put.status, 201, "{}", put.text());
    assert!(!put.text().contains("canary"));
    let key = fixture.ours("apikeys/jack.key-auth").await;
    assert_has(&key, &json!({"consumerRef": "jack", "clientName": "jack"}));
    let ours = fixture.ours("consumers/jack").await;
    assert_has(&ours, &json!({"group_ref": "g", "description": "who"}));
    assert_eq!(ours["plugins"][0]["plugin"], "limit-count");
    // What is read can be written, and keeps the key.
    let mut value = fixture.value("/consumers/jack").await;
    assert!(value["plugins"]["key-auth"]["key"].as_str().unwrap().starts_with("********-"));
    for time in ["create_time", "update_time"] {
        value.as_object_mut().unwrap().shift_remove(time);
    }
    assert_eq!(fixture.call("PUT", "/consumers/jack", &value).await.status, 200);
    assert_eq!(fixture.ours("apikeys/jack.key-auth").await["clientSecret"], key["clientSecret"]);
    // Without it the key goes.
    fixture.made("/consumers", &json!({"username": "jack"})).await;
    assert_eq!(fixture.get("/apis/v1/apikeys/jack.key-auth").send().await.status, 404);
}

#[actix_web::test]
async fn credentials_are_api_keys_of_ours() {
    let fixture = fixture().await;
    let credential = json!({
        "name": "first", "desc": "d", "labels": {"a": "b"},
        "plugins": {"key-auth": {"key": "canary-key-one"}},
    });
    let path = "/consumers/jack/credentials/one";
    let refused = fixture.refused("PUT", path, &credential).await;
    assert_eq!(refused, (404, "consumer not found".to_owned()));
    fixture.made("/consumers", &json!({"username": "jack"})).await;
    let put = fixture.call("PUT", path, &credential).await;
    assert_eq!(
        (put.status, &put.json()["key"]),
        (201, &json!("/apisix/consumers/jack/credentials/one"))
    );
    let key = fixture.ours("apikeys/jack.one").await;
    assert_has(&key, &json!({"consumerRef": "jack", "clientName": "first", "description": "d"}));
    let native =
        json!({"clientId": "native", "clientSecret": "native-secret", "consumerRef": "jack"});
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&native).await.status, 201);
    let list = fixture.call("GET", "/consumers/jack/credentials", &Value::Null).await.json();
    let ids: Vec<_> =
        list["list"].as_array().unwrap().iter().map(|one| one["value"]["id"].clone()).collect();
    assert_eq!(ids, ["native", "one"]);
    assert_has(&fixture.value(path).await, &json!({"id": "one", "name": "first", "desc": "d"}));
    // The keys that were made here go with the consumer; others keep it.
    let (status, text) = fixture.refused("DELETE", "/consumers/jack", &Value::Null).await;
    assert_eq!(status, 400);
    assert!(text.contains("API key [native] is still using it now"), "{text}");
    assert_eq!(fixture.delete("/apis/v1/apikeys/native").send().await.status, 204);
    assert_eq!(fixture.call("DELETE", "/consumers/jack", &Value::Null).await.status, 200);
    assert_eq!(fixture.get("/apis/v1/apikeys/jack.one").send().await.status, 404);
}

#[actix_web::test]
async fn keys_that_cannot_be_are_refused() {
    let fixture = fixture().await;
    let bob = json!({"username": "bob", "plugins": {"key-auth": {"key": "canary-shared"}}});
    fixture.made("/consumers", &bob).await;
    fixture.made("/consumers", &json!({"username": "jack"})).await;
    for (plugins, told) in [
        (
            json!({"key-auth": {"key": "canary-shared"}}),
            "duplicate key of plugin key-auth found with consumer: bob",
        ),
        (json!({"limit-count": {}}), "only supports auth type plugins in consumer credential"),
        (json!({"jwt-auth": {}}), "unknown plugin [jwt-auth]"),
        (json!({"key-auth": {}}), "property \"key\" is required"),
        (json!({"key-auth": {"key": "$env://KEY"}}), "write the key itself"),
        (
            json!({"key-auth": {"key": "12345678", "x": 1}}),
            "additional properties forbidden, found x",
        ),
        (json!({"key-auth": {"key": "short"}}), "plugins.key-auth.key"),
    ] {
        let body = json!({"plugins": plugins});
        let (status, text) = fixture.refused("PUT", "/consumers/jack/credentials/one", &body).await;
        assert!(status == 400 && text.contains(told), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    let wrong = json!({"username": "a b"});
    let (status, text) = fixture.refused("PUT", "/consumers", &wrong).await;
    assert_eq!(status, 400, "{text}");
    let unknown = json!({"username": "ann", "plugins": {"none": {}}});
    let (_, text) = fixture.refused("PUT", "/consumers", &unknown).await;
    assert_eq!(text, "invalid plugins configuration: unknown plugin [none]");
    let group = json!({"username": "ann", "group_id": "absent"});
    let (_, text) = fixture.refused("PUT", "/consumers", &group).await;
    assert!(text.starts_with("failed to fetch consumer group info by consumer group id [absent]"));
}

//! Plugins, schemas, and checks of what is not stored.

use super::*;

#[actix_web::test]
async fn plugins_are_listed_by_priority() {
    let fixture = fixture().await;
    let list = fixture.call("GET", "/plugins/list", &Value::Null).await;
    let names =
        json!(["proxy-buffering", "cors", "key-auth", "ai-proxy-multi", "ai-proxy", "limit-count"]);
    assert_eq!(list.json(), names);
    assert_eq!(
        fixture.call("GET", "/plugins/list?subsystem=stream", &Value::Null).await.json(),
        json!([])
    );
    let all = fixture.call("GET", "/plugins?all=true", &Value::Null).await.json();
    assert_eq!(all["ai-proxy"]["priority"], 1040);
    assert_eq!(all["ai-proxy"]["schema"]["required"], json!(["provider", "auth"]));
    let reload = fixture.call("PUT", "/plugins/reload", &Value::Null).await;
    assert_eq!((reload.status, reload.text()), (200, "done"));
    for (method, path, status, told) in [
        ("GET", "/plugins/reload", 405, "not supported `GET` method for plugins reload"),
        ("GET", "/plugins/none", 404, "plugin not found in subsystem http"),
        ("GET", "/plugins/cors?subsystem=x", 400, "unsupported subsystem: x"),
        ("GET", "/schema/none", 400, "not found schema: none"),
        ("GET", "/schema/plugins/none", 404, "plugin not found in subsystem http"),
    ] {
        let refused = fixture.refused(method, path, &Value::Null).await;
        assert_eq!(refused, (status, told.to_owned()));
    }
}

#[actix_web::test]
async fn every_kind_and_plugin_has_a_schema_that_compiles() {
    let fixture = fixture().await;
    let kinds = [
        "route",
        "service",
        "upstream",
        "consumer",
        "credential",
        "consumer_group",
        "plugin_config",
        "global_rule",
        "plugins/cors",
        "plugins/ai-proxy",
        "plugins/key-auth",
    ];
    for kind in kinds {
        let answer = fixture.call("GET", &format!("/schema/{kind}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        let schema = answer.json();
        assert!(jsonschema::draft202012::new(&schema).is_ok(), "{kind}");
        assert_eq!(schema["additionalProperties"], json!(false), "{kind}: {schema:#}");
    }
    let consumer =
        fixture.call("GET", "/schema/plugins/key-auth?schema_type=consumer", &Value::Null).await;
    assert_eq!(consumer.json()["required"], json!(["key"]));
}

#[actix_web::test]
async fn a_document_is_checked_without_its_references() {
    let fixture = fixture().await;
    let route = json!({
        "uri": "/a", "service_id": "absent", "upstream_id": "absent", "plugin_config_id": "absent",
        "plugins": {"ai-proxy": ai_proxy()},
    });
    let mut kept = route.clone();
    kept["plugins"]["ai-proxy"]["auth"]["header"]["Authorization"] = json!("$secret://vault/1/a/b");
    for route in [route, kept] {
        let checked = fixture.call("POST", "/schema/validate/routes", &route).await;
        assert_eq!((checked.status, checked.text()), (200, ""));
    }
    let wrong = json!({"uri": "/a", "plugins": {"ai-proxy": {"provider": "x", "auth": {}}}});
    let (status, text) = fixture.refused("POST", "/schema/validate/routes", &wrong).await;
    assert!(status == 400 && text.contains("plugin ai-proxy err: property \"provider\""), "{text}");
    assert!(fixture.get("/apis/v1/routes").send().await.json() == json!([]));
}

#[actix_web::test]
async fn a_whole_configuration_is_checked_and_every_error_told() {
    let fixture = fixture().await;
    let good = json!({
        "routes": [{"id": "r", "uri": "/a", "service_id": "s"}],
        "services": [{"id": "s", "plugins": {"cors": {}}}],
        "consumers": [{"username": "jack", "plugins": {"key-auth": {"key": "jack-key"}}}],
        "secrets": [{"id": "vault/1", "uri": "http://a", "prefix": "kv", "token": "$env://TOKEN"}],
    });
    let checked = fixture.call("POST", "/configs/validate", &good).await;
    assert_eq!((checked.status, checked.json()), (200, json!({})));
    let bad = json!({
        "routes": [
            {"id": "a", "uri": "/a", "plugins": {"nope": {}}},
            {"id": "b", "uri": "/b", "service_id": "s"},
            {"id": "c", "uri": "/c", "plugins": {"limit-count": {"count": 0, "time_window": 1}}},
        ],
        "nothing": [],
        "secrets": [{"id": "other/1"}, {"id": "vault/1", "uri": "http://a", "token": "t"}],
        "upstreams": {"id": "u"},
    });
    let checked = fixture.call("POST", "/configs/validate?gateway_group_id=default", &bad).await;
    assert_eq!(checked.status, 400);
    let body = checked.json();
    assert_eq!(body["error_msg"], "Configuration validation failed");
    let told: Vec<_> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["resource_type"].clone(), one["resource_id"].clone(), one["index"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("nothing"), json!(null), json!(0)),
            (json!("upstreams"), json!(null), json!(0)),
            (json!("routes"), json!("a"), json!(0)),
            (json!("routes"), json!("c"), json!(2)),
            (json!("secrets"), json!("other/1"), json!(0)),
            (json!("secrets"), json!("vault/1"), json!(1)),
        ]
    );
    assert!(body["errors"][3]["error"].as_str().unwrap().contains("plugin limit-count err"));
    let yaml = "routes:\n- id: r\n  uri: /a\n  plugins:\n    nope: {}\n";
    let ask = fixture.post("/apisix/admin/configs/validate").credential("x-api-key", KEY);
    let checked = ask.bytes("application/yaml", yaml).await;
    assert_eq!(checked.status, 400, "{}", checked.text());
    assert_eq!(checked.json()["errors"][0]["error"], "unknown plugin [nope]");
    assert!(fixture.get("/apis/v1/routes").send().await.json() == json!([]));
}

//! Plugin configs and global rules, which are several documents of ours.

use super::*;

fn limit(count: u32) -> Value {
    json!({"count": count, "time_window": 60})
}

/// The slots of a route of ours: plugin or ref, and whether it is on.
async fn slots<S>(fixture: &Fixture<S>, id: &str) -> Vec<(String, bool)>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let route = fixture.ours(&format!("routes/{id}")).await;
    let slots = route["plugins"].as_array().cloned().unwrap_or_default();
    let slot = |slot: Value| {
        let name = slot["plugin"].as_str().or(slot["ref"].as_str()).unwrap().to_owned();
        (name, slot["enabled"] != json!(false))
    };
    slots.into_iter().map(slot).collect()
}

#[actix_web::test]
async fn routes_follow_their_plugin_config() {
    let fixture = fixture().await;
    let config = json!({"desc": "d", "labels": {"a": "b"}, "plugins": {"cors": {}, "limit-count": limit(1)}});
    fixture.made("/plugin_configs/pc", &config).await;
    let shared = json!({"uri": "/a", "plugin_config_id": "pc", "plugins": {"key-auth": {}}});
    fixture.made("/routes/shared", &shared).await;
    let own = json!({"uri": "/b", "plugin_config_id": "pc", "plugins": {"limit-count": limit(2)}});
    fixture.made("/routes/own", &own).await;
    let on = |name: &str| (name.to_owned(), true);
    let off = |name: &str| (name.to_owned(), false);
    assert_eq!(
        slots(&fixture, "shared").await,
        [on("pc.cors"), on("key-auth"), on("pc.limit-count")]
    );
    assert_eq!(
        slots(&fixture, "own").await,
        [on("pc.cors"), on("limit-count"), off("pc.limit-count")]
    );
    for (id, document) in [("shared", &shared), ("own", &own)] {
        let value = fixture.value(&format!("/routes/{id}")).await;
        assert_has(&value, &json!({"plugin_config_id": "pc", "plugins": document["plugins"]}));
        assert!(value.get("_sanmon").is_none(), "{value:#}");
    }
    // A plugin less, another one more, and one before the others.
    let changed = json!({"plugins": {
        "limit-count": limit(3),
        "proxy-buffering": {"_meta": {"priority": 1}},
        "key-auth": {"_meta": {"disable": true}},
    }});
    let revision = fixture.shared.configuration.state().head().revision;
    fixture.made("/plugin_configs/pc", &changed).await;
    assert_eq!(fixture.shared.configuration.state().head().revision, revision + 1);
    assert_has(&fixture.value("/plugin_configs/pc").await, &changed);
    assert_eq!(
        slots(&fixture, "shared").await,
        [on("key-auth"), off("pc.key-auth"), on("pc.limit-count"), on("pc.proxy-buffering")]
    );
    assert_eq!(
        slots(&fixture, "own").await,
        [on("pc.key-auth"), on("limit-count"), off("pc.limit-count"), on("pc.proxy-buffering")]
    );
    let (status, text) = fixture.refused("DELETE", "/plugin_configs/pc", &Value::Null).await;
    assert_eq!(status, 400);
    assert!(text.starts_with("can not delete this plugin config, route [own]"), "{text}");
    fixture.made("/routes/own", &json!({"uri": "/b", "plugins": {"limit-count": limit(2)}})).await;
    fixture.made("/routes/shared", &json!({"uri": "/b", "plugins": {}})).await;
    assert_eq!(fixture.call("DELETE", "/plugin_configs/pc", &Value::Null).await.status, 200);
    assert_eq!(fixture.ours("plugins").await, json!([]));
}

#[actix_web::test]
async fn a_plugin_config_that_is_not_there_is_told() {
    let fixture = fixture().await;
    let route = json!({"uri": "/a", "plugin_config_id": "none"});
    let (status, text) = fixture.refused("PUT", "/routes/r", &route).await;
    let told = "failed to fetch plugin config info by plugin config id [none], response code: 404";
    assert_eq!((status, text.as_str()), (400, told));
    let (status, text) =
        fixture.refused("PUT", "/plugin_configs/pc", &json!({"plugins": {}})).await;
    assert!(status == 400 && text.contains("one plugin at least"), "{text}");
}

#[actix_web::test]
async fn global_rules_are_global_plugins() {
    let fixture = fixture().await;
    let rule = json!({"plugins": {
        "cors": {
            "allow_origins": "*", "allow_methods": "*", "allow_headers": "*", "expose_headers": "",
            "max_age": 5, "allow_credential": false,
        },
        "limit-count": {"count": 5, "time_window": 60, "_meta": {"priority": 8000}},
    }});
    fixture.made("/global_rules/1", &rule).await;
    assert_has(&fixture.value("/global_rules/1").await, &rule);
    let ours = fixture.ours("global-plugins").await;
    let orders: Vec<_> = ours
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].clone(), one["order"].clone()))
        .collect();
    assert_eq!(orders, [(json!("1.cors"), json!(-4000)), (json!("1.limit-count"), json!(-8000))]);
    let again = json!({"plugins": {"cors": {}}});
    let (status, text) = fixture.refused("PUT", "/global_rules/2", &again).await;
    assert_eq!(status, 400);
    assert_eq!(text, "plugin 'cors' already exists in global rule with id '1'");
    let patched = fixture.call("PATCH", "/global_rules/1/plugins/cors/max_age", &json!(7)).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(fixture.ours("global-plugins/1.cors").await["config"]["max_age"], 7);
    fixture.made("/global_rules/1", &json!({"plugins": {"cors": {}}})).await;
    assert_eq!(fixture.get("/apis/v1/global-plugins/1.limit-count").send().await.status, 404);
    assert_eq!(fixture.call("DELETE", "/global_rules/1", &Value::Null).await.status, 200);
    assert_eq!(fixture.ours("global-plugins").await, json!([]));
}

#[actix_web::test]
async fn global_plugins_of_our_own_api_are_rules() {
    let fixture = fixture().await;
    let native = json!({"plugin": "apikeys"});
    assert_eq!(fixture.put("/apis/v1/global-plugins/g").json(&native).await.status, 201);
    let value = fixture.value("/global_rules/g").await;
    assert_eq!(value["plugins"], json!({}));
    assert_eq!(value["_sanmon"]["not_shown"], json!(["/g (apikeys)"]));
}

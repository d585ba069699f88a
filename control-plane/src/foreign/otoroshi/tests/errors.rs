//! Who is let in, and how mistakes are told.

use serde_json::json;

use super::{PROVIDERS, ROUTES, fixture};
use crate::admin::tests::fixture::{KEY, VIEWER};

#[actix_web::test]
async fn admins_come_in_by_each_of_otoroshis_forms() {
    use base64::Engine as _;
    let fixture = fixture().await;
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let basic = format!("Basic {}", encode(format!("admin:{KEY}")));
    let bare = basic.trim_end_matches('=').to_owned();
    let bearer = format!("Bearer {KEY}");
    for (name, value) in [
        ("authorization", &basic),
        ("authorization", &bare),
        ("authorization", &bearer),
        ("otoroshi-authorization", &basic),
        ("otoroshi-token", &KEY.to_owned()),
        ("x-api-key", &KEY.to_owned()),
    ] {
        let read = fixture.get(ROUTES).credential(name, value).send().await;
        assert_eq!(read.status, 200, "{name}: {value}");
    }
    let pair = fixture.get("/apis/entities").credential("otoroshi-client-id", "admin");
    assert_eq!(pair.header("otoroshi-client-secret", KEY).send().await.status, 200);
}

#[actix_web::test]
async fn others_are_told_in_otoroshis_words() {
    let fixture = fixture().await;
    for path in [ROUTES, "/api/routes", "/apis/entities"] {
        let missing = fixture.get(path).anonymous().send().await;
        assert_eq!((missing.status, missing.json()), (401, json!({"Otoroshi-Error": "no apikey"})));
        let pair = fixture.get(path).credential("otoroshi-client-id", "admin");
        let wrong = pair.header("otoroshi-client-secret", "wrong").send().await;
        assert_eq!((wrong.status, wrong.json()), (401, json!({"Otoroshi-Error": "bad apikey"})));
    }
    let viewer = format!("Bearer {VIEWER}");
    let read = fixture.get(ROUTES).credential("authorization", &viewer).send().await;
    assert_eq!(read.status, 200);
    for refused in [
        fixture.delete(ROUTES).credential("authorization", &viewer).send().await,
        fixture.post(ROUTES).credential("authorization", &viewer).json(&json!({"name": "r"})).await,
    ] {
        assert_eq!((refused.status, refused.json()["error"].clone()), (403, json!("forbidden")));
        assert!(!refused.header("x-request-id").is_empty());
    }
}

#[actix_web::test]
async fn every_problem_of_a_document_is_told_by_name() {
    let fixture = fixture().await;
    let route = json!({"name": "r", "nmae": 1, "plugins": [
        {"plugin": "cp:otoroshi.next.plugins.Unheard", "config": {}},
        {"plugin": "openai-models", "config": {"refs": ["nobody"]}},
    ]});
    let refused = fixture.post(ROUTES).json(&route).await;
    assert_eq!((refused.status, refused.json()["error"].clone()), (400, json!("bad_request")));
    let told = refused.json()["error_description"].as_array().unwrap().clone();
    let told: Vec<_> = told.iter().map(|text| text.as_str().unwrap()).collect();
    for what in ["/nmae: ", "/plugins/0/plugin: there is no plugin", "/plugins/1/config/refs/0: "] {
        assert!(told.iter().any(|text| text.starts_with(what)), "{what}: {told:?}");
    }
}

#[actix_web::test]
async fn members_without_effect_are_listed_and_kept() {
    let fixture = fixture().await;
    let route = json!({"id": "r", "name": "r", "debug_flow": true, "capture": false,
        "bound_listeners": [], "backend": {"targets": [], "target_refs": []}});
    let created = fixture.post(ROUTES).json(&route).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.json()["warnings"][0]["pointer"], "/debug_flow");
    let back = fixture.post(&format!("{ROUTES}/r")).json(&created.json()).await;
    assert_eq!((back.status, back.header("otoroshi-entity-updated")), (200, "false"));
    assert_eq!(fixture.get(&format!("{ROUTES}/r")).send().await.json()["debug_flow"], true);
}

#[actix_web::test]
async fn what_is_not_here_says_what_is() {
    let fixture = fixture().await;
    for (path, what) in [
        ("/apis/proxy.otoroshi.io/v1/route-compositions", "service_ref"),
        ("/apis/config.otoroshi.io/v1/global-configs/global", "/apis/v1/global-plugins"),
        ("/apis/proxy.otoroshi.io/v1/providers", "ai-gateway.extensions.cloud-apim.com"),
        ("/apis/any/v2/routes", "v1"),
        ("/apis/any/v1/consumers", "/apis/v1/consumers"),
        ("/apis/any/v1/tcp-services", "/apis/entities"),
        ("/api/globalconfig", "/apis/v1/global-plugins"),
        ("/api/services", "make a route"),
        ("/api/apikeys/k/bearer", "hashed"),
        ("/apis/any/v1/routes/none/more", "nothing at this path"),
    ] {
        let missing = fixture.get(path).send().await;
        assert_eq!((missing.status, missing.json()["error"].clone()), (404, json!("not_found")));
        assert!(missing.text().contains(what), "{path}: {}", missing.text());
    }
    let wrong = fixture.patch(ROUTES).json(&json!([])).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, POST, DELETE, HEAD"));
    assert_eq!(wrong.json()["error"], "method_not_allowed");
}

#[actix_web::test]
async fn our_own_api_is_as_it_was() {
    let fixture = fixture().await;
    let own = fixture.get("/apis/v1/nothing").send().await;
    assert_eq!((own.status, own.code().as_str()), (404, "path_not_found"));
    assert_eq!(fixture.get("/apis/openapi.json").anonymous().send().await.status, 200);
    let own = fixture.get("/apis/v1/routes").anonymous().send().await;
    assert_eq!((own.status, own.code().as_str()), (401, "unauthenticated"));
    let missing = fixture.get(&format!("{PROVIDERS}/none")).send().await;
    let told = json!({"error": "not_found", "error_description": "resource not found"});
    assert_eq!((missing.status, missing.json()), (404, told));
}

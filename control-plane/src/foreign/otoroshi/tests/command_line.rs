//! What Otoroshi's command line, `otoroshictl`, asks for: its very paths, headers and bodies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use super::{PROVIDERS, ROUTES, fixture};
use crate::admin::tests::fixture::KEY;

#[actix_web::test]
async fn it_finds_its_way_by_the_entities() {
    let fixture = fixture().await;
    let entities = fixture.get("/apis/entities").send().await.json();
    assert!(entities["version"].is_string());
    for resource in entities["resources"].as_array().unwrap() {
        for name in ["kind", "plural_name", "singular_name", "group"] {
            assert!(resource[name].is_string(), "{resource}");
        }
        let version = &resource["version"];
        assert_eq!(version["name"], "v1");
        for flag in ["served", "deprecated", "storage"] {
            assert!(version[flag].is_boolean(), "{resource}");
        }
        assert!(version["schema"].is_object());
        let path = format!(
            "/apis/{}/v1/{}?page=1&pageSize=99999",
            resource["group"].as_str().unwrap(),
            resource["plural_name"].as_str().unwrap()
        );
        assert!(fixture.get(&path).send().await.json().is_array(), "{path}");
    }
    let bare = fixture.get("/apis/entities?schema=false").send().await.json();
    assert_eq!(bare["resources"][0]["version"]["schema"], json!(false));
}

#[actix_web::test]
async fn it_lists_gets_applies_and_deletes_routes_and_providers() {
    let fixture = fixture().await;
    let basic = format!("Basic {}", STANDARD_NO_PAD.encode(format!("admin:{KEY}")));
    let provider = json!({"id": "p", "name": "p", "provider": "openai",
        "kind": "ai-gateway.extensions.cloud-apim.com/AiProvider"});
    let route = json!({"id": "r", "name": "r", "frontend": {"domains": ["a.b"]},
        "plugins": [{"plugin": "openai-models", "config": {"refs": ["p"]}}],
        "kind": "proxy.otoroshi.io/Route"});
    for (all, id, document) in [(PROVIDERS, "p", &provider), (ROUTES, "r", &route)] {
        let one = format!("{all}/{id}");
        let apply = async |media: &str, document: &Value| {
            let ask = fixture.post(&one).credential("authorization", &basic);
            ask.header("accept", "application/json").bytes(media, document.to_string()).await
        };
        let applied = apply("application/json", document).await;
        assert_eq!(applied.status, 201, "{}", applied.text());
        // It sends JSON as YAML where the file was YAML.
        let again = apply("application/yaml", document).await;
        assert_eq!((again.status, again.header("otoroshi-entity-updated")), (200, "false"));
        let mut other = document.clone();
        other["description"] = json!("other");
        let changed = apply("application/json", &other).await;
        assert_eq!((changed.status, changed.header("otoroshi-entity-updated")), (200, "true"));
        let read = fixture.get(&one).credential("authorization", &basic).send().await.json();
        // The table of routes is made of these.
        if all == ROUTES {
            assert!(read["frontend"].is_object() && read["backend"].is_object(), "{read}");
        }
        assert!(read["name"].is_string() && read["enabled"] != json!(null) || all == PROVIDERS);
        let filtered = format!("{all}?page=1&pageSize=99999&filter.id={id}");
        let listed = fixture.get(&filtered).credential("authorization", &basic).send().await;
        assert_eq!(listed.json().as_array().unwrap().len(), 1);
    }
    for (all, id) in [(ROUTES, "r"), (PROVIDERS, "p")] {
        let one = format!("{all}/{id}");
        let gone = fixture.delete(&one).credential("authorization", &basic).send().await;
        assert_eq!(gone.status, 200, "{}", gone.text());
    }
}

#[actix_web::test]
async fn it_asks_how_things_are() {
    let fixture = fixture().await;
    let version = fixture.get("/api/version").send().await.json();
    assert_eq!(version["raw"], env!("CARGO_PKG_VERSION"));
    assert!(version["major"].is_u64() && version["minor"].is_u64() && version["patch"].is_u64());
    for base in ["", "/.well-known/otoroshi/monitoring"] {
        let health = fixture.get(&format!("{base}/health")).anonymous().send().await;
        assert_eq!((health.status, health.json()["otoroshi"].clone()), (200, json!("healthy")));
        for part in ["proxy", "storage", "eventstore", "certificates", "scripts"] {
            assert!(health.json()[part]["status"].is_string(), "{part}");
        }
        for (probe, told) in [
            ("live", json!({"live": true})),
            ("ready", json!({"ready": true})),
            ("startup", json!({"started": true})),
        ] {
            let answered = fixture.get(&format!("{base}/{probe}")).anonymous().send().await;
            assert_eq!((answered.status, answered.json()), (200, told));
        }
    }
    for path in ["/apis/plugins.json", "/api/plugins/all"] {
        let plugins = fixture.get(path).send().await;
        assert_eq!(plugins.header("access-control-allow-origin"), "*");
        let plugins = plugins.json();
        let ids = plugins.as_array().unwrap().iter().map(|plugin| plugin["id"].as_str().unwrap());
        let ids: Vec<_> = ids.collect();
        assert!(ids.contains(&"cp:otoroshi.next.plugins.ApikeyCalls"), "{ids:?}");
        assert!(ids.contains(&"cors"), "a name of our own where Otoroshi has none");
    }
}

//! The documents of the Otoroshi LLM guides, sent as printed.

use serde_json::json;

use super::{APIKEYS, BACKENDS, PROVIDERS, ROUTES, fixture};
use crate::admin::tests::fixture::KEY;
use crate::configuration::tests::seeds::{chat, embeddings};

const MODELS: &str = "/apis/ai-gateway.extensions.cloud-apim.com/v1/embedding-models";

#[actix_web::test]
async fn the_routes_of_the_guides_are_taken_and_given_back_as_written() {
    let fixture = fixture().await;
    let provider = json!({
        "_loc": {"tenant": "default", "teams": ["default"]},
        "id": "provider_openai_1",
        "name": "OpenAI prod",
        "description": "",
        "metadata": {},
        "tags": [],
        "provider": "openai",
        "connection": {"base_url": "https://api.openai.com/v1", "token": "sk-canary", "timeout": 180_000},
        "options": {"model": "gpt-4o-mini", "temperature": 0.7, "allow_config_override": true},
        "provider_fallback": null,
        "memory": null,
        "context": {"default": null, "contexts": []},
        "models": {"include": [], "exclude": []},
        "guardrails": [],
        "guardrails_fail_on_deny": false,
        "cache": {"strategy": "none", "ttl": 86_400_000, "score": 0.8, "redis_url": null, "embedding_ref": null},
        "kind": "ai-gateway.extensions.cloud-apim.com/AiProvider",
    });
    let made = fixture.post(PROVIDERS).json(&provider).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let model = json!({"id": "embedding-model-entity-id", "name": "m", "provider": "openai",
        "config": {"options": {"model": "text-embedding-3-small"}}});
    assert_eq!(fixture.post(MODELS).json(&model).await.status, 201);
    for (path, document) in [(ROUTES, chat()), ("/api/routes", embeddings())] {
        let created = fixture.post(path).json(&document).await;
        assert_eq!(created.status, 201, "{}", created.text());
        assert_eq!(created.json().get("warnings"), None);
        let id = created.json()["id"].as_str().unwrap().to_owned();
        let read = fixture.get(&format!("{ROUTES}/{id}")).send().await.json();
        for member in ["frontend", "backend", "plugins"] {
            assert_eq!(read[member], document[member], "{member}");
        }
        let plugin = read["plugins"][0]["plugin"].as_str().unwrap();
        assert_eq!(plugin, "cp:otoroshi.next.plugins.OverrideHost");
    }
}

#[actix_web::test]
async fn a_route_whose_provider_is_not_there_is_refused() {
    let fixture = fixture().await;
    let refused = fixture.post(ROUTES).json(&chat()).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("/plugins/1/config/refs/0"), "{}", refused.text());
    assert!(refused.text().contains("provider_openai_1"), "{}", refused.text());
}

#[actix_web::test]
async fn entities_with_every_member_of_the_manual_are_taken_whole() {
    let fixture = fixture().await;
    let location = json!({"tenant": "default", "teams": ["default"]});
    let target = json!({
        "id": "target_1", "hostname": "request.otoroshi.io", "port": 443, "tls": true, "weight": 1,
        "backup": false, "protocol": "HTTP/1.1", "predicate": {"type": "AlwaysMatch"},
        "ip_address": null, "tls_config": {"certs": [], "trusted_certs": [], "enabled": false,
            "loose": false, "trust_all": false},
    });
    let client = json!({
        "retries": 1, "max_errors": 20, "retry_initial_delay": 50, "backoff_factor": 2,
        "call_timeout": 30_000, "global_timeout": 30_000, "call_and_stream_timeout": 120_000,
        "connection_timeout": 10_000, "idle_timeout": 60_000, "sample_interval": 2_000, "proxy": {},
        "custom_timeouts": [], "cache_connection_settings": {"enabled": false, "queue_size": 2048},
    });
    let backend = json!({
        "targets": [target], "target_refs": [], "root": "/", "rewrite": false,
        "load_balancing": {"type": "RoundRobin"}, "client": client, "health_check": null,
    });
    let slot = json!({
        "enabled": true, "debug": false, "plugin": "cp:otoroshi.next.plugins.OverrideHost",
        "include": [], "exclude": [], "config": {}, "bound_listeners": [], "plugin_index": {},
    });
    let route = json!({
        "_loc": location, "id": "r", "name": "r", "description": "", "tags": [], "metadata": {},
        "enabled": true, "debug_flow": false, "export_reporting": false, "capture": false,
        "groups": ["default"], "bound_listeners": [],
        "frontend": {"domains": ["newroute.oto.tools"], "strip_path": true, "exact": false,
            "headers": {}, "query": {}, "cookies": {}, "methods": []},
        "backend": backend, "backend_ref": null, "plugins": [slot],
        "kind": "proxy.otoroshi.io/Route",
    });
    let key = json!({
        "_loc": location, "clientId": "k", "clientSecret": "s3cret-s3cret-s3cret", "clientName": "k",
        "description": "", "authorizedEntities": ["group_default"],
        "authorizations": [{"kind": "group", "id": "default"}], "enabled": true, "readOnly": false,
        "allowClientIdOnly": false, "throttlingQuota": 10_000_000, "dailyQuota": 10_000_000,
        "monthlyQuota": 10_000_000, "throttlingStrategy": null, "constrainedServicesOnly": false,
        "restrictions": {"enabled": false, "allowLast": true, "allowed": [], "forbidden": [],
            "notFound": []},
        "rotation": {"enabled": false, "rotationEvery": 744, "gracePeriod": 168,
            "nextSecret": null},
        "validUntil": null, "tags": [], "metadata": {}, "bearer": "otoapk_k_0",
        "kind": "apim.otoroshi.io/Apikey",
    });
    let stored = json!({"_loc": location, "id": "b", "name": "b", "description": "", "tags": [],
        "metadata": {}, "backend": backend});
    for (all, id, document) in [(ROUTES, "r", route), (APIKEYS, "k", key), (BACKENDS, "b", stored)]
    {
        let created = fixture.post(all).json(&document).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let one = format!("{all}/{id}");
        let read = fixture.get(&one).send().await;
        let same = fixture.post(&one).json(&read.json()).await;
        assert_eq!((same.status, same.header("otoroshi-entity-updated")), (200, "false"));
    }
    assert_eq!(fixture.get("/api/apikeys/k").send().await.json().get("bearer"), None);
}

#[actix_web::test]
async fn what_came_by_another_api_is_shown_too() {
    let fixture = fixture().await;
    let route = json!({"uri": "/get", "name": "by apisix",
        "upstream": {"type": "roundrobin", "nodes": {"upstream.example.com:80": 1}}});
    let path = "/apisix/admin/routes/r1";
    let made = fixture.put(path).credential("x-api-key", KEY).json(&route).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let shown = fixture.get(&format!("{ROUTES}/r1")).send().await;
    assert_eq!((shown.status, shown.json()["name"].clone()), (200, json!("by apisix")));
    assert_eq!(shown.json()["kind"], "proxy.otoroshi.io/Route");
    let back = fixture.post(&format!("{ROUTES}/r1")).json(&shown.json()).await;
    assert_eq!((back.status, back.header("otoroshi-entity-updated")), (200, "false"));
}

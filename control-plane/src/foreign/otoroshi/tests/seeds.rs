//! The documents of the Otoroshi LLM guides, sent as printed.

use serde_json::json;

use super::{PROVIDERS, ROUTES, fixture};
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

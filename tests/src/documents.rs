//! Documents that most tests need.

use serde_json::{Value, json};

use crate::admin::Admin;
use crate::upstream::ScriptedUpstream;

/// A provider that calls a scripted upstream.
pub fn provider(id: &str, upstream: &ScriptedUpstream) -> Value {
    json!({
        "id": id,
        "name": id,
        "provider": "openai-compatible",
        "connection": {"base_url": upstream.base_url(), "token": "upstream-token"},
        "options": {"model": "test-model"},
    })
}

/// A provider that answers by itself.
pub fn mock_provider(id: &str) -> Value {
    json!({
        "id": id,
        "name": id,
        "provider": "mock",
        "options": {"model": "mock-model"},
    })
}

/// An embedding model that calls a scripted upstream.
pub fn embedding_model(id: &str, upstream: &ScriptedUpstream) -> Value {
    json!({
        "id": id,
        "name": id,
        "provider": "openai-compatible",
        "config": {
            "connection": {"base_url": upstream.base_url(), "token": "upstream-token"},
            "options": {"model": "embedding-model"},
        },
    })
}

/// A route with every LLM endpoint, open to everybody who calls its host.
pub fn open_route(id: &str, domain: Option<&str>, provider: &str) -> Value {
    json!({
        "id": id,
        "name": id,
        "frontend": {"domains": domain.into_iter().collect::<Vec<_>>()},
        "plugins": [
            {
                "plugin": "openai-chat-completions",
                "includes": ["/v1/chat/completions"],
                "config": {"refs": [provider]},
            },
            {
                "plugin": "openai-models",
                "includes": ["/v1/models"],
                "config": {"refs": [provider]},
            },
        ],
    })
}

/// The same for callers that show an API key.
pub fn guarded_route(id: &str, domain: Option<&str>, provider: &str) -> Value {
    let mut route = open_route(id, domain, provider);
    if let Some(plugins) = route["plugins"].as_array_mut() {
        plugins.insert(0, json!({"plugin": "apikeys"}));
    }
    route
}

/// An API key that may call every route of the default group.
pub fn apikey(id: &str) -> Value {
    json!({"clientId": id, "clientName": id, "authorizedEntities": ["group_default"]})
}

/// Creates a provider on `upstream` and an open route to it, on any host; live when it returns.
pub async fn expose(admin: &Admin, upstream: &ScriptedUpstream) {
    admin.store("providers", &provider("provider_test", upstream)).await;
    admin.create("routes", &open_route("route_test", None, "provider_test")).await;
}

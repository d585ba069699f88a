//! The documents of the Otoroshi LLM guides, as printed.

use super::catalogue::PREFIX;
use super::*;

/// `seeds/000`: chat completions and a list of models on one host.
pub(crate) fn chat() -> Value {
    json!({
        "frontend": {"domains": ["llm.my-domain.com"]},
        "backend": {"targets": [{"hostname": "request.otoroshi.io", "port": 443, "tls": true}]},
        "plugins": [
            {"enabled": true, "plugin": "cp:otoroshi.next.plugins.OverrideHost", "config": {}},
            {
                "enabled": true,
                "plugin": format!("{PREFIX}OpenAiCompatProxy"),
                "includes": ["/v1/chat/completions"],
                "config": {"refs": ["provider_openai_1"]}
            },
            {
                "enabled": true,
                "plugin": format!("{PREFIX}OpenAiCompatModels"),
                "includes": ["/v1/models"],
                "config": {"refs": ["provider_openai_1"]}
            }
        ]
    })
}

/// `seeds/004`: embeddings.
pub(crate) fn embeddings() -> Value {
    json!({
        "frontend": {"domains": ["embeddings.my-domain.com"]},
        "backend": {"targets": [{"hostname": "request.otoroshi.io", "port": 443, "tls": true}]},
        "plugins": [
            {"enabled": true, "plugin": "cp:otoroshi.next.plugins.OverrideHost", "config": {}},
            {
                "enabled": true,
                "plugin": format!("{PREFIX}OpenAICompatEmbedding"),
                "config": {"refs": ["embedding-model-entity-id"]}
            }
        ]
    })
}

/// `seeds/000`: models with what is known of their providers.
fn providers_with_models() -> Value {
    json!({
        "plugins": [{
            "plugin": format!("{PREFIX}OpenAiCompatProvidersWithModels"),
            "config": {"refs": ["provider_openai_1"]}
        }]
    })
}

#[tokio::test]
async fn the_documents_of_the_guides_are_taken_as_printed_with_what_they_refer_to() {
    let rig = Rig::new().await;
    let embedding = json!({"provider": "openai", "config": {"options": {"model": "m"}}});
    let written = rig
        .transact(vec![
            Operation::create("routes", chat()),
            Operation::create("routes", embeddings()),
            Operation::create("routes", providers_with_models()),
            Operation::put("providers", "provider_openai_1", provider("openai")),
            Operation::put("embedding-models", "embedding-model-entity-id", embedding),
        ])
        .await
        .unwrap();
    assert_eq!(written.head.revision, 1);
    for (outcome, document) in written.outcomes.iter().zip([chat(), embeddings()]) {
        assert_eq!(outcome.effect, Effect::Created);
        assert!(outcome.id.starts_with("route_"), "{}", outcome.id);
        assert!(outcome.warnings.is_empty());
        let mut stored = rig.stored("routes", &outcome.id);
        // All is stored as written, the id apart.
        assert_eq!(stored.as_object_mut().unwrap().shift_remove("id"), Some(json!(*outcome.id)));
        assert_eq!(stored.to_string(), document.to_string());
    }
}

#[tokio::test]
async fn a_dangling_reference_is_told_with_its_pointer_and_id() {
    let rig = Rig::new().await;
    let error = rig.write(Operation::create("routes", chat())).await.unwrap_err();
    assert_eq!(pointers(&error), ["/plugins/1/config/refs/0", "/plugins/2/config/refs/0"]);
    assert!(error.to_string().contains("there is no provider with the id \"provider_openai_1\""));
    let error = rig.transact(vec![Operation::create("routes", chat())]).await.unwrap_err();
    assert_eq!(pointers(&error)[0], "/operations/0/document/plugins/1/config/refs/0");
    assert_eq!(rig.configuration.state().head().revision, 0);
}

//! The configuration with the real catalogue: the control plane's checks and the data plane's build
//! code meet here, without processes.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;

use sanmon_control_plane::configuration::{
    Author, Configuration, Effect, Operation, Schemas, WriteError, WriteRequest, Written,
};
use sanmon_control_plane::store::{Given, MemoryStore, Retention};
use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::clock::Clock;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};

const PREFIX: &str = "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.";

fn catalogue() -> Arc<dyn PluginCatalogue> {
    Arc::new(sanmon_data_plane::catalogue())
}

async fn configuration() -> Arc<Configuration> {
    let clock = Clock::system();
    let store = MemoryStore::new(&Given::default(), Retention::default(), clock.clone()).unwrap();
    let (catalogue, tasks) = (catalogue(), Tasks::default());
    let schemas = Arc::new(Schemas::new(&*catalogue).unwrap());
    Configuration::open(Arc::new(store), catalogue, schemas, clock, &tasks).await.unwrap()
}

async fn write(
    configuration: &Configuration,
    operations: Vec<Operation>,
) -> Result<Written, WriteError> {
    configuration.write(&Author::new("test"), WriteRequest::transaction(operations)).await
}

fn provider() -> Value {
    json!({"name": "openai", "provider": "openai", "connection": {"token": "sk-1"}})
}

/// The routes of the guides, as printed.
fn guides() -> Vec<Value> {
    let target = json!({"hostname": "request.otoroshi.io", "port": 443, "tls": true});
    let override_host =
        json!({"enabled": true, "plugin": "cp:otoroshi.next.plugins.OverrideHost", "config": {}});
    let slot = |plugin: &str, reference: &str| {
        json!({
            "enabled": true,
            "plugin": format!("{PREFIX}{plugin}"),
            "config": {"refs": [reference]},
        })
    };
    let response = |config: &Value| {
        json!({
            "enabled": true,
            "plugin": format!("{PREFIX}LlmResponseEndpoint"),
            "config": config,
        })
    };
    let with = |mut slot: Value, prefix: &str| {
        slot["includes"] = json!([prefix]);
        slot
    };
    vec![
        json!({
            "frontend": {"domains": ["llm.my-domain.com"]},
            "backend": {"targets": [target.clone()]},
            "plugins": [
                override_host.clone(),
                with(slot("OpenAiCompatProxy", "provider_openai_1"), "/v1/chat/completions"),
                with(slot("OpenAiCompatModels", "provider_openai_1"), "/v1/models"),
            ],
        }),
        json!({
            "frontend": {"domains": ["embeddings.my-domain.com"]},
            "backend": {"targets": [target]},
            "plugins": [
                override_host,
                slot("OpenAICompatEmbedding", "embedding-model-entity-id"),
            ],
        }),
        json!({"plugins": [slot("OpenAiCompatProvidersWithModels", "provider_openai_1")]}),
        json!({"plugins": [response(&json!({
            "ref": "provider_openai_1",
            "prompt": "Summarize the following text: ${req.body.text}",
            "prompt_ref": null,
            "context_ref": null
        }))]}),
        json!({"plugins": [response(&json!({
            "ref": "provider_openai_1",
            "prompt": "Generate API documentation for the endpoint ${req.method} ${req.uri}.",
            "prompt_ref": "",
            "context_ref": ""
        }))]}),
    ]
}

#[tokio::test]
async fn the_routes_of_the_guides_are_taken_as_printed() {
    let configuration = configuration().await;
    let mut operations: Vec<_> =
        guides().into_iter().map(|route| Operation::create("routes", route)).collect();
    let embedding = json!({"provider": "openai", "config": {"connection": {"token": "sk-1"}}});
    operations.extend([
        Operation::put("providers", "provider_openai_1", provider()),
        Operation::put("embedding-models", "embedding-model-entity-id", embedding),
    ]);
    let written = write(&configuration, operations).await.unwrap();
    for outcome in &written.outcomes {
        assert_eq!(outcome.effect, Effect::Created);
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    }
    let state = configuration.state();
    for (outcome, guide) in written.outcomes.iter().zip(guides()) {
        let entry = state.get("routes", &outcome.id).unwrap();
        let mut stored: Value = serde_json::from_str(entry.document.get()).unwrap();
        stored.as_object_mut().unwrap().shift_remove("id");
        assert_eq!(stored.to_string(), guide.to_string());
    }
}

#[tokio::test]
async fn the_example_of_each_kind_and_plugin_is_taken() {
    let configuration = configuration().await;
    let ids = ["provider_example", "embedding-model_example"];
    let embedding = json!({"provider": "openai"});
    let mut operations = vec![
        Operation::put("providers", ids[0], provider()),
        Operation::put("embedding-models", ids[1], embedding),
    ];
    for kind in configuration.schemas().kinds() {
        operations.push(Operation::create(kind.plural, (kind.example)()));
    }
    write(&configuration, operations).await.unwrap();
    for plugin in configuration.catalogue().plugins() {
        for example in &plugin.examples {
            let document = json!({"plugin": plugin.name, "config": example});
            let result = write(&configuration, vec![Operation::create("plugins", document)]).await;
            match result {
                Ok(_) => {}
                // An example may name what only its reader has.
                Err(WriteError::Invalid(problems)) => assert!(
                    problems.iter().all(|problem| problem.message.starts_with("there is no ")),
                    "{}: {problems:?}",
                    plugin.name
                ),
                Err(other) => panic!("{}: {other:?}", plugin.name),
            }
        }
    }
}

#[test]
fn every_member_of_a_plugin_without_effect_is_known() {
    let catalogue = catalogue();
    let mut inert = BTreeSet::new();
    for plugin in catalogue.plugins() {
        let mut found = Vec::new();
        collect(&plugin.schema, &plugin.schema, "", 0, &mut found);
        inert.extend(found.into_iter().map(|member| format!("{}{member}", plugin.name)));
    }
    insta::assert_snapshot!(inert.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Pointers of everything with `x-inert`, `*` standing for any item or member.
fn collect(root: &Value, schema: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth > 20 {
        return;
    }
    if schema.get("x-inert").is_some() {
        found.push(at.to_owned());
    }
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.strip_prefix('#').unwrap()).unwrap();
        collect(root, target, at, depth + 1, found);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for form in schema[keyword].as_array().into_iter().flatten() {
            collect(root, form, at, depth + 1, found);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(root, member, &format!("{at}/{name}"), depth + 1, found);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(keyword) {
            collect(root, inner, &format!("{at}/*"), depth + 1, found);
        }
    }
}

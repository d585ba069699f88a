//! A small catalogue: enough plugins for the documents of the guides, and one with a secret.

use std::collections::BTreeSet;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::{Lookup, Phase, PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use serde_json::{Value, json};

pub(super) const PREFIX: &str =
    "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.";

pub(crate) struct TestCatalogue {
    plugins: Vec<PluginKindInfo>,
}

fn refs(plural: &str) -> Value {
    json!({
        "type": "object",
        "properties": {"refs": {"type": "array", "items": {"$ref": "#/$defs/Ref"}}},
        "$defs": {"Ref": {"type": "string", "x-ref": plural}},
    })
}

impl TestCatalogue {
    pub(crate) fn new() -> Self {
        let plugin = |name, aliases, schema| PluginKindInfo {
            name,
            aliases,
            about: "For tests.",
            phases: &[Phase::Backend],
            schema,
            examples: Vec::new(),
        };
        let secret = json!({"type": "string", "writeOnly": true});
        let signer = json!({
            "type": "object",
            "properties": {
                "secret": secret,
                "more": {"type": "array", "items": {"type": "string", "writeOnly": true}},
                "old": {"x-inert": true},
            },
            "required": ["secret"],
        });
        let plugins = vec![
            plugin(
                "override-host",
                &["cp:otoroshi.next.plugins.OverrideHost"],
                json!({"type": "object"}),
            ),
            plugin(
                "apikeys",
                &["cp:otoroshi.next.plugins.ApikeyCalls"],
                json!({"type": "object", "properties": {"mandatory": {"type": "boolean"}}}),
            ),
            plugin(
                "cors",
                &[],
                json!({"type": "object", "properties": {"allow_origin": {"type": "string"}}}),
            ),
            plugin(
                "openai-chat-completions",
                &[
                    "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatProxy",
                ],
                refs("providers"),
            ),
            plugin(
                "openai-models",
                &[
                    "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatModels",
                ],
                refs("providers"),
            ),
            plugin(
                "openai-providers-with-models",
                &[
                    "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatProvidersWithModels",
                ],
                refs("providers"),
            ),
            plugin(
                "openai-embeddings",
                &[
                    "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAICompatEmbedding",
                ],
                refs("embedding-models"),
            ),
            plugin("signer", &[], signer),
        ];
        Self { plugins }
    }
}

impl PluginCatalogue for TestCatalogue {
    fn plugins(&self) -> &[PluginKindInfo] {
        &self.plugins
    }

    fn plugin(&self, name: &str) -> Option<&PluginKindInfo> {
        self.plugins.iter().find(|info| info.name == name || info.aliases.contains(&name))
    }

    fn providers(&self) -> &[ProviderKindInfo] {
        &[]
    }

    /// No two providers of one slot may have one name, and none may be called "unbuildable".
    fn check(&self, plural: &str, document: &Value, lookup: &dyn Lookup) -> Vec<Problem> {
        let mut problems = Vec::new();
        if plural == "providers" && document["name"] == "unbuildable" {
            problems.push(Problem::at("/name", "it cannot be built"));
        }
        let slots = document["plugins"].as_array().into_iter().flatten().enumerate();
        for (i, slot) in slots {
            let refs = slot["config"]["refs"].as_array().into_iter().flatten().enumerate();
            let mut names = BTreeSet::new();
            for (j, id) in refs {
                let provider = lookup.get("providers", id.as_str().unwrap());
                let name = provider.and_then(|p| Some(p["name"].as_str()?.to_owned()));
                if name.is_some_and(|name| !names.insert(name)) {
                    let pointer = format!("/plugins/{i}/config/refs/{j}");
                    problems.push(Problem::at(pointer, "two of them have one slug"));
                }
            }
        }
        problems
    }

    fn concerns_referrers(&self, plural: &str, before: &Value, after: &Value) -> bool {
        plural == "providers" && before["name"] != after["name"]
    }
}

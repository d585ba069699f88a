//! A small catalogue: what the real one has of shapes, and nothing that acts.

use std::sync::LazyLock;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::{Lookup, Phase, PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use sanmon_shared::explain::{Configured, Explain, ExplainRequest, ExplainedTarget, Explanation};
use serde_json::{Value, json};

pub(crate) struct TestCatalogue;

static PLUGINS: LazyLock<Vec<PluginKindInfo>> = LazyLock::new(|| {
    let references = json!({"type": "string", "x-ref": "providers"});
    vec![
        plugin(
            "apikeys",
            &["cp:otoroshi.next.plugins.ApikeyCalls"],
            &[Phase::Authorize],
            json!({
                "type": "object", "properties": {"mandatory": {"type": "boolean"}},
            }),
        ),
        plugin(
            "openai-chat-completions",
            &[],
            &[Phase::Backend],
            json!({
                "type": "object",
                "properties": {"refs": {"type": "array", "items": references}},
            }),
        ),
        plugin(
            "cors",
            &[],
            &[Phase::Response],
            json!({
                "type": "object", "properties": {"allow_origin": {"type": "string"}},
            }),
        ),
        plugin(
            "signer",
            &[],
            &[Phase::Request],
            json!({
                "type": "object",
                "properties": {
                    "key": {"$ref": "#/$defs/Key"},
                    "unbuildable": {"type": "boolean"},
                },
                "$defs": {"Key": {"type": "string", "writeOnly": true}},
            }),
        ),
    ]
});

fn plugin(
    name: &'static str,
    aliases: &'static [&'static str],
    phases: &'static [Phase],
    schema: Value,
) -> PluginKindInfo {
    PluginKindInfo { name, aliases, about: "For tests.", phases, schema, examples: Vec::new() }
}

const PROVIDERS: &[ProviderKindInfo] = &[ProviderKindInfo {
    name: "openai",
    label: "OpenAI",
    base_url: "https://api.openai.com/v1",
    default_model: Some("gpt-4o-mini"),
    chat: true,
    embeddings: true,
}];

impl PluginCatalogue for TestCatalogue {
    fn plugins(&self) -> &[PluginKindInfo] {
        &PLUGINS
    }

    fn plugin(&self, name: &str) -> Option<&PluginKindInfo> {
        PLUGINS.iter().find(|plugin| plugin.name == name || plugin.aliases.contains(&name))
    }

    fn providers(&self) -> &[ProviderKindInfo] {
        PROVIDERS
    }

    fn check(&self, _: &str, document: &Value, _: &dyn Lookup) -> Vec<Problem> {
        match document.pointer("/plugins/0/config/unbuildable") {
            Some(Value::Bool(true)) => {
                vec![Problem::at("/plugins/0/config/unbuildable", "it cannot be built")]
            }
            _ => Vec::new(),
        }
    }

    fn concerns_referrers(&self, _: &str, _: &Value, _: &Value) -> bool {
        false
    }
}

/// Tells the revision, how many documents it was shown, and of targets `p` with two credentials.
pub(crate) struct TestExplain;

impl Explain for TestExplain {
    fn explain(&self, configured: &dyn Configured, request: &ExplainRequest) -> Explanation {
        let mut documents = 0;
        configured.each(&mut |_| documents += 1);
        Explanation {
            revision: configured.head().revision,
            route: Some(format!("{} {} of {documents}", request.method, request.path)),
            targets: [0, 1].map(target).into(),
            ..Explanation::default()
        }
    }
}

fn target(credential: usize) -> ExplainedTarget {
    ExplainedTarget {
        provider: "p".to_owned(),
        name: "p".to_owned(),
        credential,
        model: Some("m".to_owned()),
        way: None,
        format: None,
        losses: Vec::new(),
        refused: None,
        out_on: Vec::new(),
    }
}

//! The plugins that routes of this API name, as far as their schemas matter here.

use std::sync::LazyLock;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::{Lookup, Phase, PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use serde_json::{Value, json};

pub(super) struct TestCatalogue;

static PLUGINS: LazyLock<Vec<PluginKindInfo>> = LazyLock::new(|| {
    let text = || json!({"type": "string"});
    let names = || json!({"type": "array", "items": {"type": "string"}});
    let secrets = json!({
        "type": "object", "additionalProperties": {"type": "string", "writeOnly": true},
    });
    let auth = json!({"type": "object", "properties": {"header": secrets, "query": secrets}});
    let open = || json!({"type": "object", "additionalProperties": true});
    let provider = json!({"type": "string", "enum": ["openai", "openai-compatible"]});
    let instance = json!({
        "type": "object",
        "required": ["name", "provider", "auth", "weight"],
        "properties": {
            "name": text(), "provider": provider, "auth": auth, "weight": {"type": "integer"},
            "priority": {"type": "integer"}, "options": open(), "override": open(),
        },
    });
    vec![
        plugin(
            "ai-proxy",
            Phase::Backend,
            json!({
                "type": "object",
                "required": ["provider", "auth"],
                "properties": {
                    "provider": provider, "auth": auth, "options": open(), "override": open(),
                },
            }),
        ),
        plugin(
            "ai-proxy-multi",
            Phase::Backend,
            json!({
                "type": "object",
                "required": ["instances"],
                "properties": {
                    "fallback_strategy": names(),
                    "instances": {"type": "array", "items": instance},
                },
            }),
        ),
        plugin(
            "key-auth",
            Phase::Authorize,
            json!({
                "type": "object",
                "properties": {
                    "header": text(), "query": text(), "hide_credentials": {"type": "boolean"},
                    "realm": {"x-inert": true},
                },
            }),
        ),
        plugin(
            "limit-count",
            Phase::Request,
            json!({
                "type": "object",
                "required": ["count", "time_window"],
                "properties": {
                    "count": {"type": "integer", "minimum": 1},
                    "time_window": {"type": "integer"},
                    "rejected_code": {"type": "integer"},
                },
            }),
        ),
        plugin(
            "proxy-buffering",
            Phase::Response,
            json!({
                "type": "object", "properties": {"disable_proxy_buffering": {"type": "boolean"}},
            }),
        ),
        plugin(
            "cors",
            Phase::Response,
            json!({
                "type": "object",
                "properties": {
                    "allow_origin": text(), "allow_methods": names(), "allow_headers": names(),
                    "expose_headers": names(), "allow_credentials": {"type": "boolean"},
                    "max_age": {"type": "integer"}, "excluded_patterns": names(),
                    "allow_origins_by_regex": names(), "timing_allow_origins": text(),
                    "timing_allow_origins_by_regex": names(),
                },
            }),
        ),
        plugin("apikeys", Phase::Authorize, json!({"type": "object", "properties": {}})),
    ]
});

fn plugin(name: &'static str, phase: Phase, schema: Value) -> PluginKindInfo {
    let phases: &'static [Phase] = match phase {
        Phase::Backend => &[Phase::Backend],
        Phase::Authorize => &[Phase::Authorize],
        Phase::Request => &[Phase::Request],
        _ => &[Phase::Response],
    };
    let examples = Vec::new();
    PluginKindInfo { name, aliases: &[], about: "For tests.", phases, schema, examples }
}

impl PluginCatalogue for TestCatalogue {
    fn plugins(&self) -> &[PluginKindInfo] {
        &PLUGINS
    }

    fn plugin(&self, name: &str) -> Option<&PluginKindInfo> {
        PLUGINS.iter().find(|plugin| plugin.name == name)
    }

    fn providers(&self) -> &[ProviderKindInfo] {
        &[]
    }

    fn check(&self, _: &str, _: &Value, _: &dyn Lookup) -> Vec<Problem> {
        Vec::new()
    }

    fn concerns_referrers(&self, _: &str, _: &Value, _: &Value) -> bool {
        false
    }
}

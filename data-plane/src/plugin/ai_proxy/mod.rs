//! `ai-proxy`: answers from one provider that stands in the plugin's own config (APISIX's plugin of this
//! name). Clients may speak Chat Completions, Messages, Responses, Embeddings or Converse, whatever the
//! provider speaks.

pub(super) mod config;
pub(super) mod instance;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Map, Value, json};

use self::config::{Auth, Override, ProviderConf, VendorName};
use self::instance::Instance;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::apisix::{Proxy, Says};

/// The plugin.
pub struct AiProxy(Proxy);

config::config! {
    /// Who answers, and how it is called.
    Config as AiProxyConfig {
        /// Whose models are called.
        provider: VendorName,
        /// Who calls it.
        auth: Auth,
        /// Members of every body, over its own. With `model` requests cannot choose one.
        #[serde(default)]
        #[schema(value_type = Object, example = json!({"model": "gpt-4o-mini"}))]
        options: Map<String, Value>,
        /// Where a cloud has the models.
        #[serde(default)]
        provider_conf: ProviderConf,
        /// What goes over what the provider has usually.
        #[serde(default, rename = "override")]
        overrides: Override,
    }
}

impl Plugin for AiProxy {
    const NAME: &'static str = "ai-proxy";
    const ABOUT: &'static str =
        "Answers from the provider of its config, whatever protocol of models clients speak.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    const DERIVES: bool = true;
    type Config = Config;

    fn examples() -> Vec<Value> {
        let auth = json!({"header": {"Authorization": "$env://LLM_AUTHORIZATION"}});
        vec![
            json!({"provider": "openai", "auth": auth, "options": {"model": "gpt-4o-mini"}}),
            json!({
                "provider": "openai-compatible",
                "auth": auth,
                "options": {"model": "meta-llama/Llama-3.1-8B-Instruct"},
                "override": {"endpoint": "http://vllm-server:8000/v1/chat/completions"}
            }),
        ]
    }

    fn build(config: Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let common = config.common();
        let name = format!("ai-proxy-{}", config.provider.as_str());
        let instance = Instance {
            name: &name,
            provider: config.provider,
            auth: &config.auth,
            options: &config.options,
            overrides: &config.overrides,
            conf: &config.provider_conf,
        };
        let streams = instance.streams() == Some(true);
        let provider = instance.build(Self::NAME, &common, context)?;
        Ok(Self(Proxy::new(
            &Arc::new(provider),
            common.max_req_body_size,
            Says { streams, logs: common.logs },
        )))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

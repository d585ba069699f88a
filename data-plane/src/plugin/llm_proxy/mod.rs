//! `llm-proxy`: Otoroshi's own format of chats, answered by providers.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::otoroshi;

/// The plugin.
pub struct LlmProxy(otoroshi::LlmProxy);

impl Plugin for LlmProxy {
    const NAME: &'static str = "llm-proxy";
    const ALIASES: &'static [&'static str] =
        &["cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.AiLlmProxy"];
    const ABOUT: &'static str =
        "Answers chats in Otoroshi's own format, as generations, from one of its providers.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = ProviderRefs;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"]})]
    }

    fn build(config: ProviderRefs, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(otoroshi::LlmProxy::new(config.build()?)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

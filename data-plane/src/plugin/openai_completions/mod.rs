//! `openai-completions`: OpenAI's legacy `POST /v1/completions`, answered by providers.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::openai::Completions;

/// The plugin.
pub struct OpenAiCompletions(Completions);

impl Plugin for OpenAiCompletions {
    const NAME: &'static str = "openai-completions";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompletionProxy",
    ];
    const ABOUT: &'static str =
        "Answers OpenAI legacy completions, natively or over chats, from one of its providers.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = ProviderRefs;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"]})]
    }

    fn build(config: ProviderRefs, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(Completions::new(config.build()?)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

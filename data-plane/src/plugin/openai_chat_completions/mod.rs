//! `openai-chat-completions`: OpenAI's `POST /v1/chat/completions`, answered by providers.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::openai::Chat;

/// The plugin.
pub struct OpenAiChatCompletions(Chat);

impl Plugin for OpenAiChatCompletions {
    const NAME: &'static str = "openai-chat-completions";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatProxy",
    ];
    const ABOUT: &'static str =
        "Answers OpenAI chat completions, streamed or whole, from one of its providers.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = ProviderRefs;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"]})]
    }

    fn build(config: ProviderRefs, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(Chat::new(config.build()?)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

//! `openai-responses`: OpenAI's Responses API, answered by providers.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::responses_config::{Config, kept_apart};
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::responses::{Form, Responses};

/// The plugin.
pub struct OpenAiResponses(Responses);

impl Plugin for OpenAiResponses {
    const NAME: &'static str = "openai-responses";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiResponsesProxy",
    ];
    const ABOUT: &'static str = "Answers OpenAI Responses, streamed or whole, from one of its providers, and keeps answers.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({"refs": ["provider_openai_1"]}),
            json!({"refs": ["provider_openai_1"], "store": "none"}),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(config.build(Form::OpenAi)?))
    }

    fn kept_apart(config: &Value) -> Option<Problem> {
        kept_apart(config)
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

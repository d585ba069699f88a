//! `prompt-context`: puts the messages of a prompt context around those of chat requests, whatever
//! protocol their clients speak. Those of several slots follow each other in the order of the slots.

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::PromptContextId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin, Step};
use crate::exchange::Exchange;
use crate::prompts::PromptEdit;
use crate::snapshot::missing;

/// The plugin.
pub struct PromptContext(PromptContextId);

/// Which context.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptContextConfig)]
pub struct Config {
    /// The prompt context.
    #[serde(rename = "ref")]
    context: PromptContextId,
}

impl Plugin for PromptContext {
    const NAME: &'static str = "prompt-context";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.AiPromptContext",
    ];
    const ABOUT: &'static str = "Puts the messages of a prompt context around those of chats.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"ref": "prompt-context_1"})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        if config.context.as_str().trim().is_empty() {
            return Err(vec![Problem::at("/ref", "it names no prompt context")]);
        }
        Ok(Self(config.context))
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let Some(context) = exchange.snapshot.prompt_context(&self.0).map(Arc::clone) else {
            return Step::Done(Err(missing("prompt context", self.0.as_str())));
        };
        exchange.prompts.push(PromptEdit::Context(context));
        Step::NEXT
    }
}

//! `ai-prompt-decorator`: puts messages of its config around those of chats, whatever protocol their
//! clients speak (APISIX's plugin of this name). Those of several slots follow each other in the order
//! of the slots; embeddings stay as they are.

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::{Inert, PromptMessage};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin, Step};
use crate::exchange::Exchange;
use crate::prompts::{PromptContext, PromptEdit};

/// The plugin.
pub struct AiPromptDecorator(Arc<PromptContext>);

/// What goes around.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AiPromptDecoratorConfig)]
pub struct Config {
    /// Messages before those of the caller.
    prepend: Vec<PromptMessage>,
    /// Messages after them.
    append: Vec<PromptMessage>,
    #[doc = "Largest body; what answers has its own."]
    max_req_body_size: Inert,
}

impl Plugin for AiPromptDecorator {
    const NAME: &'static str = "ai-prompt-decorator";
    const ABOUT: &'static str = "Puts messages around those of chats.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({
            "prepend": [{"role": "system", "content": "Be brief."}],
            "append": [{"role": "user", "content": "Answer in French."}]
        })]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let Config { prepend, append, max_req_body_size: Inert } = config;
        if prepend.is_empty() && append.is_empty() {
            let text = "there are neither messages to prepend nor to append";
            return Err(vec![Problem::at("", text)]);
        }
        let context = PromptContext::of(&[("/prepend", &prepend)], &[("/append", &append)])?;
        Ok(Self(Arc::new(context)))
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        exchange.prompts.push(PromptEdit::Context(Arc::clone(&self.0)));
        Step::NEXT
    }
}

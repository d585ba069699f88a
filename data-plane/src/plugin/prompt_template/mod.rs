//! `prompt-template`: makes the messages of chat requests with a prompt template, whatever protocol
//! their clients speak. Of several slots, the last one counts.

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::PromptTemplateId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin, Step};
use crate::exchange::Exchange;
use crate::prompts::PromptEdit;
use crate::snapshot::missing;

/// The plugin.
pub struct PromptTemplate(PromptTemplateId);

/// Which template.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptTemplateConfig)]
pub struct Config {
    /// The prompt template.
    #[serde(rename = "ref")]
    template: PromptTemplateId,
}

impl Plugin for PromptTemplate {
    const NAME: &'static str = "prompt-template";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.AiPromptTemplate",
    ];
    const ABOUT: &'static str = "Makes the messages of chats with a prompt template.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"ref": "prompt-template_1"})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        if config.template.as_str().trim().is_empty() {
            return Err(vec![Problem::at("/ref", "it names no prompt template")]);
        }
        Ok(Self(config.template))
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let Some(template) = exchange.snapshot.prompt_template(&self.0).map(Arc::clone) else {
            return Step::Done(Err(missing("prompt template", self.0.as_str())));
        };
        exchange.prompts.push(PromptEdit::Template(template));
        Step::NEXT
    }
}

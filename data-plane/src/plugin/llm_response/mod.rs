//! `llm-response`: answers requests, whatever they hold, with what a model says to a prompt of the
//! route. The prompt may speak of the request: see [`crate::expression`].

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::{Fidelity, PromptContextId, PromptId, ProviderId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin};
use crate::expression::Template;
use crate::protocol::Protocol;
use crate::protocol::llm_response::{LlmResponse as Answerer, PromptChoice};
use crate::protocol::refs::Refs;
use crate::provider::TimeoutOverrides;

/// The plugin.
pub struct LlmResponse(Answerer);

/// Who is asked, and what.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = LlmResponseConfig)]
pub struct Config {
    /// The provider; its own model is asked.
    #[serde(rename = "ref")]
    provider: Option<ProviderId>,
    /// What the model is asked. `${…}` stands for something of the request.
    #[schema(example = "Summarize the following text: ${req.body.text}")]
    prompt: String,
    /// A stored prompt, which wins over `prompt`.
    prompt_ref: Option<PromptId>,
    /// A stored context, whose messages go around the prompt; they may hold expressions too.
    context_ref: Option<PromptContextId>,
    /// `strict` refuses what the provider cannot be told whole, by 400 with the names of the members.
    fidelity: Fidelity,
    /// How long the call may take, in milliseconds; what is absent is as the provider has it.
    timeouts: TimeoutOverrides,
}

impl Plugin for LlmResponse {
    const NAME: &'static str = "llm-response";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.LlmResponseEndpoint",
    ];
    const ABOUT: &'static str = "Answers any request with what a model says to a prompt.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({
                "ref": "provider_openai_1",
                "prompt": "Summarize the following text: ${req.body.text}"
            }),
            json!({
                "ref": "provider_openai_1",
                "prompt_ref": "prompt_1",
                "context_ref": "prompt-context_1"
            }),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let prompt_ref = config.prompt_ref.filter(|id| !id.as_str().trim().is_empty());
        let context = config.context_ref.filter(|id| !id.as_str().trim().is_empty());
        let prompt = match (prompt_ref, config.prompt.trim()) {
            (Some(id), _) => PromptChoice::Stored(id),
            (None, "") => PromptChoice::None,
            (None, _) => match Template::compile(&config.prompt) {
                Ok(text) => PromptChoice::Own(text),
                Err(problem) => {
                    problems.push(problem.under("/prompt"));
                    PromptChoice::None
                }
            },
        };
        if matches!(prompt, PromptChoice::None) && context.is_none() && problems.is_empty() {
            problems.push(Problem::at("/prompt", "it asks the model nothing"));
        }
        let refs = Refs::build(Vec::new(), config.provider).map_err(|inner| {
            problems.extend(inner.into_iter().map(|p| Problem::at("/ref", p.message)));
        });
        match refs {
            Ok(mut refs) if problems.is_empty() => {
                refs.fidelity = config.fidelity;
                refs.timeouts = config.timeouts;
                Ok(Self(Answerer::new(refs, prompt, context)))
            }
            _ => Err(problems),
        }
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::registry;
    use crate::snapshot::for_test::CONTEXT;

    fn problems(config: &Value) -> Vec<String> {
        let kind = registry::find(LlmResponse::NAME).unwrap();
        let problems = kind.build(config, &CONTEXT).err().unwrap_or_default();
        problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect()
    }

    #[test]
    fn a_config_names_a_provider_and_something_to_ask() {
        let none = "/ref: it names no provider, so no request can be answered";
        let nothing = "/prompt: it asks the model nothing";
        for (config, expected) in [
            (json!({"ref": "p", "prompt": "x", "prompt_ref": null, "context_ref": null}), vec![]),
            (json!({"ref": "p", "prompt": "", "prompt_ref": "", "context_ref": "c"}), vec![]),
            (json!({"ref": "p", "prompt_ref": "x"}), vec![]),
            (json!({"prompt": "x"}), vec![none]),
            (json!({"ref": "", "prompt": "x"}), vec![none]),
            (json!({"ref": "p", "prompt": " ", "prompt_ref": ""}), vec![nothing]),
            (json!({}), vec![nothing, none]),
            (
                json!({"ref": "p", "prompt": "${x}".repeat(1_001)}),
                vec!["/prompt: it has more than 1000 expressions"],
            ),
        ] {
            assert_eq!(problems(&config), expected, "{config}");
        }
    }
}

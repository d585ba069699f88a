//! `anthropic-messages`: Anthropic's `POST /v1/messages`, answered by providers, and below it
//! `/count_tokens`.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::{Fidelity, ProviderId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::anthropic::Messages;
use crate::provider::TimeoutOverrides;

/// The plugin.
pub struct AnthropicMessages(Messages);

/// Which providers answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AnthropicMessagesConfig)]
pub struct Config {
    /// Providers, the default one first. Requests name another by `model`: `slug/model` or
    /// `id###model`, or by `provider`.
    #[schema(example = json!(["provider_anthropic_1"]))]
    pub refs: Vec<ProviderId>,
    /// One more.
    #[serde(rename = "ref")]
    pub one: Option<ProviderId>,
    /// `strict` refuses requests that a provider cannot be told whole, by 400 with the names of the
    /// members; `report` names them in `x-sanmon-fidelity`.
    pub fidelity: Fidelity,
    /// How long calls may take that are made from here, in milliseconds; what is absent is as the
    /// provider has it.
    pub timeouts: TimeoutOverrides,
    /// The model that is asked, whatever requests name; blank for theirs.
    pub override_model: Option<String>,
}

impl Plugin for AnthropicMessages {
    const NAME: &'static str = "anthropic-messages";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.AnthropicCompatProxy",
    ];
    const ABOUT: &'static str = "Answers Anthropic Messages, streamed or whole, and counts their tokens, from one of its providers.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({"refs": ["provider_anthropic_1"]}),
            json!({"refs": ["provider_openai_1"], "override_model": "gpt-5"}),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let Config { refs, one, fidelity, timeouts, override_model } = config;
        let mut refs = ProviderRefs { refs, one, fidelity, timeouts }.build()?;
        let model = override_model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        refs.model = model.map(Into::into);
        Ok(Self(Messages::new(refs)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

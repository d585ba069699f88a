//! `openai-models`: OpenAI's `GET /v1/models`, over all providers of the config.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::openai::{ListForm, Models};

/// The plugin.
pub struct OpenAiModels(Models);

impl Plugin for OpenAiModels {
    const NAME: &'static str = "openai-models";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatModels",
    ];
    const ABOUT: &'static str = "Lists the models of its providers as OpenAI does.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = ProviderRefs;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"]})]
    }

    fn build(config: ProviderRefs, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(Models::new(config.build()?, ListForm::Plain)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

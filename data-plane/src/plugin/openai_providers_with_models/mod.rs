//! `openai-providers-with-models`: the models of all providers of the config, each with its provider.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde_json::{Value, json};

use super::provider_refs::ProviderRefs;
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::openai::{ListForm, Models};

/// The plugin.
pub struct OpenAiProvidersWithModels(Models);

impl Plugin for OpenAiProvidersWithModels {
    const NAME: &'static str = "openai-providers-with-models";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatProvidersWithModels",
    ];
    const ABOUT: &'static str = "Lists the models of its providers, each with its provider.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = ProviderRefs;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"]})]
    }

    fn build(config: ProviderRefs, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        Ok(Self(Models::new(config.build()?, ListForm::WithProviders)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

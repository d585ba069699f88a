//! `openai-api`: all of OpenAI's paths in one slot.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::{EmbeddingModelId, Fidelity, Inert, ProviderId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::provider_refs::ProviderRefs;
use super::responses_config::{self, Store, kept_apart};
use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::anthropic::Messages;
use crate::protocol::openai::{Api, Chat, Completions, Embeddings, ListForm, Models};
use crate::protocol::refs::Refs;
use crate::protocol::responses::Form;
use crate::provider::TimeoutOverrides;

/// The plugin.
pub struct OpenAiApi(Api);

/// Who answers what.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = OpenAiApiConfig)]
pub struct Config {
    /// Providers, the default one first. Requests name another by `model`: `slug/model` or
    /// `id###model`, or by `provider`.
    #[schema(example = json!(["provider_openai_1"]))]
    refs: Vec<ProviderId>,
    /// More of them.
    language_model_refs: Vec<ProviderId>,
    /// One more.
    #[serde(rename = "ref")]
    one: Option<ProviderId>,
    /// Embedding models, the default one first; without them embeddings are not served.
    embedding_model_refs: Vec<EmbeddingModelId>,
    /// `strict` refuses requests that a provider cannot be told whole; `report` names the members in
    /// `x-sanmon-fidelity`.
    fidelity: Fidelity,
    /// How long calls may take that are made from here, in milliseconds; what is absent is as the
    /// provider has it.
    timeouts: TimeoutOverrides,
    /// Who keeps answers of `/responses`: `gateway` or `none`.
    store: Store,
    /// Seconds for which they are kept; a day when absent.
    #[schema(minimum = 1, maximum = 2_592_000)]
    store_ttl: Option<u64>,
    /// Speaks Open Responses at `/responses` instead of OpenAI's own.
    use_open_response_for_responses: bool,
    /// Audio models.
    audio_model_refs: Inert,
    /// Image models.
    image_model_refs: Inert,
    /// OCR models.
    ocr_model_refs: Inert,
    /// Moderation models.
    moderation_model_refs: Inert,
    /// Prompt contexts that are listed.
    context_refs: Inert,
    /// Largest upload.
    max_size_upload: Inert,
    /// Pictures are decoded.
    decode_images: Inert,
    /// Answers tell of costs in headers.
    response_headers: Inert,
    /// And of which.
    response_headers_include_costs: Inert,
}

impl Plugin for OpenAiApi {
    const NAME: &'static str = "openai-api";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAiCompatApi",
    ];
    const ABOUT: &'static str = "Serves all of OpenAI's paths (chat completions, completions, responses, embeddings, models) and Anthropic's messages from one slot, whatever the prefix.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["provider_openai_1"], "embedding_model_refs": ["embedding-model_1"]})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let Config { mut refs, language_model_refs, one, fidelity, timeouts, .. } = config;
        refs.extend(language_model_refs);
        refs.extend(one);
        let providers = || ProviderRefs { refs: refs.clone(), one: None, fidelity, timeouts };
        let of = || providers().build();
        let form = if config.use_open_response_for_responses { Form::Open } else { Form::OpenAi };
        let responses = responses_config::Config::of(providers(), config.store, config.store_ttl);
        let embeddings = config.embedding_model_refs;
        let embeddings = (!embeddings.is_empty())
            .then(|| Refs::build(embeddings, None).map(Embeddings::new))
            .transpose()?;
        Ok(Self(Api {
            chat: Chat::new(of()?),
            completions: Completions::new(of()?),
            responses: responses.build(form)?,
            messages: Messages::new(of()?),
            models: Models::new(of()?, ListForm::Plain),
            embeddings,
        }))
    }

    fn kept_apart(config: &Value) -> Option<Problem> {
        kept_apart(config)
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

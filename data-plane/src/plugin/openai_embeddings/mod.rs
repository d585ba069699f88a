//! `openai-embeddings`: OpenAI's `POST /v1/embeddings`, answered by embedding models.

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::resources::EmbeddingModelId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin};
use crate::protocol::Protocol;
use crate::protocol::openai::Embeddings;
use crate::protocol::refs::Refs;
use crate::provider::TimeoutOverrides;

/// The plugin.
pub struct OpenAiEmbeddings(Embeddings);

/// Which embedding models answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = EmbeddingModelRefs)]
pub struct Config {
    /// Embedding models, the default one first. Requests name another by `model`: `slug/model` or
    /// `id###model`.
    #[schema(example = json!(["embedding-model_1"]))]
    pub refs: Vec<EmbeddingModelId>,
    /// One more.
    #[serde(rename = "ref")]
    pub one: Option<EmbeddingModelId>,
    /// How long calls may take that are made from here, in milliseconds; what is absent is as the
    /// embedding model has it.
    pub timeouts: TimeoutOverrides,
}

impl Plugin for OpenAiEmbeddings {
    const NAME: &'static str = "openai-embeddings";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.OpenAICompatEmbedding",
    ];
    const ABOUT: &'static str = "Answers OpenAI embeddings from one of its embedding models.";
    const PHASES: &'static [Phase] = &[Phase::Backend];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![json!({"refs": ["embedding-model_1"]})]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut refs = Refs::build(config.refs, config.one)?;
        refs.timeouts = config.timeouts;
        Ok(Self(Embeddings::new(refs)))
    }

    fn backend(&self) -> Option<&dyn Protocol> {
        Some(&self.0)
    }
}

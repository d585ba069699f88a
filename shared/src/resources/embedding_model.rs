use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Connection, EmbeddingModelId, ModelFilter};
use crate::resource::Resource;

/// Where embedding requests go.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingModel {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: EmbeddingModelId,
    /// Shown to people; callers name it by its slug, as with providers.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The kind, as `/provider-kinds` lists it.
    #[schema(example = "openai")]
    pub provider: String,
    /// How it is reached and what it is asked.
    #[serde(default)]
    pub config: EmbeddingConfig,
    /// Which models may be used.
    #[serde(default)]
    pub models: ModelFilter,
}

/// How an embedding model is reached and what it is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EmbeddingConfig {
    /// How it is reached.
    pub connection: Connection,
    /// Members that a request gets where it lacks them: `model`, `dimensions` and others.
    #[schema(value_type = Object, example = json!({"model": "text-embedding-3-small"}))]
    pub options: Map<String, Value>,
}

impl Resource for EmbeddingModel {
    const KIND: &'static str = "embedding-model";
    const PLURAL: &'static str = "embedding-models";
    const TITLE: &'static str = "EmbeddingModel";
    const ABOUT: &'static str = "Models that turn text into vectors.";

    fn example() -> Value {
        json!({
            "name": "openai embeddings",
            "provider": "openai",
            "config": {
                "connection": {"token": "$env://OPENAI_API_KEY"},
                "options": {"model": "text-embedding-3-small"}
            }
        })
    }
}

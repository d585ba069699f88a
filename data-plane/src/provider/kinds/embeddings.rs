//! The formats of embeddings of the table's rows.

use sanmon_wire::embeddings::{EmbedCodec, bedrock, cohere, gemini, hugging_face, ollama, openai};

use crate::provider::kind::{Embeds, Models};

const fn embeds(codec: &'static dyn EmbedCodec, path: &'static str) -> Embeds {
    Embeds { codec: Some(codec), path, models: Models::Any }
}

const fn only(parts: &'static [&'static str], embeds: Embeds) -> Embeds {
    Embeds { models: Models::Holding(parts), ..embeds }
}

/// OpenAI's format, at this path.
const fn like_openai(path: &'static str) -> Embeds {
    Embeds { codec: None, path, models: Models::Any }
}

/// Where a base ends with the version.
pub(in crate::provider) const OPENAI: &[Embeds] = &[like_openai("/embeddings")];

/// Where it does not.
pub(in crate::provider) const V1: &[Embeds] = &[like_openai("/v1/embeddings")];

/// Azure AI Foundry's v1 API.
pub(in crate::provider) const FOUNDRY_V1: &[Embeds] = &[like_openai("/openai/v1/embeddings")];

/// Azure AI Foundry's older API of models.
pub(in crate::provider) const FOUNDRY_MODELS: &[Embeds] = &[like_openai("/models/embeddings")];

pub(super) const MISTRAL: &[Embeds] = &[embeds(&openai::MISTRAL, "/embeddings")];

pub(super) const VOYAGE: &[Embeds] = &[embeds(&openai::VOYAGE, "/embeddings")];

pub(super) const JINA: &[Embeds] = &[embeds(&openai::JINA, "/embeddings")];

pub(super) const COHERE: &[Embeds] = &[embeds(&cohere::V2, "/v2/embed")];

pub(super) const OLLAMA: &[Embeds] = &[embeds(&ollama::OLLAMA, "/api/embed")];

pub(super) const HUGGING_FACE: &[Embeds] = &[embeds(
    &hugging_face::HUGGING_FACE,
    "/hf-inference/models/{+model}/pipeline/feature-extraction",
)];

pub(super) const GEMINI: &[Embeds] = &[
    Embeds {
        models: Models::Below("models/"),
        ..embeds(&gemini::BATCH, "/models/{model}:batchEmbedContents")
    },
    embeds(&gemini::BATCH, "/models/{model}:batchEmbedContents"),
];

pub(in crate::provider) const VERTEX: &[Embeds] = &[
    only(
        &["gemini-embedding-2"],
        embeds(&gemini::CONTENT, "/publishers/google/models/{model}:embedContent"),
    ),
    embeds(&gemini::PREDICT, "/publishers/google/models/{model}:predict"),
];

pub(in crate::provider) const BEDROCK: &[Embeds] = &[
    only(&["cohere."], invoke(&bedrock::COHERE)),
    only(&["nova-"], invoke(&bedrock::NOVA)),
    only(&["titan-embed-image"], invoke(&bedrock::TITAN_IMAGE)),
    only(&["titan-embed-text-v1", "titan-embed-g1"], invoke(&bedrock::TITAN_V1)),
    invoke(&bedrock::TITAN_V2),
];

const fn invoke(codec: &'static dyn EmbedCodec) -> Embeds {
    embeds(codec, "/model/{model}/invoke")
}

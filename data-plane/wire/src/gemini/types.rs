//! Gemini's JSON, as it is read. Both spellings of names are taken, as the API does; parts and tools
//! are kept as texts until it is known what they are.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Json;
use crate::lenient::null_as_default;

/// A turn.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Content<'a> {
    #[serde(default)]
    pub(super) role: Option<String>,
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub(super) parts: Vec<&'a RawValue>,
}

/// A part: one kind of it, and what stands beside.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) thought: bool,
    #[serde(alias = "thought_signature")]
    pub(super) thought_signature: Option<String>,
    #[serde(alias = "inline_data")]
    pub(super) inline_data: Option<Blob>,
    #[serde(alias = "file_data")]
    pub(super) file_data: Option<FileData>,
    #[serde(alias = "function_call")]
    pub(super) function_call: Option<FunctionCall>,
    #[serde(alias = "function_response")]
    pub(super) function_response: Option<FunctionResponse>,
    #[serde(alias = "media_resolution")]
    pub(super) media_resolution: Option<MediaResolution>,
    #[serde(alias = "video_metadata")]
    pub(super) video_metadata: Option<Json>,
}

/// Bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Blob {
    #[serde(alias = "mime_type", deserialize_with = "null_as_default")]
    pub(super) mime_type: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) data: String,
}

/// Bytes elsewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FileData {
    #[serde(alias = "mime_type", deserialize_with = "null_as_default")]
    pub(super) mime_type: String,
    #[serde(alias = "file_uri", deserialize_with = "null_as_default")]
    pub(super) file_uri: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MediaResolution {
    pub(super) level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall {
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) name: String,
    pub(super) args: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionResponse {
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) name: String,
    pub(super) response: Option<Json>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) parts: Vec<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FunctionDeclaration {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<Json>,
    #[serde(alias = "parameters_json_schema")]
    pub(super) parameters_json_schema: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FunctionCallingConfig {
    pub(super) mode: Option<String>,
    #[serde(alias = "allowed_function_names", deserialize_with = "null_as_default")]
    pub(super) allowed_function_names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    #[serde(alias = "include_thoughts")]
    pub(super) include_thoughts: Option<bool>,
    #[serde(alias = "thinking_budget")]
    pub(super) thinking_budget: Option<i64>,
    #[serde(alias = "thinking_level")]
    pub(super) thinking_level: Option<String>,
}

/// An answer, or a piece of a streamed one; or an error in its place.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GenerateContentResponse<'a> {
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) candidates: Vec<Candidate<'a>>,
    #[serde(borrow)]
    pub(super) prompt_feedback: Option<&'a RawValue>,
    pub(super) usage_metadata: Option<UsageMetadata>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) model_version: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) response_id: String,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) index: u32,
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) content: Content<'a>,
    pub(super) finish_reason: Option<String>,
    pub(super) finish_message: Option<String>,
    pub(super) citation_metadata: Option<CitationMetadata>,
    #[serde(borrow)]
    pub(super) grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) url_context_metadata: Option<&'a RawValue>,
    pub(super) logprobs_result: Option<LogprobsResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prompt_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) cached_content_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) candidates_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) thoughts_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) tool_use_prompt_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) total_token_count: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) prompt_tokens_details: Vec<ModalityCount>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) candidates_tokens_details: Vec<ModalityCount>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModalityCount {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) modality: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) token_count: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) chosen_candidates: Vec<LogprobCandidate>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) top_candidates: Vec<TopCandidates>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogprobCandidate {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) token: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) log_probability: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TopCandidates {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) candidates: Vec<LogprobCandidate>,
}

/// Texts that the answer repeats; Vertex and AI Studio name the list differently.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CitationMetadata {
    #[serde(alias = "citationSources", deserialize_with = "null_as_default")]
    pub(super) citations: Vec<CitationSource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CitationSource {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) start_index: u64,
    pub(super) end_index: Option<u64>,
    pub(super) uri: Option<String>,
    pub(super) title: Option<String>,
}

/// What a grounded answer relies on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroundingMetadata {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) web_search_queries: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) grounding_chunks: Vec<GroundingChunk>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) grounding_supports: Vec<GroundingSupport>,
}

/// A page, or a piece of a store of documents.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroundingChunk {
    pub(super) web: Option<GroundingSource>,
    pub(super) retrieved_context: Option<GroundingSource>,
    pub(super) maps: Option<GroundingSource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroundingSource {
    pub(super) uri: Option<String>,
    pub(super) title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroundingSupport {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) segment: Segment,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) grounding_chunk_indices: Vec<usize>,
}

/// Bytes of a part, not characters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Segment {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) start_index: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) end_index: u64,
}

//! Cohere's JSON: <https://docs.cohere.com/reference/chat>.

use serde::Deserialize;

use crate::json::Json;
use crate::lenient::{TextOr, null_as_default};

/// A message of a conversation or an answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) role: String,
    #[serde(default)]
    pub(super) content: TextOr<Json>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_plan: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_calls: Vec<ToolCall>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_call_id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) citations: Vec<Json>,
}

/// A part of a message's content, whatever its type; in streams a piece of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) thinking: Option<String>,
    #[serde(default)]
    pub(super) image_url: Option<Json>,
    #[serde(default)]
    pub(super) document: Option<Document>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ImageUrl {
    pub(super) url: String,
    #[serde(default)]
    pub(super) detail: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub(super) data: Json,
    #[serde(default)]
    pub(super) id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolCall {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) function: Function,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Function {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) arguments: String,
}

/// Numbers are written as floats.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) billed_units: Option<Units>,
    #[serde(default)]
    pub(super) tokens: Option<Units>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) cached_tokens: f64,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Units {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) input_tokens: f64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) output_tokens: f64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) search_units: f64,
}

/// Tokens of a piece of text with their log-probabilities.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Logprobs {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) text: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) logprobs: Vec<f64>,
}

//! Ollama's JSON: <https://docs.ollama.com/api/chat>.

use serde::Deserialize;

use crate::json::Json;
use crate::lenient::null_as_default;

/// A message of a conversation, an answer or a piece of one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) role: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) content: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) thinking: String,
    /// Base64, without a word about what they are.
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) images: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_calls: Vec<ToolCall>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) tool_call_id: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ToolCall {
    /// Older servers give none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) function: Function,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Function {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) name: String,
    /// An object.
    #[serde(default)]
    pub(super) arguments: Option<Json>,
}

/// An answer, or a line of one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) model: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) message: Option<Message>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) done: bool,
    #[serde(default)]
    pub(super) done_reason: Option<String>,
    #[serde(default)]
    pub(super) prompt_eval_count: Option<u64>,
    #[serde(default)]
    pub(super) eval_count: Option<u64>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) logprobs: Vec<Logprob>,
    /// How long things took, in nanoseconds.
    #[serde(default)]
    pub(super) total_duration: Option<Json>,
    #[serde(default)]
    pub(super) load_duration: Option<Json>,
    #[serde(default)]
    pub(super) prompt_eval_duration: Option<Json>,
    #[serde(default)]
    pub(super) eval_duration: Option<Json>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Logprob {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) token: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) logprob: f64,
    #[serde(default)]
    pub(super) bytes: Option<Vec<u8>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) top_logprobs: Vec<Logprob>,
}

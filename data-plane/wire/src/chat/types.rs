//! The format's JSON, read leniently: every member may be missing or `null`, and what differs between
//! vendors (a string or a list, a string or an object) stays text until it is looked at.
//! <https://platform.openai.com/docs/api-reference/chat>

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient::null_as_default;

/// A message of a request, a message of an answer, or the delta of a chunk.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Option<Cow<'a, str>>,
    /// A string, or a list of [`Part`]s.
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
    /// Before there were tools.
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
    pub(super) tool_call_id: Option<String>,
    pub(super) audio: Option<AnswerAudio>,
    /// Thoughts, of DeepSeek and most others.
    #[serde(borrow)]
    pub(super) reasoning_content: Option<&'a RawValue>,
    /// Thoughts, of Groq, OpenRouter and newer servers.
    #[serde(borrow)]
    pub(super) reasoning: Option<&'a RawValue>,
    /// Thoughts with signatures, of OpenRouter.
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) reasoning_details: Vec<&'a RawValue>,
    /// Thoughts with signatures, as Anthropic has them; clients of other gateways send them.
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) thinking_blocks: Vec<ThinkingBlock<'a>>,
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) annotations: Vec<&'a RawValue>,
    /// Pictures that the model made (OpenRouter).
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) images: Vec<Part<'a>>,
    pub(super) extra_content: Option<ExtraContent>,
    #[serde(borrow)]
    pub(super) cache_control: Option<&'a RawValue>,
    /// The answer is to begin with this message (Mistral, DeepSeek).
    pub(super) prefix: Option<bool>,
}

/// A piece of a content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
    /// An object with `url` and `detail`, or the URL alone (Mistral).
    #[serde(borrow)]
    pub(super) image_url: Option<&'a RawValue>,
    /// An object, or base64 alone (Mistral).
    #[serde(borrow)]
    pub(super) input_audio: Option<&'a RawValue>,
    pub(super) file: Option<File>,
    /// Mistral's.
    #[serde(borrow)]
    pub(super) document_url: Option<&'a RawValue>,
    pub(super) document_name: Option<String>,
    /// Mistral's thoughts: a list of texts, or a text.
    #[serde(borrow)]
    pub(super) thinking: Option<&'a RawValue>,
    pub(super) signature: Option<String>,
    #[serde(borrow)]
    pub(super) cache_control: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) prompt_cache_breakpoint: Option<&'a RawValue>,
}

/// Where a picture is, or a document at Mistral.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Url {
    pub(super) url: String,
    pub(super) detail: Option<String>,
}

/// Sound in a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InputAudio {
    pub(super) data: String,
    pub(super) format: String,
}

/// A file in a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) file_id: Option<String>,
    pub(super) file_data: Option<String>,
    pub(super) filename: Option<String>,
}

/// Sound that a model made, or a reference to it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerAudio {
    pub(super) id: Option<String>,
    pub(super) data: Option<String>,
    pub(super) transcript: Option<String>,
    pub(super) expires_at: Option<i64>,
}

/// A call, or a piece of one in a delta.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall<'a> {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
    #[serde(borrow)]
    pub(super) custom: Option<Custom<'a>>,
    pub(super) extra_content: Option<ExtraContent>,
    #[serde(borrow)]
    pub(super) cache_control: Option<&'a RawValue>,
}

/// Which function, with what. `arguments` are a string of JSON, or the JSON itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function<'a> {
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// Which custom tool, with what text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Custom<'a> {
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

/// What Google's endpoint adds to calls and messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExtraContent {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) google: Google,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Google {
    pub(super) thought_signature: Option<String>,
}

impl ExtraContent {
    /// Gemini's thought signature.
    pub(super) fn signature(self) -> Option<String> {
        self.google.thought_signature.filter(|signature| !signature.is_empty())
    }
}

/// A block of thoughts in Anthropic's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ThinkingBlock<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
}

/// A tool that a request offers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) function: Option<FunctionTool<'a>>,
    #[serde(borrow)]
    pub(super) custom: Option<CustomTool<'a>>,
    #[serde(borrow)]
    pub(super) cache_control: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionTool<'a> {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(borrow)]
    pub(super) parameters: Option<&'a RawValue>,
    pub(super) strict: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomTool<'a> {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(borrow)]
    pub(super) format: Option<CustomFormat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CustomFormat<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) grammar: Option<Grammar>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Grammar {
    pub(super) definition: String,
    pub(super) syntax: String,
}

/// An answer of a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    /// Of legacy completions, in place of a message.
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    /// Of chunks.
    #[serde(borrow)]
    pub(super) delta: Option<Message<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    /// Which stop text ended it (vLLM): a string, or the number of a token.
    #[serde(borrow)]
    pub(super) stop_reason: Option<&'a RawValue>,
}

/// Log-probabilities. Some vendors have the legacy lists here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Logprobs<'a> {
    #[serde(deserialize_with = "null_as_default")]
    pub(super) content: Vec<TokenLogprob>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) refusal: Vec<TokenLogprob>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) tokens: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) token_logprobs: Vec<Option<f64>>,
    /// Objects of tokens and their log-probabilities.
    #[serde(borrow, deserialize_with = "null_as_default")]
    pub(super) top_logprobs: Vec<Option<&'a RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenLogprob {
    pub(super) token: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) logprob: f64,
    pub(super) bytes: Option<Vec<u8>>,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) top_logprobs: Vec<TokenLogprob>,
}

use serde::Serialize;

use super::{CacheControl, Native, Part, Tool, ToolChoice};
use crate::json::Json;

/// A chat request as every format means it. Members that a target cannot express are reported by
/// its encoder, by the names that the members have here.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Request {
    /// As the caller named it; the target's name of it is in [`Target`](crate::format::Target).
    pub model: String,
    /// The conversation, in normal form (see the module).
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Which of them it must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The answer is to be streamed.
    pub stream: bool,
    /// The caller wants usage at the end of its stream. Formats that always send it: true.
    pub stream_usage: bool,
    /// The most tokens of output, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// 0 to 2, as OpenAI has it; Anthropic's goes to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many tokens are considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Texts before which output ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// For answers that repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How many answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Token ids with their bias, as an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logit_bias: Option<Json>,
    /// Log-probabilities of the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// Of so many likely tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u64>,
    /// What the output must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputFormat>,
    /// Whether and how much the model thinks first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ReasoningRequest>,
    /// `low`, `medium` or `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<String>,
    /// `text`, `audio`, `image`: what the answer may be made of; absent where it is text alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<String>,
    /// Format and voice of spoken answers, as OpenAI's `audio` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<Json>,
    /// Output that is largely known, as OpenAI's `prediction` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Json>,
    /// The caller's end user (OpenAI's `user`, Anthropic's `metadata.user_id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The same, hashed for abuse detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety_identifier: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
    /// `auto`, `default`, `flex`, `priority` and others, as OpenAI has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Whether the vendor keeps the answer. `None`: the format's default, which for Responses is yes,
    /// so its decoder says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// The answer that this continues (Responses). Encoders of other formats refuse it: the gateway
    /// has put the conversation together by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_response_id: Option<String>,
    /// Routes requests with a common beginning to the same cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// A breakpoint wherever the vendor likes (Anthropic's top-level `cache_control`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
    /// Members that only one format knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Native>,
}

impl Request {
    /// The name of the tool that the call `id` asked for.
    pub fn tool_name(&self, id: &str) -> Option<&str> {
        self.messages.iter().rev().flat_map(|message| &message.content).find_map(
            |part| match part {
                Part::ToolCall(call) if call.id == id => Some(call.name.as_str()),
                _ => None,
            },
        )
    }
}

/// A turn of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Whose.
    pub role: Role,
    /// What was said.
    pub content: Vec<Part>,
    /// Which of several participants (OpenAI).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Message {
    /// A turn without a name.
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, name: None }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whoever runs the application.
    System,
    /// The same, in OpenAI's newer word. Formats that do not know it write `system`, which loses
    /// nothing.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// Tools: holds [`Part::ToolResult`]s and nothing else.
    Tool,
}

/// What the output must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputFormat {
    /// Some JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// Of the schema, where the format wants one.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// JSON Schema.
        schema: Json,
        /// Whether every output must fit.
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

/// Whether and how much a model thinks first. Formats tell it as an effort or as a budget; who has
/// the other one approximates, and reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReasoningRequest {
    /// How hard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The most tokens of thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<u64>,
    /// The model decides how much (Anthropic's `adaptive`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adaptive: bool,
    /// What the caller sees of it: `auto`, `concise`, `detailed` (Responses), `summarized`,
    /// `omitted` (Anthropic).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// How hard a model thinks. `None` switches it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    /// The word that OpenAI, Anthropic and others have for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// What a word means.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::Xhigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    /// The budget, in tokens, that comes near to it.
    pub const fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal | Self::Low => 1_024,
            Self::Medium => 8_192,
            Self::High => 24_576,
            Self::Xhigh | Self::Max => 32_768,
        }
    }

    /// The effort that comes near to a budget.
    pub const fn near(budget: u64) -> Self {
        match budget {
            0 => Self::None,
            1..=2_048 => Self::Low,
            2_049..=8_192 => Self::Medium,
            _ => Self::High,
        }
    }
}

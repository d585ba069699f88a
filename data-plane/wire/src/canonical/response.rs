use serde::Serialize;

use super::{Native, Part, Usage};

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Response {
    /// The provider's id of it; may be empty.
    pub id: String,
    /// The model that answered, as the provider calls it; may be empty.
    pub model: String,
    /// In seconds of the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// The answers, by index; one nearly always.
    pub choices: Vec<Choice>,
    /// What was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The tier that served it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// OpenAI's mark of the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// Members that only one format knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Native>,
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Choice {
    /// Its number.
    pub index: u32,
    /// Reasoning, texts, refusals, tool calls, in order.
    pub content: Vec<Part>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Log-probabilities of the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenLogprob>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was complete.
    Stop,
    /// At a stop sequence: which one, where the format says so.
    StopSequence(Option<String>),
    /// At the bound of output tokens.
    Length,
    /// At the end of the model's context.
    ContextWindow,
    /// For tools to be called.
    ToolCalls,
    /// A filter of the vendor cut it or held it back.
    ContentFilter,
    /// The model declined (Anthropic).
    Refusal,
    /// To be continued by sending it back (Anthropic's server tools).
    Pause,
    /// For a reason that has no word elsewhere; as the provider wrote it. Encoders write their format's
    /// `stop` and report it.
    Other(String),
}

/// A token of the output.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TokenLogprob {
    /// The token.
    pub token: String,
    /// Its natural log-probability.
    pub logprob: f64,
    /// Its bytes, where they are not the text's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
    /// Others that were likely.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopLogprob>,
}

/// A token that was likely.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TopLogprob {
    /// The token.
    pub token: String,
    /// Its natural log-probability.
    pub logprob: f64,
    /// Its bytes, where they are not the text's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
}

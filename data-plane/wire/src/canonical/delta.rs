use serde::Serialize;

use super::{Citation, Finish, Native, Part, ProviderError, Signature, TokenLogprob, Usage};

/// A step of a streamed answer. An answer is made of numbered blocks, each of which becomes a part:
/// opened with what is known of it at first, grown, closed. Blocks may be open at the same time and
/// grow in turns (parallel tool calls); numbers are not used again, and their order is the order of
/// the parts.
///
/// Decoders close every block they open, at the latest before [`Delta::Finish`]; a tool call is closed
/// as soon as it is known to be complete. The same answer, streamed and folded, equals the answer that
/// came whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "delta", rename_all = "snake_case")]
pub enum Delta {
    /// The answer begins. Once, before everything else but [`Delta::Ping`] and [`Delta::Error`].
    Start(Start),
    /// A block begins; `part` as far as it is known, its text empty as a rule. Parts that come whole
    /// (images, native blocks) never grow.
    Open {
        /// Of this answer.
        choice: u32,
        /// The block's number, from 0 within the choice.
        block: u32,
        /// What it is.
        part: Part,
    },
    /// A block grows: text, thinking, refusal, a call's arguments, base64 of sound.
    Grow {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
        /// What is appended; never empty.
        text: String,
    },
    /// A summary of reasoning grows (Responses).
    Summary {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
        /// Which summary, from 0.
        index: u32,
        /// What is appended.
        text: String,
    },
    /// What sound says grows.
    Transcript {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
        /// What is appended.
        text: String,
    },
    /// The signature of a block is known: of reasoning, a call or a text.
    Sign {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
        /// The signature.
        signature: Signature,
    },
    /// A block of text relies on something.
    Cite {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
        /// On that.
        citation: Citation,
    },
    /// A block is complete.
    Close {
        /// Of this answer.
        choice: u32,
        /// The block.
        block: u32,
    },
    /// Log-probabilities of text that has just grown.
    Logprobs {
        /// Of this answer.
        choice: u32,
        /// Token by token.
        tokens: Vec<TokenLogprob>,
    },
    /// An answer is over.
    Finish {
        /// Which.
        choice: u32,
        /// Why.
        finish: Finish,
    },
    /// What was counted so far: totals, the last of which counts.
    Usage(Usage),
    /// The tier that serves it.
    #[serde(serialize_with = "as_member")]
    ServiceTier(String),
    /// A member of the answer that only one format knows.
    Extra(Native),
    /// Nothing, for the connection to stay alive.
    Ping,
    /// The provider failed. Nothing follows.
    Error(ProviderError),
    /// The format's own end came: the stream is complete. Once, last.
    End,
}

/// A text alone has no place beside the tag.
fn as_member<S: serde::Serializer>(tier: &str, serializer: S) -> Result<S::Ok, S::Error> {
    [("service_tier", tier)]
        .into_iter()
        .collect::<std::collections::BTreeMap<_, _>>()
        .serialize(serializer)
}

/// The beginning of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The provider's id of the answer; may be empty.
    pub id: String,
    /// The model that answers; may be empty.
    pub model: String,
    /// In seconds of the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// OpenAI's mark of the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
}

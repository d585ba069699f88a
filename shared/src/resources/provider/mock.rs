use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a provider of the kind `mock` answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Mock {
    /// The text of each answer; without it, one that names the model and the last message's length.
    pub answer: Option<String>,
    /// Pieces of a streamed answer.
    #[schema(minimum = 1, maximum = 10_000)]
    pub chunks: u32,
    /// Milliseconds before the answer and before each piece.
    #[schema(maximum = 60_000)]
    pub delay: u64,
    /// Answers with this status and an error instead.
    #[schema(minimum = 400, maximum = 599)]
    pub status: Option<u16>,
    /// Breaks a streamed answer after so many pieces.
    pub cut_after: Option<u32>,
}

impl Default for Mock {
    fn default() -> Self {
        Self { answer: None, chunks: 20, delay: 0, status: None, cut_after: None }
    }
}

use serde::Serialize;

/// Tokens as a provider counted them, normalised: `input` and `output` are sums, and every detail is
/// included in one of them. Who counts otherwise is brought into this form by its decoder:
/// Anthropic's input excludes what the cache had, Gemini's candidates exclude thoughts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// All input tokens, read from and written to caches included.
    pub input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Input tokens that came from the provider's cache.
    pub cache_read: u64,
    /// Input tokens that went into the provider's cache, for whatever time.
    pub cache_write: u64,
    /// Those of them that are kept for an hour (Anthropic).
    pub cache_write_1h: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
    /// Input tokens of sound.
    pub audio_input: u64,
    /// Output tokens of sound.
    pub audio_output: u64,
    /// Input tokens of pictures.
    pub image_input: u64,
    /// Predicted tokens that were used.
    pub accepted_prediction: u64,
    /// Predicted tokens that were not.
    pub rejected_prediction: u64,
    /// Searches that the provider made and bills for.
    pub web_searches: u64,
}

impl Usage {
    /// Input and output together.
    pub const fn total(&self) -> u64 {
        self.input + self.output
    }
}

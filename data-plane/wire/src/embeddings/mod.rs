//! Embeddings, in every format that vendors have for them. Clients speak OpenAI's; what a provider
//! speaks is an [`EmbedCodec`]. Vectors are numbers of 32 bits from end to end, read straight from
//! the text.

pub mod bedrock;
pub mod cohere;
mod float;
pub mod gemini;
pub mod hugging_face;
mod language;
pub mod ollama;
pub mod openai;
mod task;
#[cfg(test)]
mod tests;
mod vector;

pub use language::{EmbedInput, EmbedRequest, EmbedResponse, Truncate};
pub use task::EmbedTask;
pub use vector::VectorForm;

use crate::canonical::ProviderError;
use crate::fidelity::Losses;
use crate::format::{Codec as _, Failure, Unsupported};

/// A format of embeddings, as far as a provider speaks it.
pub trait EmbedCodec: Send + Sync + 'static {
    /// Writes the calls that together ask for all inputs, in their order; what cannot be said is noted
    /// in `losses`.
    fn encode_request(
        &self,
        request: &EmbedRequest,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Vec<EmbedCall>, Unsupported>;

    /// Reads the answer to one call that came with a status of success.
    fn decode_response(&self, body: &[u8]) -> Result<EmbedResponse, Failure>;

    /// Reads an error; whatever it is, something is made of it.
    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        crate::chat::COMPATIBLE.decode_error(status, body)
    }
}

/// One of the calls that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedCall {
    /// What it says.
    pub body: Vec<u8>,
    /// For how many of the inputs it asks, and thus how many vectors its answer has.
    pub inputs: usize,
}

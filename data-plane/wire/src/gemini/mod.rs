//! Gemini's `generateContent` and `streamGenerateContent?alt=sse`, of AI Studio and of Vertex.
//!
//! The model and whether the answer is streamed stand in the address: requests are read without them
//! and written without them.

mod answer;
mod error;
mod media;
mod models;
mod part;
mod request;
mod schema;
#[cfg(test)]
mod tests;
mod types;
mod usage;

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};

/// Gemini, by who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gemini {
    /// The Gemini API of AI Studio.
    AiStudio,
    /// Vertex AI.
    Vertex,
}

/// The Gemini API of AI Studio.
pub static AI_STUDIO: Gemini = Gemini::AiStudio;

/// Vertex AI.
pub static VERTEX: Gemini = Gemini::Vertex;

impl Codec for Gemini {
    fn format(&self) -> Format {
        Format::Gemini
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, BadRequest> {
        request::decode(body)
    }

    fn encode_request(
        &self,
        request: &Request,
        target: &Target<'_>,
        losses: &mut Losses,
    ) -> Result<Vec<u8>, Unsupported> {
        request::encode(*self, request, target, losses)
    }

    fn takes_url(&self, media: Media, url: &str) -> bool {
        match self {
            // Other addresses work with some of the newest models only.
            Self::AiStudio => media::is_kept_file(url),
            // The type has to be said with the address.
            Self::Vertex => url.starts_with("gs://") || media::is_of(url, media),
        }
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure> {
        answer::decode(body)
    }

    fn encode_response(&self, response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
        answer::encode(response, asked, losses)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<answer::Decoder>::default()
    }

    fn encoder(&self, asked: Asked) -> Box<dyn Encode> {
        Box::new(answer::Encoder::new(asked))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        error::read(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::write(error)
    }
}

//! Ollama's own `/api/chat`, which streams JSON a line.

mod error;
mod message;
mod models;
mod request;
mod response;
mod stream;
mod time;
mod types;

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};
use crate::ndjson;

/// Ollama's chat.
#[derive(Clone, Copy, Debug)]
pub struct Ollama;

/// The codec.
pub static OLLAMA: Ollama = Ollama;

impl Codec for Ollama {
    fn format(&self) -> Format {
        Format::Ollama
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
        request::encode(request, target, losses)
    }

    fn takes_url(&self, _: Media, _: &str) -> bool {
        false
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure> {
        response::decode(body)
    }

    fn encode_response(&self, response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
        response::encode(response, asked, losses)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<stream::Decoder>::default()
    }

    fn encoder(&self, asked: Asked) -> Box<dyn Encode> {
        Box::new(stream::Encoder::new(asked))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn stream_type(&self) -> &'static str {
        ndjson::CONTENT_TYPE
    }
}

#[cfg(test)]
mod tests;

//! Bedrock's Converse and `ConverseStream`.
//!
//! The model and whether the answer is streamed stand in the address, and an answer's id in a header: a
//! request is read with an empty `model` and without `stream`, an answer with an empty `id` and `model`,
//! and whoever knows the address and the headers fills them in.

mod content;
mod error;
mod ids;
mod media;
mod models;
mod request;
mod response;
mod stream;
mod types;

use crate::canonical::{ProviderError, Request, Response};
use crate::event_stream;
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};

/// Bedrock's Converse.
#[derive(Clone, Copy, Debug)]
pub struct Converse {
    /// Whose the signatures of reasoning are.
    signatures: Format,
}

/// For models that are not told apart, and for callers.
pub static CONVERSE: Converse = Converse { signatures: Format::Converse };

/// For Claude, whose signatures are the same wherever it runs: they reach callers of Anthropic's format
/// and come back from them.
pub static CLAUDE: Converse = Converse { signatures: Format::Anthropic };

impl Codec for Converse {
    fn format(&self) -> Format {
        Format::Converse
    }

    fn decode_request(&self, body: &[u8]) -> Result<Request, BadRequest> {
        request::decode(body, self.signatures)
    }

    fn encode_request(
        &self,
        request: &Request,
        target: &Target<'_>,
        losses: &mut Losses,
    ) -> Result<Vec<u8>, Unsupported> {
        request::encode(request, target, losses)
    }

    fn takes_url(&self, _: Media, url: &str) -> bool {
        media::is_s3(url)
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure> {
        response::decode(body, self.signatures)
    }

    fn encode_response(&self, response: &Response, _: &Asked, losses: &mut Losses) -> Vec<u8> {
        response::encode(response, losses)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::new(stream::Decoder::new(self.signatures))
    }

    fn encoder(&self, _: Asked) -> Box<dyn Encode> {
        Box::new(stream::Encoder::default())
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(error)
    }

    fn stream_type(&self) -> &'static str {
        event_stream::CONTENT_TYPE
    }
}

#[cfg(test)]
mod tests;

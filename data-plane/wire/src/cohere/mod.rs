//! Cohere's Chat, version 2.

mod assistant;
mod citation;
mod error;
mod finish;
mod models;
mod request;
mod response;
mod stream;
mod types;
mod usage;

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};

/// Cohere's Chat.
#[derive(Clone, Copy, Debug)]
pub struct Cohere;

/// The codec.
pub static COHERE: Cohere = Cohere;

impl Codec for Cohere {
    fn format(&self) -> Format {
        Format::Cohere
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

    fn takes_url(&self, media: Media, url: &str) -> bool {
        media == Media::Image && (url.starts_with("https://") || url.starts_with("http://"))
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
}

#[cfg(test)]
mod tests;

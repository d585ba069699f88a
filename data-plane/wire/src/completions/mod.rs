//! OpenAI's legacy Completions: one prompt, one text behind it.
//!
//! A prompt that is a text is a message of the user, so that any chat format can answer it. What only
//! this format has (`suffix`, `echo`, `best_of`, several prompts, prompts of tokens) are extras of a
//! request; [`prompts`] does for chats what can be done of it.

pub mod prompts;
mod request;
mod response;
mod stream;

/// The format; it has no dialects.
#[derive(Clone, Copy, Debug)]
pub struct Completions;

/// The codec.
pub static COMPLETIONS: Completions = Completions;

use crate::canonical::{ProviderError, Request, Response};
use crate::chat::error;
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};

impl Codec for Completions {
    fn format(&self) -> Format {
        Format::Completions
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
        Box::new(stream::Decoder::default())
    }

    fn encoder(&self, asked: Asked) -> Box<dyn Encode> {
        Box::new(stream::Encoder::new(asked))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        error::read(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::write(error)
    }
}

#[cfg(test)]
mod tests;

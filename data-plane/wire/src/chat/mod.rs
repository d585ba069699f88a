//! OpenAI Chat Completions, and those who speak like it.
//!
//! What vendors answer is read in all dialects at once; a [`Chat`] says what its vendor takes.

mod answer;
mod dialect;
pub(crate) mod error;
pub(crate) mod finish;
mod logprobs;
mod models;
mod note;
pub(crate) mod read;
mod reasoning;
mod request;
pub(crate) mod response;
pub(crate) mod stream;
mod types;
pub(crate) mod usage;

pub use answer::find_in_answer;
pub use dialect::{
    COMPATIBLE, Chat, DEEPSEEK, FIREWORKS, GOOGLE, GROQ, MISTRAL, OLLAMA, OPENAI, OPENROUTER,
    PERPLEXITY, SCALEWAY, TOGETHER, XAI,
};
pub use error::{upstream_error, write_error};
pub use note::ChatNote;
pub use usage::read_usage;

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};
use dialect::Files;

impl Codec for Chat {
    fn format(&self) -> Format {
        Format::Chat
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
        request::encode(self, request, target, losses)
    }

    fn takes_url(&self, media: Media, url: &str) -> bool {
        let web = url.starts_with("https:") || url.starts_with("http:");
        match media {
            Media::Image => web && self.images,
            Media::Document => web && self.files == Files::DocumentUrl,
        }
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

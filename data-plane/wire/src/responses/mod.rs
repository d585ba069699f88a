//! OpenAI Responses, and Open Responses, its vendor-neutral form.
//!
//! An answer is a list of items: messages, calls, reasoning, and what hosted tools did, which stays
//! [`Native`](crate::canonical::Native). The assistant's items of one turn are one message here. The
//! two dialects differ in the names of some events, in the shape of errors, and in what a request may
//! say; both are read alike.

mod answer;
mod draft;
mod echo;
mod error;
mod item;
mod models;
mod parts;
mod relayed;
mod request;
mod response;
mod stream;
mod types;
mod usage;

pub use relayed::{OnId, Relayed};

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};
use crate::json::Json;

/// Log-probabilities of texts, as `include` calls them.
const INCLUDE_LOGPROBS: &str = "message.output_text.logprobs";

/// Reasoning that can be sent back, as `include` calls it.
const INCLUDE_ENCRYPTED: &str = "reasoning.encrypted_content";

/// The codec, in one of its dialects.
#[derive(Clone, Copy, Debug)]
pub struct Responses {
    dialect: Dialect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    OpenAi,
    Open,
}

/// OpenAI's own.
pub static OPENAI: Responses = Responses { dialect: Dialect::OpenAi };

/// Open Responses.
pub static OPEN: Responses = Responses { dialect: Dialect::Open };

impl Responses {
    /// What an answer repeats of its request, for [`Asked::echo`]. `stored` is whether the answer can
    /// be asked for again; what the request says when absent.
    pub fn echo(&self, body: &[u8], stored: Option<bool>) -> Option<Json> {
        echo::echo(body, stored)
    }

    /// The id that an answer is written under: its own, where a provider of this format made it.
    pub fn id(provider: &str, asked: &Asked) -> String {
        answer::id(provider, asked)
    }
}

impl Codec for Responses {
    fn format(&self) -> Format {
        Format::Responses
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
        request::encode(request, self.dialect, target, losses)
    }

    fn takes_url(&self, _: Media, url: &str) -> bool {
        url.starts_with("https://") || url.starts_with("http://")
    }

    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure> {
        response::decode(body)
    }

    fn encode_response(&self, response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
        response::encode(response, asked, self.dialect, losses)
    }

    fn decoder(&self) -> Box<dyn Decode> {
        Box::<stream::Decoder>::default()
    }

    fn encoder(&self, asked: Asked) -> Box<dyn Encode> {
        Box::new(stream::Encoder::new(self.dialect, asked))
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &ProviderError) -> Vec<u8> {
        error::encode(self.dialect, error)
    }
}

#[cfg(test)]
mod tests;

//! Anthropic Messages, as clients and providers of it speak it.

mod answer;
mod blocks;
mod error;
mod mark;
pub(crate) mod models;
mod note;
mod request;
mod response;
mod stop;
mod stream;
mod types;
mod usage;
mod version;

pub use answer::find_in_answer;
pub use error::{error_status, error_type};
pub use mark::has_marks;
pub use note::MessagesNote;
pub use version::Version;

// Claude thinks alike wherever it runs.
pub(crate) use request::{Mode, Plan, plan};

use crate::canonical::{ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::format::{
    Asked, BadRequest, Codec, Decode, Encode, Failure, Format, Media, Target, Unsupported,
};

/// The codec, in one of the format's versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anthropic {
    /// What requests may hold.
    pub version: Version,
}

impl Anthropic {
    /// Speaks this version.
    pub const fn new(version: Version) -> Self {
        Self { version }
    }
}

/// The version that everybody speaks.
pub static MESSAGES: Anthropic = Anthropic::new(Version::V2023_06_01);

/// The version of October 2026.
pub static MESSAGES_2026_10_21: Anthropic = Anthropic::new(Version::V2026_10_21);

impl Codec for Anthropic {
    fn format(&self) -> Format {
        Format::Anthropic
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
        request::encode(self.version, request, target, losses)
    }

    fn takes_url(&self, _: Media, url: &str) -> bool {
        request::is_web(url)
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

/// The event that says a stream lives: clients give up on one that is silent for minutes, comments or
/// not.
pub const PING: &[u8] = b"event: ping\ndata: {\"type\":\"ping\"}\n\n";

#[cfg(test)]
mod tests;

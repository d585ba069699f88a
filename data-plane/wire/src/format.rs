//! What a wire format does: both sides of a request, both sides of an answer, whole and streamed.

use serde::Serialize;

use crate::canonical::{Delta, ProviderError, Request, Response};
use crate::fidelity::Losses;
use crate::json::Json;

/// The wire formats of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// OpenAI Chat Completions, and those who speak like it.
    Chat,
    /// OpenAI's legacy Completions.
    Completions,
    /// OpenAI Responses and Open Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini's `generateContent`, also on Vertex.
    Gemini,
    /// Bedrock's Converse.
    Converse,
    /// Cohere's Chat, version 2.
    Cohere,
    /// Ollama's own `/api/chat`.
    Ollama,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Anthropic,
        Self::Gemini,
        Self::Converse,
        Self::Cohere,
        Self::Ollama,
    ];

    /// As documents and logs call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Converse => "converse",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
        }
    }
}

/// What to do with members that the format has and the model would refuse: sampling parameters of
/// reasoning models, and the like. Each format's `models.rs` says what is known of models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameters {
    /// Leave them out, and report it. Where the gateway sees one that it would leave out and the
    /// setting is `error`, it refuses the request instead: the codec does the same for both.
    #[default]
    Drop,
    /// Send them.
    Pass,
}

/// For whom a request is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// The answer is asked for as a stream, whatever the request says.
    pub stream: bool,
    /// About members that the model would refuse.
    pub parameters: Parameters,
}

/// What an answer's encoder has to know of the request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Letters and digits that no other answer has: ids are made of a prefix, this, and a number. Where
    /// the answer has an id of the same format, that is kept.
    pub id: String,
    /// Now, in seconds of the epoch.
    pub created: i64,
    /// The model as the caller named it.
    pub model: String,
    /// The caller wants usage at the end of its stream.
    pub stream_usage: bool,
    /// Guess of the input's tokens, for formats that tell usage before the answer.
    pub input_tokens: u64,
    /// What the answer repeats of the request (Responses), as its codec made it.
    pub echo: Option<Json>,
}

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRequest {
    /// For the caller.
    pub message: String,
    /// The member that is to blame, in the body's own words.
    pub param: Option<String>,
}

impl BadRequest {
    /// What is wrong, and with which member.
    pub fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), param: Some(param.into()) }
    }
}

/// The target cannot do what is asked at all, and leaving it out would fake an answer (`n` of two, sound
/// as input).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Unsupported {
    /// The member, by its path in the canonical types.
    pub field: &'static str,
    /// Why, for the caller.
    pub message: String,
}

impl Unsupported {
    /// Which member, and why.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Why a provider's body is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is an error, though its status says success.
    #[error("the provider reported an error: {}", .0.message)]
    Error(ProviderError),
    /// It cannot be read: what is wrong with it.
    #[error("{0}")]
    Invalid(String),
}

/// What a source of bytes can be by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Image,
    /// A file.
    Document,
}

/// A wire format, in one of its dialects. Pure: ids, times and bytes behind addresses come from outside.
/// No method panics on any input.
pub trait Codec: Send + Sync + 'static {
    /// Which format.
    fn format(&self) -> Format;

    /// Reads a request.
    fn decode_request(&self, body: &[u8]) -> Result<Request, BadRequest>;

    /// Writes a request; what cannot be said is noted in `losses`.
    fn encode_request(
        &self,
        request: &Request,
        target: &Target<'_>,
        losses: &mut Losses,
    ) -> Result<Vec<u8>, Unsupported>;

    /// Whether pictures and files may be given by this address. The gateway fetches the others and puts
    /// the bytes in their place before it encodes.
    fn takes_url(&self, media: Media, url: &str) -> bool;

    /// Reads a whole answer that came with a status of success.
    fn decode_response(&self, body: &[u8]) -> Result<Response, Failure>;

    /// Writes a whole answer; what cannot be said is noted in `losses`.
    fn encode_response(&self, response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8>;

    /// Reads one streamed answer, framing included.
    fn decoder(&self) -> Box<dyn Decode>;

    /// Writes one streamed answer, framing included.
    fn encoder(&self, asked: Asked) -> Box<dyn Encode>;

    /// Reads an error; whatever it is, something is made of it. One that came with the status of a
    /// success gets the status that it stands for, and the server's own (500) where it says nothing.
    fn decode_error(&self, status: u16, body: &[u8]) -> ProviderError;

    /// Writes an error as this format's clients read it.
    fn encode_error(&self, error: &ProviderError) -> Vec<u8>;

    /// The content type of streams.
    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

/// Reads one streamed answer.
pub trait Decode: Send {
    /// Takes a piece, cut anywhere; appends what it says. After a [`Delta::Error`] or [`Delta::End`]
    /// nothing more is appended.
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>);

    /// The connection is over. Appends what is left; if neither [`Delta::End`] nor [`Delta::Error`] has
    /// come by then, the stream was cut.
    fn finish(&mut self, out: &mut Vec<Delta>);
}

/// Writes one streamed answer. What is written always ends with a whole event.
pub trait Encode: Send {
    /// Appends what says this. [`Delta::End`] closes the stream, [`Delta::Error`] ends it with the
    /// format's event; nothing may follow either.
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>);

    /// What could not be said so far.
    fn losses(&self) -> &Losses;

    /// Says that the stream lives.
    fn heartbeat(&self) -> &'static [u8] {
        crate::sse::KEEP_ALIVE
    }
}

//! What all chat formats meet in: one request, one answer, one stream. A format decodes into these
//! types and encodes from them, so N formats need N mappings.
//!
//! Normal form, which decoders produce and encoders may rely on:
//! - System and developer texts are messages, wherever the format keeps them. Leading ones come first.
//! - Results of tools stand in messages of [`Role::Tool`], which hold nothing else; results that
//!   follow each other stand in one message.
//! - Arguments of a tool call are the text of a JSON object (`{}` when the format has nothing); only
//!   custom tools take any text.
//! - `null`, empty lists and empty texts of optional members are absent.

#[cfg(test)]
pub(crate) mod arbitrary;
mod delta;
mod error;
mod estimate;
mod fold;
mod part;
mod request;
mod response;
mod tool;
mod usage;

pub use delta::{Delta, Start};
pub(crate) use error::failed;
pub use error::{ErrorKind, ProviderError};
pub use fold::{Fold, unfold};
pub use part::{
    Audio, CacheControl, Citation, CitationPlace, Document, Image, Native, Part, Reasoning,
    Refusal, Signature, Source, Text, ToolCall, ToolResult,
};
pub use request::{Effort, Message, OutputFormat, ReasoningRequest, Request, Role};
pub use response::{Choice, Finish, Response, TokenLogprob, TopLogprob};
pub use tool::{CustomTool, FunctionTool, Tool, ToolChoice};
pub use usage::Usage;

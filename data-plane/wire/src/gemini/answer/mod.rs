//! Answers: what events say, and what is written for an answer, whole or streamed. A whole answer is
//! read as a stream of one event.

mod blocks;
mod grounding;
mod read;
mod stream;
mod write;

pub(super) use read::decode;
pub(super) use stream::{Decoder, Encoder};
pub(super) use write::encode;

//! Streamed answers.

mod decode;
mod encode;
mod types;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

//! Streamed answers, both ways.

mod calls;
mod choice;
mod decode;
mod encode;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

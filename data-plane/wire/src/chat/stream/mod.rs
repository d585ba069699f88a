//! Streamed answers, both ways.

mod calls;
mod choice;
mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(super) use encode::Encoder;

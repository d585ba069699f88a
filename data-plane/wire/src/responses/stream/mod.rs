//! Streamed answers, both ways.

mod blocks;
mod decode;
mod encode;
mod events;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

//! Streamed answers, read and written.

mod block;
mod decode;
mod encode;
mod events;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

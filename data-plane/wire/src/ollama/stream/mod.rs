//! Streamed answers: a line for each piece, the last of which is `done`.

mod decode;
mod encode;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;

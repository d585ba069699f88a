//! Whole answers, both ways.

mod decode;
mod encode;

pub(super) use decode::{ReadAnswer, Status, completed, decode, read_answer};
pub(super) use encode::encode;

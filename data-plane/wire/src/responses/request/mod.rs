//! Requests, both ways.

mod decode;
mod encode;
mod input;

pub(super) use decode::decode;
pub(super) use encode::encode;
pub(super) use input::reasoning_item;

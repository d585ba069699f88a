//! Requests: read, and written for a model.

mod decode;
mod encode;
mod fields;
mod tools;
mod turns;

pub(super) use decode::decode;
pub(super) use encode::encode;

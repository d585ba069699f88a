//! Requests: what a body means, and what is written for one.

mod contents;
mod decode;
mod encode;
mod generation;
mod tools;

pub(super) use decode::{decode, native_part, signature};
pub(super) use encode::encode;

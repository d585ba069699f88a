//! Requests, read and written.

mod decode;
mod encode;
mod messages;
mod parts;
mod schema;
mod thinking;
mod tools;

pub(super) use decode::decode;
pub(super) use encode::encode;
pub(super) use parts::{is_web, write_citation, write_input};
pub(crate) use thinking::{Mode, Plan, plan};

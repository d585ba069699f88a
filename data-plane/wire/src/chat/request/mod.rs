//! Requests, both ways.

mod decode;
mod encode;
mod history;
mod messages;
mod tools;

pub(super) use decode::decode;
pub(super) use encode::encode;
pub(super) use history::write_google;
pub(super) use messages::call;

//! Requests.

mod decode;
mod encode;
mod messages;

pub(super) use decode::decode;
pub(super) use encode::encode;

/// What stands for a tool that takes nothing.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

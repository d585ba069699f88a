//! What a message is made of, in requests and answers.

mod citation;
mod decode;
mod encode;
mod files;

pub(super) use citation::{citation, write as write_citation};
pub(super) use decode::{image, parts, redacted};
pub(super) use encode::{Side, Writer, write_cache_point};

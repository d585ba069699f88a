//! Whole answers, both ways.

mod decode;
mod encode;

pub(crate) use decode::decode;
pub(super) use decode::{links, made_up_id, malformed, stopped_by};
pub(crate) use encode::write_fidelity;
pub(super) use encode::{encode, id, write_citation, write_image};

//! Whole answers, both ways.

mod decode;
mod encode;

pub(super) use decode::{decode, links, made_up_id, malformed, stopped_by};
pub(super) use encode::{encode, id, write_citation, write_fidelity, write_image};

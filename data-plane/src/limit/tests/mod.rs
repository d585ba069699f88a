mod away;
mod counter;
mod exchanges;
mod interleaved;
pub(crate) mod quotas;
mod races;
mod reserving;
mod settling;
mod store;

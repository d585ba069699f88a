//! The admin API asked as a client would, over a store in memory.

mod auth;
mod bulk;
mod catalogue;
mod codes;
mod envelope;
mod explain;
mod faulty;
pub(crate) mod fixture;
mod lists;
mod many;
mod mutated;
mod quotas;
mod secrets;
mod spec;
mod statuses;
mod waiting;

pub(crate) use catalogue::TestCatalogue;

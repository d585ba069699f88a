//! The admin API asked as a client would, over a store in memory.

mod catalogue;
mod faulty;
mod fixture;
mod spec;
mod statuses;

pub(crate) use catalogue::TestCatalogue;

//! Where the configuration is kept: a file ([`RedbStore`]), Redis ([`RedisStore`]) or memory
//! ([`MemoryStore`], for tests). All pass one suite of tests.
//!
//! A store keeps documents, the history of change sets, the head, and its identity: the lineage,
//! what opens sealed secrets, and by what data planes are known. It validates nothing; whoever
//! commits has done so.

mod history;
mod identity;
mod local;
mod memory;
mod redb;
mod redis;
mod token;

#[cfg(test)]
pub(crate) mod suite;

pub use history::Retention;
pub use identity::{Given, Identity};
pub use memory::MemoryStore;
pub use redb::{OpenBackend, RedbOptions, RedbStore};
pub use redis::{RedisOptions, RedisState, RedisStore};
pub use token::{DataPlaneToken, TOKEN_FILE};

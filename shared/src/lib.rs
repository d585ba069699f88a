//! The nouns of Sanmon, and the traits by which its planes meet.
//!
//! Nothing here serves HTTP, opens a socket or knows a store: the control plane and the data plane
//! depend on this crate and never on each other.

pub mod catalogue;
pub mod clock;
pub mod counters;
pub mod explain;
pub mod id;
pub mod marks;
pub mod network;
pub mod problem;
pub mod proxies;
pub mod publication;
pub mod quotas;
pub mod reference;
pub mod report;
pub mod resource;
pub mod resources;
pub mod revision;
pub mod seal;
pub mod secret;
pub mod state;
pub mod store;
pub mod task;
pub mod tls;

pub use id::Id;
pub use problem::Problem;
pub use resource::{EachResource, Kind, Resource, each_resource};
pub use revision::{Change, ChangeSet, Digest, Document, Entry, Head};

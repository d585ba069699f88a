//! What serves the LLM endpoints: snapshots of the configuration, routing, plugins, protocols and
//! providers.
//!
//! Nothing outside [`upstream`] opens a connection. Nothing on the path of a request takes a lock,
//! reads a disk or does work in proportion to the configuration.

pub mod catalogue;
pub mod error;
pub mod exchange;
pub mod explain;
pub mod expression;
pub mod follow;
mod forward;
pub mod limit;
pub mod limits;
mod plane;
pub mod plugin;
pub mod prompts;
pub mod protocol;
pub mod provider;
pub mod router;
mod secrets;
mod server;
pub mod snapshot;
pub mod stream;
pub mod target;
pub mod telemetry;
#[cfg(test)]
mod tests;
pub mod upstream;
pub mod worker;

pub use catalogue::{Catalogue, catalogue};
pub use explain::{Explainer, explainer};
pub use follow::{Environment, RemoteSource};
pub use limit::{Quotas, quotas};
pub use plane::{AccessLog, DataPlane, Options, Running, StartError};

//! The control plane: the admin API, its OpenAPI document, the stores, and publication to data
//! planes. It never depends on the data plane; what it must know of plugins is injected.

pub mod admin;
pub mod configuration;
mod foreign;
pub mod openapi;
pub mod publication;
mod server;
pub mod store;
mod telemetry;

pub use server::{ControlPlane, Options, Running, StartError};

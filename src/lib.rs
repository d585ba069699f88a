//! Sanmon as a program: settings, the two planes put together, start and stop. Nothing else.

pub mod app;
pub mod cli;
pub mod log;
pub mod notice;
pub mod settings;

use sanmon_control_plane::configuration::Schemas;

pub use app::{App, StartError};

/// Of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The OpenAPI descriptor of the admin API, as JSON text.
pub fn openapi() -> anyhow::Result<String> {
    let catalogue = sanmon_data_plane::catalogue();
    let schemas = Schemas::new(&catalogue)?;
    let document = sanmon_control_plane::openapi::document(&schemas, &catalogue);
    Ok(serde_json::to_string_pretty(&document)?)
}

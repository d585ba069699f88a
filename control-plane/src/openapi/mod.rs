//! The OpenAPI document: a pure function of the kinds and the catalogue. Paths of kinds come from a
//! visitor, error answers from the table of codes, schemas are those by which documents are checked.

mod components;
mod kinds;
mod operation;
mod others;

use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::each_resource;
use serde_json::{Map, Value, json};

use crate::configuration::Schemas;
use kinds::SpecBuilder;

/// What the whole document says first.
const ABOUT: &str = "\
The admin API of Sanmon's control plane.

Documents are JSON, or YAML by `Content-Type` and `Accept`. Every write makes one revision of the \
whole configuration, which data planes apply on the fly. Any write can be tried with \
`dry_run=true`, and can wait until data planes run it with `wait=applied`. Errors are problem \
documents (RFC 9457) with a stable `code` and every problem of the document that was sent. Secrets \
are never shown: a read has a placeholder in their place, and writing the placeholder back keeps \
the secret.";

/// The document for this catalogue and its schemas.
pub fn document(schemas: &Schemas, catalogue: &dyn PluginCatalogue) -> Value {
    let mut builder = SpecBuilder::default();
    each_resource(&mut builder);
    let mut paths = builder.paths;
    let mut tags = builder.tags;
    others::add(&mut paths, &mut tags);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sanmon admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This control plane"}],
        "security": components::security(),
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components::schemas(schemas, catalogue),
            "parameters": components::parameters(),
            "responses": components::responses(),
            "securitySchemes": components::security_schemes(),
        },
    })
}

/// Adds an operation to a path.
fn insert(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let item = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
    if let Some(item) = item.as_object_mut() {
        item.insert(method.to_owned(), operation);
    }
}

#[cfg(test)]
mod tests;

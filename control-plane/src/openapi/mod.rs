//! The OpenAPI document: a pure function of the kinds and the catalogue.

use sanmon_shared::catalogue::PluginCatalogue;
use serde_json::{Value, json};

use crate::configuration::Schemas;

/// The document.
pub fn document(schemas: &Schemas, _catalogue: &dyn PluginCatalogue) -> Value {
    json!({"openapi": "3.1.0", "components": {"schemas": Value::Object(schemas.components().map(|(name, schema)| (name.clone(), schema.clone())).collect())}})
}

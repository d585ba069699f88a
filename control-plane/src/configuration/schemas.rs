//! The schemas of all kinds and plugins: what the OpenAPI document publishes and what documents
//! are checked against are the same values. The only module that knows `jsonschema`.
//!
//! Unknown members are refused here, at the admin edge, and nowhere else.

mod explain;
mod strict;
mod visit;

use std::collections::HashMap;

use jsonschema::{Draft, Validator};
use sanmon_shared::catalogue::{PluginCatalogue, PluginKindInfo};
use sanmon_shared::{EachResource, Problem, Resource, each_resource};
use serde_json::{Map, Value, json};

use super::kinds::{KindInfo, kinds};

pub(super) use explain::nearest;
pub(super) use visit::visit;

/// The schemas do not compile: a mistake of a type, or of a plugin's config.
#[derive(Debug, thiserror::Error)]
#[error("the schema of {of} does not compile: {text}")]
pub struct SchemaError {
    of: String,
    text: String,
}

/// Every kind's and every plugin's schema, compiled.
pub struct Schemas {
    /// `{"components": {"schemas": …}}`.
    document: Value,
    kinds: Vec<Compiled>,
    plugins: HashMap<&'static str, PluginSchema>,
}

struct Compiled {
    info: KindInfo,
    /// `{"$ref": "#/components/schemas/<title>"}`.
    schema: Value,
    validator: Validator,
}

/// The schema of a plugin's config, as it is checked.
struct PluginSchema {
    schema: Value,
    validator: Validator,
}

impl Schemas {
    /// Collects and compiles them.
    pub fn new(catalogue: &dyn PluginCatalogue) -> Result<Self, SchemaError> {
        let document = json!({"components": {"schemas": components()}});
        let compiled = |info: KindInfo| {
            let schema = reference(info.title);
            let mut root = document.clone();
            if let (Some(root), Some(schema)) = (root.as_object_mut(), schema.as_object()) {
                root.extend(schema.clone());
            }
            let validator = compile(info.title, &root)?;
            Ok(Compiled { info, schema, validator })
        };
        let kinds = kinds().into_iter().map(compiled).collect::<Result<_, _>>()?;
        let plugin = |info: &PluginKindInfo| {
            let mut schema = info.schema.clone();
            strict::refuse_unknown_members(&mut schema);
            let validator = compile(info.name, &schema)?;
            Ok((info.name, PluginSchema { schema, validator }))
        };
        let plugins = catalogue.plugins().iter().map(plugin).collect::<Result<_, _>>()?;
        Ok(Self { document, kinds, plugins })
    }

    /// What `components/schemas` of the OpenAPI document has of the kinds.
    pub fn components(&self) -> impl Iterator<Item = (&String, &Value)> {
        let schemas = self.document.pointer("/components/schemas");
        schemas.and_then(Value::as_object).into_iter().flatten()
    }

    /// The config schema of a plugin as it is checked: its own, closed to unknown members.
    pub fn plugin(&self, name: &str) -> Option<&Value> {
        self.plugins.get(name).map(|plugin| &plugin.schema)
    }

    /// Every kind, in the order of the documentation.
    pub fn kinds(&self) -> impl Iterator<Item = &KindInfo> {
        self.kinds.iter().map(|kind| &kind.info)
    }

    /// The kind with this plural.
    pub fn kind(&self, plural: &str) -> Option<&KindInfo> {
        self.compiled(plural).map(|kind| &kind.info)
    }

    /// The document in which the `$ref`s of [`Schemas::schema`] are found.
    pub fn root(&self) -> &Value {
        &self.document
    }

    /// The schema of a kind, within [`Schemas::root`].
    pub fn schema(&self, plural: &str) -> Option<&Value> {
        self.compiled(plural).map(|kind| &kind.schema)
    }

    /// Everything in which `document` breaks the schema of its kind.
    pub fn check(&self, plural: &str, document: &Value) -> Vec<Problem> {
        self.compiled(plural).map_or_else(Vec::new, |kind| {
            explain::problems(&kind.validator, &self.document, &kind.schema, document)
        })
    }

    /// Everything in which `config` breaks the schema of the plugin with this name (no alias).
    pub(super) fn check_config(&self, plugin: &str, config: &Value) -> Vec<Problem> {
        self.plugins.get(plugin).map_or_else(Vec::new, |plugin| {
            explain::problems(&plugin.validator, &plugin.schema, &plugin.schema, config)
        })
    }

    fn compiled(&self, plural: &str) -> Option<&Compiled> {
        self.kinds.iter().find(|kind| kind.info.plural == plural)
    }
}

fn reference(title: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{title}")})
}

fn compile(of: &str, schema: &Value) -> Result<Validator, SchemaError> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| SchemaError { of: of.to_owned(), text: error.to_string() })
}

/// The schemas of all kinds and of what they are made of, as they are published and checked.
fn components() -> Map<String, Value> {
    struct Collect(Map<String, Value>);
    impl EachResource for Collect {
        fn visit<R: Resource>(&mut self) {
            let mut schemas = Vec::new();
            R::schemas(&mut schemas);
            schemas.push((R::TITLE.to_owned(), R::schema()));
            for (name, schema) in schemas {
                let mut schema = serde_json::to_value(schema).unwrap_or_default();
                strict::refuse_unknown_members(&mut schema);
                if name == R::TITLE {
                    strict::take_envelope(&mut schema);
                }
                self.0.insert(name, schema);
            }
            strict::take_bearer(&mut self.0);
        }
    }
    let mut collect = Collect(Map::new());
    each_resource(&mut collect);
    collect.0
}

#[cfg(test)]
mod tests;

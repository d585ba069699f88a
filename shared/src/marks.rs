//! What a schema says of the places of a document: which are secrets, references, read-only or
//! without effect. Made from the published schemas, for resources and plugin configs alike.

use std::collections::HashSet;

use serde_json::Value;

use crate::catalogue::PluginCatalogue;
use crate::problem::join_pointer;

/// What a schema says of one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `writeOnly`: sealed when stored, a placeholder when read.
    Secret,
    /// `writeOnly` with `x-hash`: hashed when stored, a placeholder when read.
    Hashed,
    /// `x-ref`: the id of one of these.
    Reference(String),
    /// `readOnly`: taken, and not stored.
    ReadOnly,
    /// `x-inert`: taken and stored, without effect yet.
    Inert,
}

/// A marked place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marked {
    /// RFC 6901 pointer into the document.
    pub pointer: String,
    /// What is said of it.
    pub mark: Mark,
}

/// The marked places that `document` has, by `schema`, whose `$ref`s begin at `root`.
///
/// Where a schema says `x-plugin-config`, the config schema of the plugin that the member `plugin`
/// beside it names goes on from there.
pub fn marks(
    root: &Value,
    schema: &Value,
    document: &Value,
    catalogue: &dyn PluginCatalogue,
) -> Vec<Marked> {
    let mut walk = Walk { root, catalogue, found: Vec::new(), seen: HashSet::new() };
    walk.at(schema, document, None, "");
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    catalogue: &'a dyn PluginCatalogue,
    found: Vec<Marked>,
    /// The same once more: a document may have very many.
    seen: HashSet<Marked>,
}

impl Walk<'_> {
    fn mark(&mut self, pointer: &str, mark: Mark) {
        let marked = Marked { pointer: pointer.to_owned(), mark };
        if self.seen.insert(marked.clone()) {
            self.found.push(marked);
        }
    }

    fn at(&mut self, schema: &Value, value: &Value, parent: Option<&Value>, pointer: &str) {
        let is = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
        if value.is_string() && is("writeOnly") {
            self.mark(pointer, if is("x-hash") { Mark::Hashed } else { Mark::Secret });
        }
        if is("readOnly") {
            self.mark(pointer, Mark::ReadOnly);
        }
        if is("x-inert") && !is_empty(value) {
            self.mark(pointer, Mark::Inert);
        }
        if let (Some(plural), true) = (schema.get("x-ref"), value.is_string()) {
            self.mark(pointer, Mark::Reference(plural.as_str().unwrap_or_default().to_owned()));
        }
        if is("x-plugin-config") {
            self.plugin_config(value, parent, pointer);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            if let Some(schema) = target.strip_prefix('#').and_then(|path| root.pointer(path)) {
                self.at(schema, value, parent, pointer);
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for schema in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.at(schema, value, parent, pointer);
            }
        }
        self.inside(schema, value, pointer);
    }

    fn inside(&mut self, schema: &Value, value: &Value, pointer: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let schema = schema
                        .get("properties")
                        .and_then(|properties| properties.get(name))
                        .or_else(|| schema.get("additionalProperties"));
                    if let Some(schema) = schema {
                        self.at(schema, member, Some(value), &join_pointer(pointer, name));
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        let at = join_pointer(pointer, &index.to_string());
                        self.at(schema, item, Some(value), &at);
                    }
                }
            }
            _ => {}
        }
    }

    fn plugin_config(&mut self, config: &Value, parent: Option<&Value>, pointer: &str) {
        let plugin = parent
            .and_then(|slot| slot.get("plugin"))
            .and_then(Value::as_str)
            .and_then(|name| self.catalogue.plugin(name));
        if let Some(plugin) = plugin {
            for inner in marks(&plugin.schema, &plugin.schema, config, self.catalogue) {
                let text = config.pointer(&inner.pointer).and_then(Value::as_str);
                let blank = text.is_some_and(|text| text.trim().is_empty());
                if matches!(inner.mark, Mark::Reference(_)) && blank {
                    // Plugins take a blank id for none.
                    continue;
                }
                self.mark(&format!("{pointer}{}", inner.pointer), inner.mark);
            }
        }
    }
}

/// Whether a member without effect says nothing, as an export of the system it is from has many.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

//! Walks a document along its schema.

use sanmon_shared::problem::join_pointer;
use serde_json::Value;

/// Calls `see` with every place of `document` and each schema that speaks of it; `$ref`s begin at
/// `root`. Schemas inside an opaque place (`x-plugin-config`) are not known here.
pub(crate) fn visit<'v>(
    root: &Value,
    schema: &Value,
    document: &'v Value,
    see: &mut dyn FnMut(&Value, &'v Value, &str),
) {
    Visit { root, see }.at(schema, document, "");
}

struct Visit<'a, 'v> {
    root: &'a Value,
    see: &'a mut dyn FnMut(&Value, &'v Value, &str),
}

impl<'v> Visit<'_, 'v> {
    fn at(&mut self, schema: &Value, value: &'v Value, pointer: &str) {
        (self.see)(schema, value, pointer);
        let root = self.root;
        if let Some(target) = schema.get("$ref").and_then(Value::as_str)
            && let Some(schema) = target.strip_prefix('#').and_then(|path| root.pointer(path))
        {
            self.at(schema, value, pointer);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for schema in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.at(schema, value, pointer);
            }
        }
        match value {
            Value::Object(members) => {
                let properties = schema.get("properties");
                let others = schema.get("additionalProperties");
                for (name, member) in members {
                    let schema = properties.and_then(|properties| properties.get(name)).or(others);
                    if let Some(schema) = schema {
                        self.at(schema, member, &join_pointer(pointer, name));
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.at(schema, item, &join_pointer(pointer, &index.to_string()));
                    }
                }
            }
            _ => {}
        }
    }
}

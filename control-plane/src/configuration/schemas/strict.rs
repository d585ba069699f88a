//! What the admin edge adds to derived schemas: unknown members are refused, and what a read adds
//! to a document is taken back.

use serde_json::{Map, Value, json};

/// Closes every object that lists its members and says nothing of others.
pub(super) fn refuse_unknown_members(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object)
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    // Names that are the document's own, whatever they are called.
                    "properties" | "$defs" | "schemas" => {
                        let schemas = member.as_object_mut().into_iter().flatten();
                        schemas.for_each(|(_, schema)| refuse_unknown_members(schema));
                    }
                    // Documents, not schemas.
                    "example" | "examples" | "default" | "const" | "enum" => {}
                    _ => refuse_unknown_members(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refuse_unknown_members),
        _ => {}
    }
}

/// Members that a read or the answer to a write adds to every document.
pub(super) fn take_envelope(schema: &mut Value) {
    let envelope = [
        ("kind", json!({"type": "string", "description": "The kind, where an export names it."})),
        ("_loc", json!({"type": "object", "description": "Tenant and teams of other systems."})),
        (
            "warnings",
            json!({
                "type": "array",
                "items": {"type": "object"},
                "description": "Members that are kept without effect yet, as `{pointer, message}`.",
            }),
        ),
    ];
    for (name, member) in envelope {
        take(schema, name, member);
    }
}

/// The bearer form, which answers show beside a secret of an API key that was just set.
pub(super) fn take_bearer(components: &mut Map<String, Value>) {
    for name in ["Apikey", "Rotation"] {
        if let Some(schema) = components.get_mut(name) {
            let bearer = json!({
                "type": "string",
                "description": "`otoapk_<id>_<signature>`, which is enough alone. Shown once, \
                                beside the secret that was just set.",
            });
            take(schema, "bearer", bearer);
        }
    }
}

fn take(schema: &mut Value, name: &str, mut member: Value) {
    if let Some(member) = member.as_object_mut() {
        member.insert("readOnly".to_owned(), Value::Bool(true));
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.entry(name).or_insert(member);
    }
}

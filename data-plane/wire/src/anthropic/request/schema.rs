//! Schemas of output. Every object has to be closed, and bounds of numbers, texts and lists are refused.

use serde_json::{Map, Value};

use crate::fidelity::Losses;
use crate::json::Json;

/// What is refused beside a schema's structure.
const BOUNDS: [&str; 9] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
];

/// The schema as the format takes it; `None` where that is what it is. What fits the new one fits the
/// old one but for bounds that are left out, and objects with other members than those named.
pub(super) fn closed(schema: &Json, losses: &mut Losses) -> Option<Json> {
    let mut value: Value = schema.read()?;
    let mut changed = false;
    close(&mut value, &mut changed, losses);
    if changed { Json::of(&value) } else { None }
}

fn close(schema: &mut Value, changed: &mut bool, losses: &mut Losses) {
    let Value::Object(schema) = schema else { return };
    for bound in BOUNDS {
        if schema.shift_remove(bound).is_some() {
            *changed = true;
            losses.approximated("output.schema", "without bounds");
        }
    }
    if schema.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        schema.insert("minItems".into(), 1.into());
        *changed = true;
        losses.approximated("output.schema", "without bounds");
    }
    if is_object(schema) && schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        let open = schema.insert("additionalProperties".into(), Value::Bool(false)).is_some();
        *changed = true;
        if open {
            losses.approximated("output.schema", "objects have the members that are named");
        }
    }
    for (name, inner) in schema.iter_mut() {
        match (name.as_str(), inner) {
            ("properties" | "$defs" | "definitions", Value::Object(inner)) => {
                for schema in inner.values_mut() {
                    close(schema, changed, losses);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(inner)) => {
                for schema in inner {
                    close(schema, changed, losses);
                }
            }
            ("items" | "not", inner) => close(inner, changed, losses),
            _ => {}
        }
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    let object = |kind: &Value| kind.as_str() == Some("object");
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(object),
        Some(kind) => object(kind),
        None => schema.contains_key("properties"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(schema: &str) -> (Option<String>, String) {
        let mut losses = Losses::default();
        let closed = super::closed(&Json::parse(schema).unwrap(), &mut losses);
        (closed.map(|schema| schema.text().to_owned()), losses.header())
    }

    #[test]
    fn objects_are_closed_and_bounds_left_out() {
        let done = r#"{"type":"object","properties":{"minimum":{"type":"integer"}},"additionalProperties":false}"#;
        assert_eq!(closed(done), (None, String::new()));
        let open = r#"{"type":"object","properties":{"a":{"properties":{}},"b":{"type":"array","items":{"type":["object","null"]}}}}"#;
        assert_eq!(
            closed(open),
            (
                Some(
                    r#"{"type":"object","properties":{"a":{"properties":{},"additionalProperties":false},"b":{"type":"array","items":{"type":["object","null"],"additionalProperties":false}}},"additionalProperties":false}"#
                        .into()
                ),
                String::new()
            )
        );
        let (schema, losses) = closed(
            r#"{"anyOf":[{"type":"integer","minimum":1},{"type":"array","minItems":2},{"type":"object","additionalProperties":{"type":"string"}}]}"#,
        );
        assert_eq!(
            schema.unwrap(),
            r#"{"anyOf":[{"type":"integer"},{"type":"array","minItems":1},{"type":"object","additionalProperties":false}]}"#
        );
        assert_eq!(losses, "approximated=output.schema");
        assert_eq!(closed("true"), (None, String::new()));
    }
}

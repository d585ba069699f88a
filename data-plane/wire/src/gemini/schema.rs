//! JSON Schema and the subset of OpenAPI's schemas that Gemini has of old. Current models take JSON
//! Schema as it is; this is for the others, and for clients that write the subset.

use serde_json::{Map, Value};

use crate::json::Json;

/// Keywords that the subset has and that mean the same in both.
const SHARED: &[&str] = &[
    "title",
    "description",
    "minItems",
    "maxItems",
    "required",
    "propertyOrdering",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "default",
    "nullable",
    "example",
];

/// Keywords that constrain nothing.
const ANNOTATIONS: &[&str] =
    &["$schema", "$id", "$comment", "$defs", "$anchor", "definitions", "strict", "examples"];

/// Formats that the subset has.
const FORMATS: &[&str] = &["float", "double", "int32", "int64", "enum", "date-time"];

/// Nesting beyond this, references followed, becomes "anything".
const MOST_DEPTH: usize = 32;
/// Schemas of one text, references followed: they may multiply.
const MOST_NODES: usize = 10_000;

/// A JSON Schema in the subset.
pub(super) struct Subset {
    /// `None` where it constrains nothing: an object without properties.
    pub(super) schema: Option<Value>,
    /// Something that constrains was left out.
    pub(super) lossy: bool,
}

/// Brings a JSON Schema into the subset.
pub(super) fn to_subset(schema: &Json) -> Subset {
    let Some(root) = schema.read::<Value>() else {
        return Subset { schema: None, lossy: true };
    };
    let mut converter = Converter { root: &root, lossy: false, nodes: 0 };
    let schema = converter.schema(&root, 0);
    let lossy = converter.lossy;
    let empty = schema.is_empty()
        || (schema.get("type").is_some_and(|kind| kind == "object")
            && schema.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty));
    Subset { schema: (!empty).then_some(Value::Object(schema)), lossy }
}

struct Converter<'a> {
    root: &'a Value,
    lossy: bool,
    nodes: usize,
}

impl Converter<'_> {
    fn schema(&mut self, schema: &Value, depth: usize) -> Map<String, Value> {
        self.nodes += 1;
        if depth > MOST_DEPTH || self.nodes > MOST_NODES {
            self.lossy = true;
            return Map::new();
        }
        let Some(members) = schema.as_object() else {
            // `true` is anything, `false` nothing.
            self.lossy |= schema == &Value::Bool(false);
            return Map::new();
        };
        let mut out = Map::new();
        if let Some(reference) = members.get("$ref") {
            match self.find(reference) {
                Some(target) => out = self.schema(&target, depth + 1),
                None => self.lossy = true,
            }
        }
        for (name, value) in members {
            self.keyword(&mut out, name, value, depth);
        }
        self.alone(&mut out);
        out
    }

    fn keyword(&mut self, out: &mut Map<String, Value>, name: &str, value: &Value, depth: usize) {
        match name {
            "type" => kind(out, value),
            "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                out.insert(name.to_owned(), value.clone());
            }
            "properties" => {
                let own = out.entry(name).or_insert_with(|| Value::Object(Map::new()));
                let mut all = std::mem::take(own);
                for (property, schema) in value.as_object().into_iter().flatten() {
                    let schema = Value::Object(self.schema(schema, depth + 1));
                    if let Some(all) = all.as_object_mut() {
                        all.insert(property.clone(), schema);
                    }
                }
                out.insert(name.to_owned(), all);
            }
            "items" => {
                let items = self.schema(value, depth + 1);
                out.insert(name.to_owned(), Value::Object(items));
            }
            "enum" => self.choices(out, value.as_array().map_or(&[], Vec::as_slice)),
            "const" => self.choices(out, std::slice::from_ref(value)),
            "anyOf" | "oneOf" => {
                for schema in value.as_array().into_iter().flatten() {
                    let schema = self.schema(schema, depth + 1);
                    let list = out.entry("anyOf").or_insert_with(|| Value::Array(Vec::new()));
                    if let Some(list) = list.as_array_mut() {
                        list.push(Value::Object(schema));
                    }
                }
            }
            "allOf" => {
                for schema in value.as_array().into_iter().flatten() {
                    let schema = self.schema(schema, depth + 1);
                    merge(out, schema);
                }
            }
            "required" => merge(out, Map::from_iter([(name.to_owned(), value.clone())])),
            "$ref" => {}
            name if SHARED.contains(&name) => {
                out.insert(name.to_owned(), value.clone());
            }
            name => self.lossy |= !ANNOTATIONS.contains(&name),
        }
    }

    /// Only texts can be enumerated.
    fn choices(&mut self, out: &mut Map<String, Value>, choices: &[Value]) {
        let texts = choices.iter().filter(|choice| choice.is_string()).cloned().collect::<Vec<_>>();
        let null = choices.iter().any(Value::is_null);
        if texts.is_empty() || texts.len() + usize::from(null) < choices.len() {
            self.lossy = true;
            return;
        }
        if null {
            out.insert("nullable".to_owned(), Value::Bool(true));
        }
        out.entry("type").or_insert_with(|| "string".into());
        out.insert("enum".to_owned(), Value::Array(texts));
    }

    /// Nothing stands beside `anyOf`, and `null` is no choice but `nullable`.
    fn alone(&mut self, out: &mut Map<String, Value>) {
        let Some(Value::Array(mut choices)) = out.remove("anyOf") else { return };
        let all = choices.len();
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        let nullable = choices.len() < all || out.contains_key("nullable");
        if let [Value::Object(only)] = choices.as_mut_slice() {
            let only = std::mem::take(only);
            merge(out, only);
        } else {
            let beside = ["nullable", "title", "description", "default", "example", "type"];
            self.lossy |= out.keys().any(|name| !beside.contains(&name.as_str()));
            out.clear();
            out.insert("anyOf".to_owned(), Value::Array(choices));
        }
        if nullable {
            out.insert("nullable".to_owned(), Value::Bool(true));
        }
    }

    /// Where a reference into the same text leads.
    fn find(&self, reference: &Value) -> Option<Value> {
        self.root.pointer(reference.as_str()?.strip_prefix('#')?).cloned()
    }
}

/// One type, or several, `null` among them.
fn kind(out: &mut Map<String, Value>, value: &Value) {
    let Some(types) = value.as_array() else {
        out.insert("type".to_owned(), value.clone());
        return;
    };
    let mut named = types.iter().filter(|kind| *kind != "null");
    if types.iter().any(|kind| kind == "null") {
        out.insert("nullable".to_owned(), Value::Bool(true));
    }
    match (named.next(), named.next()) {
        (Some(one), None) => {
            out.insert("type".to_owned(), one.clone());
        }
        (None, _) => {
            out.insert("type".to_owned(), "null".into());
        }
        _ => {
            let all = types
                .iter()
                .filter(|kind| *kind != "null")
                .map(|kind| Value::Object(Map::from_iter([("type".to_owned(), kind.clone())])));
            out.insert("anyOf".to_owned(), all.collect());
        }
    }
}

/// Adds members of one schema to another: lists and properties are united, the other's value wins.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Array(own)), Value::Array(more)) if name == "required" => {
                own.extend(more);
                let mut seen = std::collections::HashSet::new();
                own.retain(|one| one.as_str().is_none_or(|one| seen.insert(one.to_owned())));
            }
            (Some(Value::Object(own)), Value::Object(more)) => own.extend(more),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// A schema of the subset as JSON Schema.
pub(super) fn from_subset(schema: &Json) -> Option<Json> {
    let mut value = schema.read::<Value>()?;
    widen(&mut value, 0);
    Json::of(&value)
}

fn widen(schema: &mut Value, depth: usize) {
    let Some(members) = schema.as_object_mut().filter(|_| depth < MOST_DEPTH * 2) else { return };
    members.shift_remove("propertyOrdering");
    if let Some(Value::String(kind)) = members.get_mut("type") {
        kind.make_ascii_lowercase();
    }
    // Whole numbers of 64 bits are texts in this API.
    for name in ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]
    {
        if let Some(value) = members.get_mut(name)
            && let Some(number) = value.as_str().and_then(|text| text.parse::<u64>().ok())
        {
            *value = number.into();
        }
    }
    if let Some(example) = members.shift_remove("example") {
        members.insert("examples".to_owned(), Value::Array(vec![example]));
    }
    if members.shift_remove("nullable") == Some(Value::Bool(true)) {
        if let Some(kind @ Value::String(_)) = members.get_mut("type") {
            *kind = Value::Array(vec![kind.take(), "null".into()]);
            if let Some(Value::Array(choices)) = members.get_mut("enum") {
                choices.push(Value::Null);
            }
        } else if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
            choices.push(serde_json::json!({"type": "null"}));
        }
    }
    for name in ["properties", "$defs"] {
        if let Some(Value::Object(schemas)) = members.get_mut(name) {
            for schema in schemas.values_mut() {
                widen(schema, depth + 1);
            }
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(schema) = members.get_mut(name) {
            widen(schema, depth + 1);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        for schema in choices {
            widen(schema, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subset(text: &str) -> (Value, bool) {
        let subset = to_subset(&Json::parse(text).unwrap());
        (subset.schema.unwrap_or_default(), subset.lossy)
    }

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn json_schema_becomes_the_subset() {
        for (schema, expected, lossy) in [
            (r#"{"type":"object","properties":{}}"#, "null", false),
            (
                r##"{"$schema":"x","type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"],"$defs":{"A":{"type":["string","null"],"const":"x"}}}"##,
                r#"{"type":"object","properties":{"a":{"type":"string","nullable":true,"enum":["x"]}},"required":["a"]}"#,
                false,
            ),
            (
                r#"{"type":"object","properties":{"a":{"type":["string","integer"]},"b":{"oneOf":[{"type":"null"},{"type":"array","items":{"type":"number"}}]}},"additionalProperties":false}"#,
                r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]},"b":{"type":"array","items":{"type":"number"},"nullable":true}}}"#,
                true,
            ),
            (
                r#"{"allOf":[{"type":"object","properties":{"a":{"enum":[1,2]}},"required":["a"]},{"properties":{"b":{"type":"string","format":"uri"}},"required":["b"]}]}"#,
                r#"{"type":"object","properties":{"a":{},"b":{"type":"string"}},"required":["a","b"]}"#,
                true,
            ),
        ] {
            assert_eq!(subset(schema), (json(expected), lossy), "{schema}");
        }
    }

    #[test]
    fn references_that_go_round_or_multiply_end() {
        let (value, lossy) = subset(r##"{"type":"object","properties":{"a":{"$ref":"#"}}}"##);
        assert!(lossy && value.is_object());
        let many = r##"{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#/none"}}}"##;
        assert!(subset(many).1);
    }

    #[test]
    fn the_subset_becomes_json_schema() {
        let schema = r#"{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true,"enum":["x"],"maxLength":"3"}},"propertyOrdering":["a"]}"#;
        let wide = from_subset(&Json::parse(schema).unwrap()).unwrap();
        assert_eq!(
            wide.read::<Value>().unwrap(),
            json(
                r#"{"type":"object","properties":{"a":{"type":["string","null"],"enum":["x",null],"maxLength":3}}}"#
            )
        );
    }
}

//! What formats say in other words and mean the same.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether two values of this member mean the same.
pub(crate) fn alike(name: &str, a: &Value, b: &Value) -> bool {
    match (name, a, b) {
        (_, Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        ("parameters", ..) => parameters(a) == parameters(b),
        ("source", ..) => source(a) == source(b),
        ("display", ..) => is_shown(a) == is_shown(b),
        ("finish", ..) => finish(a) == finish(b),
        ("arguments", ..) => parsed(a) == parsed(b),
        _ => a == b,
    }
}

/// Members whose value is what a format means that has no word for them.
pub(crate) fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "tool_choice" => value == "auto",
        "parallel_tool_calls" => value == true,
        "store" | "logprobs" | "adaptive" | "strict" => value == false,
        "n" | "temperature" => value.as_f64() == Some(1.0),
        // Models that are not known to think do not.
        "reasoning" => *value == json!({"effort": "none"}),
        // Who shows reasoning as one text has no summaries beside it.
        "summary" => true,
        _ => value.is_null(),
    }
}

/// Whether the choice of tools means the same, though said otherwise: those that are not allowed are
/// not offered.
pub(crate) fn chosen(sent: &Value, got: &Value) -> bool {
    let choice = &sent["tool_choice"];
    let offered: Vec<&str> = list(&got["tools"]).iter().map(|tool| text(&tool["name"])).collect();
    if choice == "none" {
        return offered.is_empty();
    }
    let (allowed, named) = (&choice["allowed"], choice["named"].as_str());
    let names: Vec<&str> = list(&allowed["names"]).iter().map(text).chain(named).collect();
    let is_demanded = allowed["required"] == true || named.is_some();
    let choice = &got["tool_choice"];
    let is_named = names.contains(&text(&choice["named"]));
    let is_bound = choice == "required" || is_named;
    !names.is_empty() && is_demanded == is_bound && (offered == names || is_named)
}

/// The JSON that a text is, if it is.
fn parsed(value: &Value) -> Value {
    serde_json::from_str(text(value)).unwrap_or_else(|_| value.clone())
}

/// No parameters are as good as an object without members.
fn parameters(schema: &Value) -> Option<Value> {
    let empty = json!({"type": "object", "properties": {}});
    Some(schema.clone()).filter(|schema| !schema.is_null() && *schema != empty)
}

/// A text is as good as a file of text.
fn source(source: &Value) -> Value {
    let data = &source["data"];
    if data["media_type"] == "text/plain"
        && let Ok(bytes) = BASE64_STANDARD.decode(text(&data["data"]))
        && let Ok(text) = String::from_utf8(bytes)
    {
        return json!({"text": text});
    }
    source.clone()
}

fn is_shown(display: &Value) -> bool {
    !matches!(text(display), "" | "omitted")
}

/// Who knows no stop sequences stops at them.
fn finish(finish: &Value) -> Value {
    if *finish == json!({"stop_sequence": null}) { json!("stop") } else { finish.clone() }
}

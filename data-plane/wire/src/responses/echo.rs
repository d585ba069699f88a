//! What an answer repeats of its request: every member that Open Responses wants, with its default.

use crate::json::{Elements, Json, Object, Value, ValueKind, write_string};

/// Where a request says nothing.
pub(super) const DEFAULTS: &str = concat!(
    r#"{"previous_response_id":null,"instructions":null,"tools":[],"tool_choice":"auto","#,
    r#""parallel_tool_calls":true,"max_tool_calls":null,"max_output_tokens":null,"temperature":1.0,"#,
    r#""top_p":1.0,"presence_penalty":0.0,"frequency_penalty":0.0,"top_logprobs":0,"#,
    r#""truncation":"disabled","text":{"format":{"type":"text"},"verbosity":"medium"},"#,
    r#""reasoning":{"effort":null,"summary":null},"background":false,"store":true,"#,
    r#""metadata":{},"safety_identifier":null,"prompt_cache_key":null,"user":null}"#,
);

/// As they came, or as they are when absent.
const PLAIN: &[&str] = &[
    "previous_response_id",
    "instructions",
    "tool_choice",
    "parallel_tool_calls",
    "max_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "truncation",
    "background",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "user",
];

/// The echo as an object; `None` where a member is malformed.
pub(super) fn echo(body: &[u8], stored: Option<bool>) -> Option<Json> {
    let mut out = Vec::with_capacity(1_024);
    let request = Object::scan(body).ok();
    let given = |name: &str| request.as_ref()?.first(name).filter(|value| !value.is_null());
    let fallback = Object::scan(DEFAULTS.as_bytes()).ok();
    for name in PLAIN {
        let default = fallback.as_ref().and_then(|defaults| defaults.first(name));
        member(&mut out, name, given(name).or(default).map_or(b"null".as_slice(), |v| v.raw));
    }
    let store = stored.or_else(|| given("store")?.bool()).unwrap_or(true);
    member(&mut out, "store", if store { b"true" } else { b"false" });
    member(&mut out, "tools", &tools(given("tools")));
    member(&mut out, "text", &text(given("text")));
    let reasoning = given("reasoning").and_then(|value| value.object());
    let of = |name: &str| reasoning.as_ref()?.first(name).map(|value| value.raw);
    let mut written = Vec::new();
    for name in ["effort", "summary"] {
        member(&mut written, name, of(name).unwrap_or(b"null"));
    }
    written.push(b'}');
    member(&mut out, "reasoning", &written);
    out.push(b'}');
    String::from_utf8(out).ok().and_then(Json::parse)
}

fn member(out: &mut Vec<u8>, name: &str, raw: &[u8]) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    write_string(out, name);
    out.push(b':');
    out.extend_from_slice(raw);
}

/// Functions with all their members, others as they came.
fn tools(tools: Option<Value<'_>>) -> Vec<u8> {
    let mut out = vec![b'['];
    for tool in tools.map(|tools| Elements::of(tools.raw)).into_iter().flatten() {
        if out.len() > 1 {
            out.push(b',');
        }
        let members = tool.object();
        let of = |name: &str| members.as_ref()?.first(name).map(|value| value.raw);
        let kind = of("type").unwrap_or(b"\"function\"");
        if kind != b"\"function\"" {
            out.extend_from_slice(tool.raw);
            continue;
        }
        let mut written = Vec::new();
        member(&mut written, "type", kind);
        for name in ["name", "description", "parameters"] {
            member(&mut written, name, of(name).unwrap_or(b"null"));
        }
        let strict = of("strict").filter(|strict| *strict != b"null");
        member(&mut written, "strict", strict.unwrap_or(b"true"));
        written.push(b'}');
        out.append(&mut written);
    }
    out.push(b']');
    out
}

/// With the format and the verbosity that there are without being said.
fn text(text: Option<Value<'_>>) -> Vec<u8> {
    let text = text.and_then(|text| text.object());
    let of = |name: &str| text.as_ref()?.first(name).filter(|value| !value.is_null());
    let mut out = Vec::new();
    let format = of("format").filter(|format| format.kind == ValueKind::Object);
    let shape = format.and_then(|format| format.object());
    let kind = shape.as_ref().and_then(|shape| shape.first("type")?.text());
    if let (Some(shape), Some("json_schema")) = (&shape, kind.as_deref()) {
        let mut written = Vec::new();
        for name in ["type", "name", "description", "schema", "strict"] {
            let absent: &[u8] = if name == "strict" { b"false" } else { b"null" };
            let value = shape.first(name).filter(|value| !value.is_null());
            member(&mut written, name, value.map_or(absent, |value| value.raw));
        }
        written.push(b'}');
        member(&mut out, "format", &written);
    } else {
        let raw = format.map_or(br#"{"type":"text"}"#.as_slice(), |format| format.raw);
        member(&mut out, "format", raw);
    }
    member(&mut out, "verbosity", of("verbosity").map_or(b"\"medium\"", |value| value.raw));
    out.push(b'}');
    out
}

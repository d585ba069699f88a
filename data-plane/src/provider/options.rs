//! Members that a provider adds to requests, serialised once, when it is built.

use sanmon_wire::json::{Edits, MemberError, Object};
use serde_json::{Map, Value};

/// Members of `options` that mean something to the gateway and are never sent.
const GATEWAY_ONLY: &[&str] = &[
    "model",
    "messages",
    "provider",
    "stream",
    "stream_options",
    "wasm_tools",
    "tool_functions",
    "mcp_connectors",
    "a2a_connectors",
    "search_engines",
    "mcp_include_functions",
    "mcp_exclude_functions",
    "allow_config_override",
    "max_function_calls",
    "responses",
    "circuit_breaker",
];

/// A member with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: MemberValue,
}

/// A value as JSON, with the members of an object apart so that they can be merged one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberValue {
    /// Anything but an object.
    Plain(Box<str>),
    /// An object: its JSON, and its members.
    Object(Box<str>, Box<[Member]>),
}

impl MemberValue {
    /// The value as JSON.
    pub fn json(&self) -> &str {
        match self {
            Self::Plain(json) | Self::Object(json, _) => json,
        }
    }

    fn of(value: &Value) -> Self {
        let json = value.to_string().into();
        match value {
            Value::Object(members) => Self::Object(json, of(members)),
            _ => Self::Plain(json),
        }
    }
}

fn of(members: &Map<String, Value>) -> Box<[Member]> {
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| Member { name: name.as_str().into(), value: MemberValue::of(value) })
        .collect()
}

/// What a provider adds to requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The members, `null` ones and those of the gateway left out.
    pub members: Box<[Member]>,
    /// Whether they win over the request's (`allow_config_override: false`).
    pub win: bool,
}

impl Options {
    /// Of a document's `options`.
    pub(super) fn build(options: &Map<String, Value>) -> Self {
        let mut kept = Map::new();
        for (name, value) in options {
            // Otoroshi's documents have it under both names.
            let name = if name == "topP" { "top_p" } else { name };
            if !GATEWAY_ONLY.contains(&name) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        let win = options.get("allow_config_override") == Some(&Value::Bool(false));
        Self { members: of(&kept), win }
    }
}

/// An object with the members that it lacks, and, where they win, over those that it has, at any depth;
/// `None` when nothing changes.
pub fn merge(
    object: &Object<'_>,
    members: &[Member],
    win: bool,
) -> Result<Option<Vec<u8>>, MemberError> {
    let mut edits = Edits::default();
    for member in members {
        let Some(own) = object.get(&member.name)? else {
            edits.insert(&*member.name, member.value.json().as_bytes());
            continue;
        };
        match (&member.value, own.object()) {
            (MemberValue::Object(_, inner), Some(own_members)) => {
                if let Some(merged) = merge(&own_members, inner, win)? {
                    edits.replace(own.index, merged);
                }
            }
            _ if win => edits.replace(own.index, member.value.json().as_bytes()),
            _ => {}
        }
    }
    Ok((!edits.is_empty()).then(|| edits.apply(object)))
}

/// Members that are added as they are.
pub fn members(members: &Map<String, Value>) -> Box<[Member]> {
    of(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_for_the_gateway_is_not_sent() {
        let document = json!({
            "model": "m", "temperature": 0.5, "topP": 1, "n": null, "wasm_tools": [],
            "allow_config_override": false, "response_format": {"type": "text", "x": null}
        });
        let options = Options::build(document.as_object().unwrap());
        assert!(options.win);
        let seen: Vec<(&str, &str)> =
            options.members.iter().map(|m| (&*m.name, m.value.json())).collect();
        assert_eq!(
            seen,
            [
                ("temperature", "0.5"),
                ("top_p", "1"),
                ("response_format", r#"{"type":"text","x":null}"#)
            ]
        );
    }
}

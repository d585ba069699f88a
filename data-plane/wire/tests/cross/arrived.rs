//! Whether what was modelled has arrived, member by member. It is asked of the JSON form of the
//! canonical types, so that a member which is new is asked after without anybody thinking of it.

use sanmon_wire::fidelity::Losses;
use sanmon_wire::registry::Dialect;
use serde_json::{Map, Value};

/// What did not arrive and was not reported.
pub(crate) struct Missing<'a> {
    losses: &'a Losses,
    /// Both sides are dialects of one format: who signed what is told by the dialect.
    kin: bool,
    pub(crate) paths: Vec<String>,
}

impl<'a> Missing<'a> {
    pub(crate) fn new(losses: &'a Losses, from: &Dialect, to: &Dialect) -> Self {
        let kin = from.codec.format() == to.codec.format();
        Self { losses, kin, paths: Vec::new() }
    }

    /// A member did not arrive. It is excused where it is reported, or the whole that it is of.
    fn lost(&mut self, path: &str, sent: &Value, got: &Value) {
        let told = |field: &str| {
            path == field || path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'))
        };
        let relabelled = self.kin && path.ends_with(".signature.format");
        if !relabelled && !self.losses.iter().any(|loss| told(&loss.field)) {
            self.paths.push(format!("{path}: {sent} arrived as {got}"));
        }
    }

    /// The members of an object, but those of `apart`.
    fn members(&mut self, path: &str, sent: &Value, got: &Value, apart: &[&str]) {
        let none = Map::new();
        let got_members = got.as_object().unwrap_or(&none);
        for (name, value) in sent.as_object().unwrap_or(&none) {
            if apart.contains(&name.as_str()) || is_default(name, value) {
                continue;
            }
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let found = got_members.get(name).unwrap_or(&Value::Null);
            if value.is_object() && found.is_object() {
                self.members(&path, value, found, &[]);
            } else if !same(value, found) {
                self.lost(&path, value, found);
            }
        }
    }

    /// A request.
    pub(crate) fn request(&mut self, sent: &Value, got: &Value) {
        let apart = ["model", "messages", "tools", "stream", "stream_usage", "extras"];
        self.members("", sent, got, &apart);
        for tool in list(&sent["tools"]) {
            let name = tool["name"].as_str().unwrap_or_default();
            let path = if tool["type"] == "custom" { "tools.custom" } else { "tools" };
            match list(&got["tools"]).iter().find(|other| other["name"] == tool["name"]) {
                Some(other) if other["type"] == tool["type"] => {
                    self.members("tools", tool, other, &["type"]);
                }
                other => self.lost(path, &name.into(), other.unwrap_or(&Value::Null)),
            }
        }
        // System texts may be hoisted; the rest keeps its order.
        for system in [true, false] {
            let of = |request: &Value| -> Vec<Value> {
                let messages = list(&request["messages"]).iter();
                let messages = messages.filter(|message| is_system(&message["role"]) == system);
                messages.flat_map(|message| list(&message["content"]).to_vec()).collect()
            };
            self.parts("messages", &of(sent), &of(got));
        }
        for message in list(&sent["messages"]) {
            let name = &message["name"];
            let arrived = list(&got["messages"]).iter().any(|other| other["name"] == *name);
            if !arrived {
                self.lost("messages.name", name, &Value::Null);
            }
        }
    }

    /// An answer, which `got` is in another format.
    pub(crate) fn answer(&mut self, sent: &Value, got: &Value) {
        // Names and times are the caller's format's own.
        self.members("response", sent, got, &["id", "model", "created", "choices", "extras"]);
        for choice in list(&sent["choices"]) {
            let others = list(&got["choices"]);
            let Some(other) = others.iter().find(|other| other["index"] == choice["index"]) else {
                self.lost("response.choices", choice, &Value::Null);
                continue;
            };
            self.members("response", choice, other, &["index", "content"]);
            self.parts("response", list(&choice["content"]), list(&other["content"]));
        }
    }

    /// Parts: those of a kind come in their order; text may be joined and cut.
    fn parts(&mut self, path: &str, sent: &[Value], got: &[Value]) {
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for part in sent {
            let kind = part["type"].as_str().unwrap_or_default();
            let name = if kind == "native" { text(&part["name"]) } else { kind };
            let path = format!("{path}.{name}");
            let from = taken.iter().rfind(|(index, _)| got[*index]["type"] == part["type"]);
            let (first, offset) = from.copied().unwrap_or((0, 0));
            let found = got.iter().enumerate().skip(first).find_map(|(index, other)| {
                let offset = if index == first { offset } else { 0 };
                fits(part, other, offset).map(|end| (index, end))
            });
            let Some((index, end)) = found else {
                if !is_empty(part) {
                    self.lost(&path, part, &got.to_vec().into());
                }
                continue;
            };
            taken.push((index, end));
            let apart = ["type", "text", "arguments", "content", "call_id", "id", "source"];
            self.members(&path, part, &got[index], &apart);
            if kind == "tool_result" {
                self.parts(
                    "messages.tool_result",
                    list(&part["content"]),
                    list(&got[index]["content"]),
                );
            } else if !same(&part["source"], &got[index]["source"]) {
                self.lost(&format!("{path}.source"), &part["source"], &got[index]["source"]);
            }
        }
    }
}

/// Whether this part is in that one, from an offset into its text; if so, where it ends there.
fn fits(part: &Value, other: &Value, offset: usize) -> Option<usize> {
    if part["type"] != other["type"] {
        return None;
    }
    match text(&part["type"]) {
        "text" | "refusal" | "reasoning" => {
            let (part, other) = (shown(part), shown(other));
            let at = other.get(offset..)?.find(&part)?;
            Some(offset + at + part.len().max(1))
        }
        "tool_call" => {
            let is_same = part["name"] == other["name"]
                && same(&parsed(&part["arguments"]), &parsed(&other["arguments"]));
            (is_same && offset == 0).then_some(1)
        }
        _ => (offset == 0).then_some(1),
    }
}

/// What is shown of text or reasoning, in which formats tell summaries apart or do not.
fn shown(part: &Value) -> String {
    let summaries = || list(&part["summary"]).iter().map(text).collect::<Vec<_>>().join("\n\n");
    Some(text(&part["text"]).to_owned()).filter(|text| !text.is_empty()).unwrap_or_else(summaries)
}

fn is_empty(part: &Value) -> bool {
    part["type"] == "text" && text(&part["text"]).is_empty()
}

fn is_system(role: &Value) -> bool {
    matches!(text(role), "system" | "developer")
}

/// Members whose value is what a format means that has no word for them.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "tool_choice" => value == "auto",
        "parallel_tool_calls" => value == true,
        "store" | "strict" | "logprobs" => value == false,
        "n" => value == 1,
        // Who shows reasoning as one text has no summaries beside it.
        "summary" => true,
        // Found by the call.
        "name" => value.is_null(),
        _ => value.is_null(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The JSON that a text is, if it is.
fn parsed(value: &Value) -> Value {
    serde_json::from_str(text(value)).unwrap_or_else(|_| value.clone())
}

/// Whether two values are equal; numbers by their worth.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Null, Value::Null) => true,
        _ => a == b,
    }
}

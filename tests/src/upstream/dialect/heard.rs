use serde_json::{Value, json};

/// What a request says, in words that are the same for every dialect: what a test of one client asserts
/// whatever the upstream speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Who says what, in order: `system: …`, `user: …`, `user: image <address or data URL>`,
    /// `user: file <name>`, `assistant: …`, `assistant: thinks …`, `assistant: calls <tool> <arguments>`,
    /// `tool: …`, `tool: failed: …`.
    pub lines: Vec<String>,
    /// The names of the tools.
    pub tools: Vec<String>,
    /// The bound of the output.
    pub max_tokens: Option<u64>,
}

impl Heard {
    pub(super) fn say(&mut self, role: &str, what: impl std::fmt::Display) {
        // What one vendor calls so is another's system.
        let role = match role {
            "developer" => "system",
            "model" => "assistant",
            role => role,
        };
        self.lines.push(format!("{role}: {what}"));
    }

    /// What tools said since the model was last heard.
    pub fn results(&self) -> Vec<&str> {
        let last = self.lines.iter().rposition(|line| line.starts_with("assistant:"));
        let since = self.lines.iter().skip(last.map_or(0, |last| last + 1));
        since.filter_map(|line| line.strip_prefix("tool: ")).collect()
    }

    /// As an answer tells it.
    pub fn json(&self) -> String {
        json!({"lines": self.lines, "tools": self.tools, "max_tokens": self.max_tokens}).to_string()
    }
}

/// The members of a list, or the text alone as a part of this type.
pub(super) fn parts(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(parts) => parts.clone(),
        _ => Vec::new(),
    }
}

/// The list that stands there.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text that stands there.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// All texts of a list of parts, or the text alone.
pub(super) fn texts(content: &Value) -> String {
    parts(content).iter().map(|part| text(&part["text"])).collect()
}

/// Arguments that are the text of JSON, written as all others are.
pub(super) fn compact(arguments: &Value) -> String {
    let value: Value = match arguments {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| arguments.clone()),
        other => other.clone(),
    };
    value.to_string()
}

/// The names that stand there in each of a list.
pub(super) fn names(tools: &Value, pointer: &str) -> Vec<String> {
    let name = |tool: &Value| tool.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    list(tools).iter().filter_map(name).collect()
}

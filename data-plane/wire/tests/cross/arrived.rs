//! Whether what was modelled has arrived, member by member. It is asked of the JSON form of the
//! canonical types, so that a member which is new is asked after without anybody thinking of it.

use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::Format;
use sanmon_wire::registry::Dialect;
use serde_json::{Map, Value};

use crate::alike::{alike, chosen, is_default, list, text};

/// Members that a format says of the whole request, from where they are not read back into the parts:
/// what its body must hold.
const ELSEWHERE: &[(Format, &str, &str)] = &[
    (Format::Gemini, "tools.strict", "\"VALIDATED\""),
    (Format::Gemini, "messages.image.detail", "\"MEDIA_RESOLUTION_LOW\""),
];

/// What did not arrive and was not reported.
pub(crate) struct Missing<'a> {
    losses: &'a Losses,
    to: Format,
    /// What was written.
    body: &'a [u8],
    /// Both sides take each other's signatures: who signed what is told by the dialect.
    kin: bool,
    pub(crate) paths: Vec<String>,
}

impl<'a> Missing<'a> {
    pub(crate) fn new(losses: &'a Losses, from: &Dialect, to: &Dialect, body: &'a [u8]) -> Self {
        let (from, to) = (from.codec.format(), to.codec.format());
        // Claude's signatures are the same wherever it runs.
        let claude = [Format::Anthropic, Format::Converse];
        let kin = from == to || (claude.contains(&from) && claude.contains(&to));
        Self { losses, to, body, kin, paths: Vec::new() }
    }

    /// A member did not arrive. It is excused where it is reported, or the whole that it is of, or what
    /// of it was lost.
    fn lost(&mut self, path: &str, sent: &Value, got: &Value) {
        let relabelled = self.kin && path.ends_with(".signature.format");
        let mut elsewhere =
            ELSEWHERE.iter().filter(|(format, member, ..)| (*format, *member) == (self.to, path));
        let has = |what: &str| memchr::memmem::find(self.body, what.as_bytes()).is_some();
        if elsewhere.any(|(.., what)| has(what)) {
            return;
        }
        let told = |field: &str| {
            names(field).iter().any(|field| within(path, field) || within(field, path))
        };
        if !relabelled && !self.losses.iter().any(|loss| told(&loss.field)) {
            self.paths.push(format!("{path}: {sent} arrived as {got}"));
        }
    }

    /// The members of an object, but those of `apart`.
    fn members(&mut self, path: &str, sent: &Value, got: &Value, apart: &[&str]) {
        let none = Map::new();
        let got = got.as_object().unwrap_or(&none);
        for (name, value) in sent.as_object().unwrap_or(&none) {
            // Every format that takes a schema of the output holds it to that.
            let is_held = path == "output" && name == "strict";
            // Told to think, but neither how hard nor how much: it does as it likes.
            let bounds = ["effort", "budget"];
            let is_free = name == "adaptive" && !bounds.iter().any(|it| got.contains_key(*it));
            if apart.contains(&name.as_str()) || is_default(name, value) || is_held || is_free {
                continue;
            }
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let found = got.get(name).unwrap_or(&Value::Null);
            if alike(name, value, found) {
                continue;
            }
            if value.is_object() && found.is_object() && name != "parameters" && name != "schema" {
                self.members(&path, value, found, &[]);
            } else {
                self.lost(&path, value, found);
            }
        }
    }

    /// A request.
    pub(crate) fn request(&mut self, sent: &Value, got: &Value) {
        let is_chosen = chosen(sent, got);
        let mut apart = vec!["model", "messages", "tools", "stream", "stream_usage", "extras"];
        if is_chosen {
            apart.push("tool_choice");
        }
        self.members("", sent, got, &apart);
        for tool in list(&sent["tools"]) {
            let path = if tool["type"] == "custom" { "tools.custom" } else { "tools" };
            match list(&got["tools"]).iter().find(|other| other["name"] == tool["name"]) {
                Some(other) if other["type"] == tool["type"] => {
                    self.members("tools", tool, other, &["type"]);
                }
                None if is_chosen => {}
                other => self.lost(path, &tool["name"], other.unwrap_or(&Value::Null)),
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
            if !list(&got["messages"]).iter().any(|other| other["name"] == *name) {
                self.lost("messages.name", name, &Value::Null);
            }
        }
    }

    /// An answer.
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
    fn parts(&mut self, root: &str, sent: &[Value], got: &[Value]) {
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for part in sent {
            let kind = text(&part["type"]);
            let path =
                format!("{root}.{}", if kind == "native" { text(&part["name"]) } else { kind });
            let from = taken.iter().rfind(|(index, _)| got[*index]["type"] == part["type"]);
            let (first, offset) = from.copied().unwrap_or((0, 0));
            let found = got.iter().enumerate().skip(first).find_map(|(index, other)| {
                let offset = if index == first { offset } else { 0 };
                fits(part, other, offset).map(|end| (index, end))
            });
            let Some((index, end)) = found else {
                if kind != "text" || !text(&part["text"]).is_empty() {
                    self.lost(&path, part, &got.to_vec().into());
                }
                continue;
            };
            taken.push((index, end));
            let other = &got[index];
            // What was looked at already, and ids, which are each format's own.
            let mut apart = vec!["type", "text", "content", "call_id", "id", "citations"];
            if kind == "tool_result" {
                // The call tells it.
                apart.push("name");
            }
            self.members(&path, part, other, &apart);
            for (index, citation) in list(&part["citations"]).iter().enumerate() {
                let path = format!("{path}.citations");
                // What is cited, and as it came, are what only some tell.
                match list(&other["citations"]).get(index) {
                    Some(other) => self.members(&path, citation, other, &["native"]),
                    None => self.lost(&path, citation, &Value::Null),
                }
            }
            if kind == "tool_result" {
                self.parts(&path, list(&part["content"]), list(&other["content"]));
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
        _ => (offset == 0).then_some(1),
    }
}

/// What is shown of text or reasoning, in which formats tell summaries apart or do not.
fn shown(part: &Value) -> String {
    let summaries = || list(&part["summary"]).iter().map(text).collect::<Vec<_>>().join("\n\n");
    Some(text(&part["text"]).to_owned()).filter(|text| !text.is_empty()).unwrap_or_else(summaries)
}

fn is_system(role: &Value) -> bool {
    matches!(text(role), "system" | "developer")
}

/// Whether a member is another, or of it.
fn within(path: &str, of: &str) -> bool {
    path == of || path.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
}

/// The paths that a loss may mean: what parts of several kinds have is reported without the kind.
fn names(field: &str) -> Vec<String> {
    let mut all = vec![field.to_owned()];
    let Some((root, rest)) = field.split_once('.') else { return all };
    if within(rest, "cache") {
        let kinds = ["text", "image", "document", "tool_call", "tool_result"];
        all.extend(kinds.map(|kind| format!("{root}.{kind}.{rest}")));
    } else if within(rest, "citations") {
        all.push(format!("{root}.text.{rest}"));
    } else if within(rest, "tool_result.content") {
        all.extend(["image", "document"].map(|kind| format!("{root}.tool_result.{kind}")));
    } else if rest == "stop_sequence" {
        all.push(format!("{root}.finish"));
    }
    all
}

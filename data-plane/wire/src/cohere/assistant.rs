//! What the model says: in a conversation's history and in answers.

use super::types::{Content, Message};
use super::{citation, types};
use crate::canonical::{Audio, Native, Part, Reasoning, Text, ToolCall};
use crate::fidelity::Losses;
use crate::format::Format;
use crate::json::{Json, ListWriter, ObjectWriter};
use crate::lenient::TextOr;

/// The parts of a message of the model: its content, then its plan, which is text before calls, then
/// the calls.
pub(super) fn decode(message: Message) -> Vec<Part> {
    let mut parts = match message.content {
        TextOr::Text(text) if text.is_empty() => Vec::new(),
        TextOr::Text(text) => vec![Part::Text(Text::new(text))],
        TextOr::List(list) => list.into_iter().map(content).collect(),
    };
    cite(&mut parts, message.citations);
    parts.retain(|part| !matches!(part, Part::Text(text) if text.text.is_empty()));
    if !message.tool_plan.is_empty() {
        parts.push(Part::Text(Text::new(message.tool_plan)));
    }
    parts.extend(message.tool_calls.into_iter().map(|call| Part::ToolCall(self::call(call))));
    parts
}

fn content(json: Json) -> Part {
    let read: Content = json.read().unwrap_or_default();
    match (read.kind.as_str(), read.text, read.thinking) {
        ("text" | "", Some(text), _) => Part::Text(Text::new(text)),
        ("thinking", _, Some(text)) => Part::Reasoning(Reasoning { text, ..Reasoning::default() }),
        _ => Part::Native(Native { format: Format::Cohere, name: read.kind, json }),
    }
}

/// A call; no arguments are an empty object.
fn call(call: types::ToolCall) -> ToolCall {
    let arguments = call.function.arguments;
    ToolCall {
        id: call.id,
        name: call.function.name,
        arguments: if arguments.trim().is_empty() { "{}".to_owned() } else { arguments },
        custom: false,
        signature: None,
        cache: None,
    }
}

/// Puts citations on the texts that they are of: by number, else the first.
fn cite(parts: &mut [Part], citations: Vec<Json>) {
    for json in citations {
        let (citation, index) = citation::decode(json);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let named = index.filter(|index| matches!(parts.get(*index), Some(Part::Text(_))));
        let first = || parts.iter().position(|part| matches!(part, Part::Text(_)));
        let at = named.or_else(first);
        if let Some(Part::Text(text)) = at.and_then(|at| parts.get_mut(at)) {
            text.citations.push(citation);
        }
    }
}

/// Writes what the model said into its message. `side` is `messages` or `response`.
pub(super) fn encode(
    message: &mut ObjectWriter<'_>,
    parts: &[Part],
    side: &'static str,
    losses: &mut Losses,
) {
    let mut writer = Writer { side, losses };
    let calls: Vec<&ToolCall> = parts
        .iter()
        .filter_map(|part| match part {
            Part::ToolCall(call) => Some(call),
            _ => None,
        })
        .collect();
    let plan = if calls.is_empty() { None } else { plan(parts) };
    let rest = || {
        let is_plan = |part: &&Part| matches!((part, plan), (Part::Text(text), Some(plan)) if std::ptr::eq(text, plan));
        parts.iter().filter(move |part| !is_plan(part) && !matches!(part, Part::ToolCall(_)))
    };
    let mut content = Vec::new();
    let mut list = ListWriter::open(&mut content);
    let mut cited = Vec::new();
    let mut count = 0_u64;
    for part in rest() {
        if writer.content(&mut list, part) {
            if let Part::Text(text) = part
                && !text.citations.is_empty()
            {
                cited.push((text, count));
            }
            count += 1;
        }
    }
    list.close();
    if count > 0 {
        message.key("content").extend_from_slice(&content);
    }
    if let Some(plan) = plan {
        writer.marks(plan);
        message.text("tool_plan", &plan.text);
    }
    if !calls.is_empty() {
        let mut list = message.list("tool_calls");
        for call in calls {
            writer.call(&mut list, call);
        }
        list.close();
    }
    if !cited.is_empty() {
        let mut list = message.list("citations");
        for (text, index) in cited {
            for citation in &text.citations {
                citation::write(list.item(), citation, &text.text, index);
            }
        }
        list.close();
    }
}

/// The one text before calls, if there is one and it relies on nothing.
fn plan(parts: &[Part]) -> Option<&Text> {
    let mut texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) if !text.text.is_empty() => Some(text),
        _ => None,
    });
    texts.next().filter(|text| text.citations.is_empty() && texts.next().is_none())
}

struct Writer<'a> {
    side: &'static str,
    losses: &'a mut Losses,
}

impl Writer<'_> {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.side)
    }

    fn dropped(&mut self, name: &str) {
        self.losses.dropped(self.field(name));
    }

    /// Notes what a text has that Cohere has not.
    fn marks(&mut self, text: &Text) {
        if text.signature.is_some() {
            self.dropped("text.signature");
        }
        if text.cache.is_some() {
            self.dropped("cache");
        }
    }

    /// Writes a part of the content; whether anything of it was written.
    fn content(&mut self, list: &mut ListWriter<'_>, part: &Part) -> bool {
        match part {
            Part::Text(text) => {
                self.marks(text);
                write(list, "text", &text.text)
            }
            Part::Refusal(refusal) => {
                self.losses.approximated(self.field("refusal"), "as text");
                write(list, "text", &refusal.text)
            }
            Part::Reasoning(reasoning) => {
                if reasoning.signature.is_some() {
                    self.dropped("reasoning.signature");
                }
                let shown = reasoning.shown();
                if reasoning.redacted || shown.is_empty() {
                    self.dropped("reasoning");
                    return false;
                }
                write(list, "thinking", &shown)
            }
            Part::Audio(Audio { transcript: Some(transcript), .. }) => {
                self.losses.approximated(self.field("audio"), "as what is said in it");
                write(list, "text", transcript)
            }
            Part::Audio(_) => {
                self.dropped("audio");
                false
            }
            Part::Native(native) if native.format == Format::Cohere => {
                list.item().extend_from_slice(native.json.text().as_bytes());
                true
            }
            Part::Native(native) => {
                self.dropped(&native.name);
                false
            }
            Part::Image(_) => {
                self.dropped("image");
                false
            }
            Part::Document(_) => {
                self.dropped("document");
                false
            }
            Part::ToolCall(_) | Part::ToolResult(_) => false,
        }
    }

    fn call(&mut self, list: &mut ListWriter<'_>, call: &ToolCall) {
        if call.signature.is_some() {
            self.dropped("tool_call.signature");
        }
        if call.cache.is_some() {
            self.dropped("cache");
        }
        let mut object = list.object();
        object.text("id", &call.id);
        object.text("type", "function");
        let mut function = object.object("function");
        function.text("name", &call.name);
        if call.custom {
            self.losses.approximated(self.field("tool_call.custom"), "as the member `input`");
            let mut arguments = Vec::new();
            let mut input = ObjectWriter::open(&mut arguments);
            input.text("input", &call.arguments);
            input.close();
            function.text("arguments", &String::from_utf8_lossy(&arguments));
        } else {
            function.text("arguments", &call.arguments);
        }
        function.close();
        object.close();
    }
}

/// A part of the content that is text of some sort, if there is any.
fn write(list: &mut ListWriter<'_>, kind: &str, text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let mut object = list.object();
    object.text("type", kind);
    object.text(kind, text);
    object.close();
    true
}

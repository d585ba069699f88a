use crate::canonical::{
    Citation, Delta, Finish, Part, Reasoning, Start, TokenLogprob, ToolCall, Usage,
};
use crate::cohere::response::id;
use crate::cohere::{citation, finish, usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Encode};
use crate::json::{ObjectWriter, write_string};
use crate::sse::write_event;

/// Writes a streamed answer.
pub(in crate::cohere) struct Encoder {
    asked: Asked,
    losses: Losses,
    open: Vec<Open>,
    /// How many contents there were.
    contents: u64,
    /// How many calls.
    calls: u64,
    /// The finish, held until the counts have come: one event says both.
    finish: Option<Finish>,
    usage: Option<Usage>,
}

/// A block that is open.
struct Open {
    block: u32,
    what: What,
    /// Of the content or call, once it has begun.
    index: Option<u64>,
    /// The text so far, for citations to point into.
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Thinking {
        /// The summary that grows.
        summary: u32,
    },
    Call {
        /// Its input is any text, and so a member of an object.
        custom: bool,
    },
    /// It is left out.
    Nothing,
}

impl What {
    /// The type of the content, and the member that holds its text.
    const fn kind(self) -> &'static str {
        match self {
            Self::Thinking { .. } => "thinking",
            Self::Text | Self::Call { .. } | Self::Nothing => "text",
        }
    }
}

impl Encoder {
    pub(in crate::cohere) fn new(asked: Asked) -> Self {
        Self {
            asked,
            losses: Losses::default(),
            open: Vec::new(),
            contents: 0,
            calls: 0,
            finish: None,
            usage: None,
        }
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => self.start(start, out),
            Delta::Open { choice: 0, block, part } => self.open(*block, part, out),
            Delta::Grow { choice: 0, block, text } => self.grow(*block, text, out),
            Delta::Summary { choice: 0, block, index, text } => {
                if let Some(Open { what: What::Thinking { summary }, .. }) = self.at(*block)
                    && std::mem::replace(summary, *index) != *index
                {
                    self.grow(*block, "\n\n", out);
                }
                self.grow(*block, text, out);
            }
            Delta::Transcript { choice: 0, .. } => self.losses.dropped("response.audio"),
            Delta::Sign { choice: 0, .. } => self.losses.dropped("response.reasoning.signature"),
            Delta::Cite { choice: 0, block, citation } => self.cite(*block, citation, out),
            Delta::Close { choice: 0, block } => self.close(*block, out),
            Delta::Logprobs { choice: 0, tokens } => self.logprobs(tokens, out),
            Delta::Finish { choice: 0, finish } => self.finish = Some(finish.clone()),
            Delta::Open { .. }
            | Delta::Grow { .. }
            | Delta::Summary { .. }
            | Delta::Transcript { .. }
            | Delta::Sign { .. }
            | Delta::Cite { .. }
            | Delta::Close { .. }
            | Delta::Logprobs { .. }
            | Delta::Finish { .. } => self.losses.dropped("response.choices"),
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(_) => self.losses.dropped("response.service_tier"),
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Ping => out.extend_from_slice(self.heartbeat()),
            Delta::Error(error) => {
                event(out, "message-end", |object| {
                    let mut delta = object.object("delta");
                    delta.text("finish_reason", "ERROR");
                    delta.text("error", &error.message);
                    delta.close();
                });
            }
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

/// An event, and what `more` adds to its type.
fn event(out: &mut Vec<u8>, kind: &str, more: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut data = Vec::with_capacity(96);
    let mut object = ObjectWriter::open(&mut data);
    object.text("type", kind);
    more(&mut object);
    object.close();
    write_event(out, kind, &data);
}

/// An event that adds to the message.
fn message(out: &mut Vec<u8>, kind: &str, index: u64, more: impl FnOnce(&mut ObjectWriter<'_>)) {
    event(out, kind, |object| {
        object.value("index", &index);
        let mut delta = object.object("delta");
        let mut message = delta.object("message");
        more(&mut message);
        message.close();
        delta.close();
    });
}

impl Encoder {
    fn at(&mut self, block: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.block == block)
    }

    fn start(&mut self, start: &Start, out: &mut Vec<u8>) {
        if start.system_fingerprint.is_some() {
            self.losses.dropped("response.system_fingerprint");
        }
        let id = id(&start.id, &self.asked);
        event(out, "message-start", |object| {
            object.text("id", id);
            let mut delta = object.object("delta");
            let mut message = delta.object("message");
            message.text("role", "assistant");
            for name in ["content", "tool_calls", "citations"] {
                message.list(name).close();
            }
            message.text("tool_plan", "");
            message.close();
            delta.close();
        });
    }

    fn open(&mut self, block: u32, part: &Part, out: &mut Vec<u8>) {
        let (what, text) = match part {
            Part::Text(text) => (What::Text, text.text.as_str()),
            Part::Refusal(refusal) => {
                self.losses.approximated("response.refusal", "as text");
                (What::Text, refusal.text.as_str())
            }
            Part::Reasoning(reasoning) => (self.thinking(reasoning), reasoning.text.as_str()),
            Part::ToolCall(call) => (What::Call { custom: call.custom }, call.arguments.as_str()),
            Part::Native(native) => {
                self.losses.dropped(format!("response.{}", native.name));
                (What::Nothing, "")
            }
            Part::Image(_) => self.left_out("response.image"),
            Part::Audio(_) => self.left_out("response.audio"),
            Part::Document(_) => self.left_out("response.document"),
            Part::ToolResult(_) => self.left_out("response.tool_result"),
        };
        self.open.push(Open { block, what, index: None, text: String::new() });
        if let Part::ToolCall(call) = part {
            self.call_start(block, call, out);
        }
        self.grow(block, text, out);
        if let Part::Reasoning(reasoning) = part {
            for (index, summary) in reasoning.summary.iter().enumerate() {
                if index > 0 {
                    self.grow(block, "\n\n", out);
                }
                self.grow(block, summary, out);
            }
        }
    }

    fn left_out(&mut self, field: &'static str) -> (What, &'static str) {
        self.losses.dropped(field);
        (What::Nothing, "")
    }

    fn thinking(&mut self, reasoning: &Reasoning) -> What {
        if reasoning.signature.is_some() {
            self.losses.dropped("response.reasoning.signature");
        }
        if reasoning.redacted {
            self.losses.dropped("response.reasoning");
            return What::Nothing;
        }
        What::Thinking { summary: 0 }
    }

    fn call_start(&mut self, block: u32, call: &ToolCall, out: &mut Vec<u8>) {
        if call.signature.is_some() {
            self.losses.dropped("response.tool_call.signature");
        }
        let index = self.calls;
        self.calls += 1;
        if let Some(open) = self.at(block) {
            open.index = Some(index);
        }
        message(out, "tool-call-start", index, |message| {
            let mut object = message.object("tool_calls");
            object.text("id", &call.id);
            object.text("type", "function");
            let mut function = object.object("function");
            function.text("name", &call.name);
            function.text("arguments", "");
            function.close();
            object.close();
        });
        if call.custom {
            self.losses.approximated("response.tool_call.custom", "as the member `input`");
            arguments(out, index, "{\"input\":\"");
        }
    }

    fn grow(&mut self, block: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let next = self.contents;
        let Some(open) = self.at(block) else { return };
        let what = open.what;
        match (what, open.index) {
            (What::Nothing, _) | (What::Call { .. }, None) => {}
            (What::Call { custom: false }, Some(index)) => arguments(out, index, text),
            (What::Call { custom: true }, Some(index)) => {
                let mut escaped = Vec::with_capacity(text.len() + 2);
                write_string(&mut escaped, text);
                let inner = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default();
                arguments(out, index, &String::from_utf8_lossy(inner));
            }
            (What::Text | What::Thinking { .. }, begun) => {
                if what == What::Text {
                    open.text.push_str(text);
                }
                let index = begun.unwrap_or(next);
                if begun.is_none() {
                    open.index = Some(next);
                    self.contents += 1;
                    message(out, "content-start", index, |message| {
                        let mut content = message.object("content");
                        content.text("type", what.kind());
                        content.text(what.kind(), "");
                        content.close();
                    });
                }
                message(out, "content-delta", index, |message| {
                    let mut content = message.object("content");
                    content.text(what.kind(), text);
                    content.close();
                });
            }
        }
    }

    fn cite(&mut self, block: u32, citation: &Citation, out: &mut Vec<u8>) {
        let Some(Open { index: Some(index), text, .. }) = self.at(block) else {
            self.losses.dropped("response.citations");
            return;
        };
        let (index, text) = (*index, &*text);
        message(out, "citation-start", index, |message| {
            citation::write(message.key("citations"), citation, text, index);
        });
        event(out, "citation-end", |object| object.value("index", &index));
    }

    /// Events of the last content that add no text: the text itself is written by now.
    fn logprobs(&mut self, tokens: &[TokenLogprob], out: &mut Vec<u8>) {
        let index = self.contents.saturating_sub(1);
        for token in tokens {
            event(out, "content-delta", |object| {
                object.value("index", &index);
                usage::write_logprob(object.key("logprobs"), token, &mut self.losses);
            });
        }
    }

    fn close(&mut self, block: u32, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().position(|open| open.block == block) else { return };
        let Open { what, index, .. } = self.open.remove(at);
        let Some(index) = index else { return };
        if what == (What::Call { custom: true }) {
            arguments(out, index, "\"}");
        }
        let kind = if matches!(what, What::Call { .. }) { "tool-call-end" } else { "content-end" };
        event(out, kind, |object| object.value("index", &index));
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let reason = finish::encode(self.finish.take().as_ref(), &mut self.losses);
        let usage = self.usage.take().unwrap_or_default();
        let losses = &mut self.losses;
        event(out, "message-end", |object| {
            let mut delta = object.object("delta");
            delta.text("finish_reason", reason);
            usage::encode(delta.key("usage"), &usage, losses);
            delta.close();
        });
    }
}

/// A piece of a call's arguments.
fn arguments(out: &mut Vec<u8>, index: u64, text: &str) {
    message(out, "tool-call-delta", index, |message| {
        let mut calls = message.object("tool_calls");
        let mut function = calls.object("function");
        function.text("arguments", text);
        function.close();
        calls.close();
    });
}

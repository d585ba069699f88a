//! A block of a streamed answer, written: its beginning, its growth, its end. Texts and thinking begin
//! when there is something of them, for clients send back what they got, and empty texts are refused.

use super::super::mark;
use super::super::request::write_citation;
use super::super::response::{ThinkingBlock, call_id};
use crate::canonical::{Citation, Part, Reasoning, Signature, ToolCall};
use crate::format::Asked;
use crate::json::{ListWriter, ObjectWriter, write_string, write_value};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    Call { custom: bool },
}

/// A block that is written.
#[derive(Debug)]
pub(super) struct Writing {
    /// Its number in the canonical answer.
    pub(super) block: u32,
    pub(super) kind: Kind,
    /// Its number in the stream, once it has begun.
    index: Option<u32>,
    signature: Option<Signature>,
    /// The summary that grew last.
    summary: Option<u32>,
}

impl Writing {
    /// A text, thinking or call; other parts are no blocks that grow.
    pub(super) fn of(block: u32, part: &Part) -> Option<Self> {
        let kind = match part {
            // Of sound, what is said in it.
            Part::Text(_) | Part::Audio(_) => Kind::Text,
            Part::Reasoning(reasoning) if !reasoning.redacted => Kind::Thinking,
            Part::ToolCall(call) => Kind::Call { custom: call.custom },
            _ => return None,
        };
        Some(Self { block, kind, index: None, signature: None, summary: None })
    }

    /// Begins with a call's head.
    pub(super) fn begin_call(
        &mut self,
        call: &ToolCall,
        next: &mut u32,
        asked: &Asked,
        out: &mut Vec<u8>,
    ) {
        let index = take(next);
        self.index = Some(index);
        start(index, out, |out| {
            let mut block = ObjectWriter::open(out);
            block.text("type", "tool_use");
            block.text("id", &call_id(&call.id, index as usize, asked));
            block.text("name", &call.name);
            block.key("input").extend_from_slice(b"{}");
            block.close();
        });
        if call.custom {
            piece(index, "input_json_delta", "partial_json", "{\"input\":\"", out);
        }
    }

    /// Appends text, thinking or arguments.
    pub(super) fn grow(&mut self, text: &str, next: &mut u32, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let index = self.begin(next, out);
        match self.kind {
            Kind::Text => piece(index, "text_delta", "text", text, out),
            Kind::Thinking => piece(index, "thinking_delta", "thinking", text, out),
            Kind::Call { custom: false } => {
                piece(index, "input_json_delta", "partial_json", text, out);
            }
            Kind::Call { custom: true } => {
                let mut inner = Vec::with_capacity(text.len() + 2);
                write_string(&mut inner, text);
                let inner = String::from_utf8(inner).unwrap_or_default();
                let inner = inner.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
                let inner = inner.unwrap_or_default();
                piece(index, "input_json_delta", "partial_json", inner, out);
            }
        }
    }

    /// Appends to a summary, which is shown as thinking; a blank line stands between two.
    pub(super) fn summarise(&mut self, of: u32, text: &str, next: &mut u32, out: &mut Vec<u8>) {
        if self.summary.is_some_and(|last| last != of) {
            self.grow("\n\n", next, out);
        }
        self.summary = Some(of);
        self.grow(text, next, out);
    }

    /// Keeps the signature, which stands at the end.
    pub(super) fn sign(&mut self, signature: Signature) {
        self.signature = Some(signature);
    }

    /// Appends a citation; whether it can be said.
    pub(super) fn cite(&mut self, citation: &Citation, next: &mut u32, out: &mut Vec<u8>) -> bool {
        let mut written = Vec::new();
        if !write_citation(&mut ListWriter::open(&mut written), citation) {
            return false;
        }
        let index = self.begin(next, out);
        event("content_block_delta", out, |object| {
            object.value("index", &index);
            let mut delta = object.object("delta");
            delta.text("type", "citations_delta");
            delta.key("citation").extend_from_slice(written.get(1..).unwrap_or(b"null"));
            delta.close();
        });
        true
    }

    /// Ends it, where it has begun.
    pub(super) fn end(mut self, next: &mut u32, out: &mut Vec<u8>) {
        if self.signature.is_some() {
            self.begin(next, out);
        }
        let Some(index) = self.index else { return };
        match self.kind {
            Kind::Thinking => {
                let signature = mark::write(self.signature.as_ref());
                piece(index, "signature_delta", "signature", &signature, out);
            }
            Kind::Call { custom: true } => {
                piece(index, "input_json_delta", "partial_json", "\"}", out);
            }
            Kind::Text | Kind::Call { custom: false } => {}
        }
        stop(index, out);
    }

    fn begin(&mut self, next: &mut u32, out: &mut Vec<u8>) -> u32 {
        if let Some(index) = self.index {
            return index;
        }
        let index = take(next);
        self.index = Some(index);
        start(index, out, |out| {
            out.extend_from_slice(match self.kind {
                Kind::Thinking => br#"{"type":"thinking","thinking":"","signature":""}"#,
                _ => br#"{"type":"text","text":""}"#,
            });
        });
        index
    }
}

/// Writes a block that does not grow.
pub(super) fn whole(json: &str, next: &mut u32, out: &mut Vec<u8>) {
    let index = take(next);
    start(index, out, |out| out.extend_from_slice(json.as_bytes()));
    stop(index, out);
}

/// Writes thinking that nothing is shown of.
pub(super) fn redacted(reasoning: &Reasoning, next: &mut u32, out: &mut Vec<u8>) {
    let data = mark::write(reasoning.signature.as_ref());
    let index = take(next);
    start(index, out, |out| write_value(out, &ThinkingBlock::RedactedThinking { data }));
    stop(index, out);
}

fn take(next: &mut u32) -> u32 {
    let index = *next;
    *next = next.saturating_add(1);
    index
}

fn start(index: u32, out: &mut Vec<u8>, block: impl FnOnce(&mut Vec<u8>)) {
    event("content_block_start", out, |object| {
        object.value("index", &index);
        block(object.key("content_block"));
    });
}

fn stop(index: u32, out: &mut Vec<u8>) {
    event("content_block_stop", out, |object| object.value("index", &index));
}

fn piece(index: u32, kind: &str, member: &str, text: &str, out: &mut Vec<u8>) {
    event("content_block_delta", out, |object| {
        object.value("index", &index);
        let mut delta = object.object("delta");
        delta.text("type", kind);
        delta.text(member, text);
        delta.close();
    });
}

/// Writes an event with its name and its members.
pub(super) fn event(name: &str, out: &mut Vec<u8>, members: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let mut object = ObjectWriter::open(out);
    object.text("type", name);
    members(&mut object);
    object.close();
    out.extend_from_slice(b"\n\n");
}

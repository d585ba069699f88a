use super::types::Event;
use crate::canonical::{
    Delta, ErrorKind, Native, Part, ProviderError, Reasoning, Start, Text, ToolCall,
};
use crate::cohere::types::Content;
use crate::cohere::{citation, error, finish, usage};
use crate::format::{Decode, Format};
use crate::json::Json;
use crate::sse::{Event as Sse, Reader};

/// Reads a streamed answer.
#[derive(Default)]
pub(in crate::cohere) struct Decoder {
    reader: Reader,
    state: State,
}

#[derive(Default)]
struct State {
    started: bool,
    over: bool,
    open: Vec<Open>,
    next: u32,
}

/// A block that is open.
struct Open {
    block: u32,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Text of the content of this number. It stays open until another block begins: citations follow
    /// its end.
    Text(u64),
    Thinking(u64),
    /// What is said before calls.
    Plan,
    /// The call of this number.
    Call(u64),
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let Self { reader, state } = self;
        if state.over {
            return;
        }
        if let Err(error) = reader.feed(piece, |event| state.event(&event, out)) {
            state.fail(malformed(&error), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let Self { reader, state } = self;
        reader.finish(|event| state.last(&event, out));
    }
}

fn malformed(error: &dyn std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::Server, format!("the provider's stream is malformed: {error}"))
}

impl State {
    /// An event without a blank line after it, which may be half of one.
    fn last(&mut self, event: &Sse<'_>, out: &mut Vec<Delta>) {
        let whole = event
            .data
            .as_ref()
            .is_some_and(|data| serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok());
        if whole {
            self.event(event, out);
        }
    }

    fn event(&mut self, event: &Sse<'_>, out: &mut Vec<Delta>) {
        let Some(data) = event.data.as_ref().filter(|data| !data.is_empty()) else { return };
        if self.over || data.starts_with(b"[DONE]") {
            return;
        }
        match serde_json::from_slice::<Event>(data) {
            Ok(event) => self.take(event, data, out),
            Err(error) => self.fail(malformed(&error), out),
        }
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        if !self.over {
            self.over = true;
            out.push(Delta::Error(error));
        }
    }

    fn take(&mut self, event: Event, data: &[u8], out: &mut Vec<Delta>) {
        let Event { delta, index, .. } = event;
        let message = delta.message;
        match event.kind.as_str() {
            "message-start" => self.start(event.id, out),
            "content-start" | "content-delta" => {
                self.start(None, out);
                if let Some(content) = message.content.and_then(|it| it.0) {
                    self.content(index, content, data, out);
                }
                if let Some(logprobs) = event.logprobs {
                    let tokens = usage::decode_logprobs(vec![logprobs]);
                    if !tokens.is_empty() {
                        out.push(Delta::Logprobs { choice: 0, tokens });
                    }
                }
            }
            "content-end" => self.close(What::Thinking(index), out),
            "tool-plan-delta" => {
                self.start(None, out);
                if let Some(text) = message.tool_plan.filter(|text| !text.is_empty()) {
                    let block = self.begin(What::Plan, out);
                    out.push(Delta::Grow { choice: 0, block, text });
                }
            }
            "tool-call-start" | "tool-call-delta" => {
                self.start(None, out);
                if let Some(call) = message.tool_calls.and_then(|it| it.0) {
                    self.call(index, call, out);
                }
            }
            "tool-call-end" => self.close(What::Call(index), out),
            "citation-start" => {
                if let Some(json) = message.citations {
                    self.cite(json, out);
                }
            }
            "message-end" => {
                self.start(None, out);
                self.end(delta.finish_reason, delta.error, delta.usage.as_ref(), out);
            }
            // An error has no type, or this one.
            "" | "error" => {
                if let Some(text) = event.message.or(delta.error) {
                    self.fail(error::of(500, text), out);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, id: Option<String>, out: &mut Vec<Delta>) {
        if !self.started {
            self.started = true;
            out.push(Delta::Start(Start { id: id.unwrap_or_default(), ..Start::default() }));
        }
    }

    fn content(&mut self, index: u64, content: Content, data: &[u8], out: &mut Vec<Delta>) {
        let (what, text) = match (content.kind.as_str(), content.text, content.thinking) {
            ("thinking", _, text) | ("", None, text @ Some(_)) => (What::Thinking(index), text),
            ("text" | "", text, _) => (What::Text(index), text),
            (kind, _, _) => {
                self.native(kind, data, out);
                return;
            }
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let block = self.begin(what, out);
            out.push(Delta::Grow { choice: 0, block, text });
        }
    }

    /// A content that is not known: the event as it came.
    fn native(&mut self, kind: &str, data: &[u8], out: &mut Vec<Delta>) {
        let Some(json) = std::str::from_utf8(data).ok().and_then(Json::parse) else { return };
        let block = self.number();
        let part = Part::Native(Native { format: Format::Cohere, name: kind.to_owned(), json });
        out.push(Delta::Open { choice: 0, block, part });
        out.push(Delta::Close { choice: 0, block });
    }

    fn call(&mut self, index: u64, call: crate::cohere::types::ToolCall, out: &mut Vec<Delta>) {
        let block = self.at(What::Call(index)).unwrap_or_else(|| {
            let begun = ToolCall {
                id: call.id,
                name: call.function.name,
                arguments: String::new(),
                custom: false,
                signature: None,
                cache: None,
            };
            self.settle(out);
            self.open(What::Call(index), Part::ToolCall(begun), out)
        });
        if !call.function.arguments.is_empty() {
            out.push(Delta::Grow { choice: 0, block, text: call.function.arguments });
        }
    }

    fn cite(&mut self, json: Json, out: &mut Vec<Delta>) {
        let (citation, index) = citation::decode(json);
        let texts = || self.open.iter().filter(|open| matches!(open.what, What::Text(_)));
        let named = index.and_then(|index| self.at(What::Text(index)));
        if let Some(block) = named.or_else(|| texts().next_back().map(|open| open.block)) {
            out.push(Delta::Cite { choice: 0, block, citation });
        }
    }

    fn end(
        &mut self,
        reason: Option<String>,
        error: Option<String>,
        counts: Option<&crate::cohere::types::Usage>,
        out: &mut Vec<Delta>,
    ) {
        while let Some(open) = self.open.first() {
            self.close(open.what, out);
        }
        out.extend(counts.map(|counts| Delta::Usage(usage::decode(counts))));
        match reason.map(|reason| finish::decode(&reason, error.as_deref())) {
            Some(Ok(finish)) => out.push(Delta::Finish { choice: 0, finish }),
            Some(Err(error)) => return self.fail(error, out),
            None => {
                if let Some(text) = error {
                    return self.fail(error::of(500, text), out);
                }
            }
        }
        self.over = true;
        out.push(Delta::End);
    }

    fn number(&mut self) -> u32 {
        let block = self.next;
        self.next = self.next.saturating_add(1);
        block
    }

    fn at(&self, what: What) -> Option<u32> {
        self.open.iter().find(|open| open.what == what).map(|open| open.block)
    }

    fn open(&mut self, what: What, part: Part, out: &mut Vec<Delta>) -> u32 {
        let block = self.number();
        self.open.push(Open { block, what });
        out.push(Delta::Open { choice: 0, block, part });
        block
    }

    /// The block of text or thinking, opened where it is not.
    fn begin(&mut self, what: What, out: &mut Vec<Delta>) -> u32 {
        if let Some(block) = self.at(what) {
            return block;
        }
        self.settle(out);
        let part = match what {
            What::Thinking(_) => Part::Reasoning(Reasoning::default()),
            What::Text(_) | What::Plan | What::Call(_) => Part::Text(Text::default()),
        };
        self.open(what, part, out)
    }

    /// Closes the texts: another block begins.
    fn settle(&mut self, out: &mut Vec<Delta>) {
        let done = |open: &Open| !matches!(open.what, What::Call(_));
        while let Some(open) = self.open.iter().find(|open| done(open)) {
            self.close(open.what, out);
        }
    }

    fn close(&mut self, what: What, out: &mut Vec<Delta>) {
        if let Some(at) = self.open.iter().position(|open| open.what == what) {
            let block = self.open.remove(at).block;
            out.push(Delta::Close { choice: 0, block });
        }
    }
}

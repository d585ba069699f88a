use serde_json::value::RawValue;

use super::super::blocks::{read_block, read_citation};
use super::super::usage::Counts;
use super::super::{error, mark, response, stop};
use super::events::{BlockDelta, Event};
use crate::canonical::{Delta, ErrorKind, Part, ProviderError, Refusal, Start, Text};
use crate::format::Decode;
use crate::json::{Json, Object, ObjectWriter};
use crate::sse;

/// Reads a stream.
#[derive(Debug, Default)]
pub(in super::super) struct Decoder {
    reader: sse::Reader,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    finished: bool,
    /// After an error or the end.
    over: bool,
    counts: Counts,
    blocks: Vec<Open>,
    /// The number of the next block that the stream has no number for.
    next: u32,
}

/// A block that is not closed.
#[derive(Debug)]
struct Open {
    index: u32,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A text that says nothing so far.
    Empty,
    /// It grows as it comes.
    Grows,
    /// A call; its arguments as its head had them, which count if nothing follows.
    Call { head: String },
    /// A vendor's own block, opened when it is whole: its input may grow.
    Held { block: Box<RawValue>, input: String },
    /// It is complete, or means nothing.
    Whole,
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
        reader.finish(|event| state.event(&event, out));
    }
}

fn malformed(error: &impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorKind::Server, format!("the provider's stream is malformed: {error}"))
}

impl State {
    fn event(&mut self, event: &sse::Event<'_>, out: &mut Vec<Delta>) {
        let Some(data) = event.data.as_deref().filter(|_| !self.over) else { return };
        // Some who speak this format end like OpenAI.
        if data.is_empty() || data.starts_with(b"[DONE]") {
            return;
        }
        let read = match serde_json::from_slice::<Event<'_>>(data) {
            Ok(read) => read,
            Err(error) => return self.fail(malformed(&error), out),
        };
        let name = event.name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
        let kind = if read.kind.is_empty() { name } else { &*read.kind };
        match kind {
            "content_block_delta" => self.grow(&read, out),
            "content_block_start" => self.open(&read, out),
            "content_block_stop" => self.close(read.index, out),
            "message_start" => self.start(&read, out),
            "message_delta" => self.message_delta(&read, out),
            "message_stop" => {
                self.close_all(out);
                out.push(Delta::End);
                self.over = true;
            }
            "ping" => out.push(Delta::Ping),
            "error" => self.fail(error::decode(200, data), out),
            _ => {}
        }
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        self.over = true;
        out.push(Delta::Error(error));
    }

    fn start(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let object = event.message.and_then(|raw| Object::scan(raw.get().as_bytes()).ok());
        let Some(object) = object else {
            out.push(Delta::Start(Start::default()));
            return;
        };
        let message = match response::read(&object) {
            Ok(message) => message,
            Err(error) => return self.fail(malformed(&error), out),
        };
        out.push(Delta::Start(Start { id: message.id, model: message.model, ..Start::default() }));
        out.extend(message.service_tier.map(Delta::ServiceTier));
        out.extend(message.extras.into_iter().map(Delta::Extra));
        if let Some(counts) = object.first("usage").and_then(|usage| Counts::read(usage.raw)) {
            self.count(counts, out);
        }
    }

    fn count(&mut self, counts: Counts, out: &mut Vec<Delta>) {
        self.counts.merge(counts);
        out.extend(self.counts.usage().map(Delta::Usage));
    }

    /// Whatever comes first begins the answer.
    fn begin(&mut self, out: &mut Vec<Delta>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Delta::Start(Start::default()));
        }
    }

    fn open(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        let (choice, block) = (0, event.index);
        // Numbers are not used again.
        if block < self.next {
            return;
        }
        self.next = block.saturating_add(1);
        let Some(raw) = event.content_block else { return };
        let part = match read_block(raw) {
            Ok(part) => part,
            Err(error) => return self.fail(malformed(&error), out),
        };
        let mut rest = None;
        let (part, what) = match part {
            None => {
                self.blocks.push(Open { index: block, what: What::Empty });
                return;
            }
            Some(Part::Text(mut text)) => {
                rest = Some(std::mem::take(&mut text.text)).filter(|text| !text.is_empty());
                (Part::Text(text), What::Grows)
            }
            Some(Part::Reasoning(mut reasoning)) if !reasoning.redacted => {
                rest = Some(std::mem::take(&mut reasoning.text)).filter(|text| !text.is_empty());
                (Part::Reasoning(reasoning), What::Grows)
            }
            Some(Part::ToolCall(mut call)) => {
                let head = std::mem::take(&mut call.arguments);
                (Part::ToolCall(call), What::Call { head })
            }
            Some(Part::Native(_)) => {
                let what = What::Held { block: raw.to_owned(), input: String::new() };
                self.blocks.push(Open { index: block, what });
                return;
            }
            Some(part) => (part, What::Whole),
        };
        out.push(Delta::Open { choice, block, part });
        out.extend(rest.map(|text| Delta::Grow { choice, block, text }));
        self.blocks.push(Open { index: block, what });
    }

    fn grow(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(raw) = event.delta else { return };
        let delta: BlockDelta<'_> = match serde_json::from_str(raw.get()) {
            Ok(delta) => delta,
            Err(error) => return self.fail(malformed(&error), out),
        };
        let (choice, block) = (0, event.index);
        let open = self.blocks.iter_mut().rev().find(|open| open.index == block);
        let Some(Open { what, .. }) = open else { return };
        if matches!(what, What::Empty)
            && (delta.text.as_deref().is_some_and(|text| !text.is_empty())
                || delta.citation.is_some())
        {
            out.push(Delta::Open { choice, block, part: Part::Text(Text::default()) });
            *what = What::Grows;
        }
        let text = match (&*delta.kind, what) {
            ("text_delta", What::Grows) => delta.text,
            ("thinking_delta", What::Grows) => delta.thinking,
            ("input_json_delta", What::Call { head }) => {
                let text = delta.partial_json.filter(|text| !text.is_empty());
                if text.is_some() {
                    head.clear();
                }
                text
            }
            ("input_json_delta", What::Held { input, .. }) => {
                input.push_str(&delta.partial_json.unwrap_or_default());
                None
            }
            ("signature_delta", What::Grows) => {
                let signature = delta.signature.and_then(mark::read);
                out.extend(signature.map(|signature| Delta::Sign { choice, block, signature }));
                None
            }
            ("citations_delta", What::Grows) => {
                let citation = delta.citation.and_then(read_citation);
                out.extend(citation.map(|citation| Delta::Cite { choice, block, citation }));
                None
            }
            _ => None,
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push(Delta::Grow { choice, block, text });
        }
    }

    fn close(&mut self, index: u32, out: &mut Vec<Delta>) {
        let Some(at) = self.blocks.iter().position(|open| open.index == index) else { return };
        let Open { index: block, what } = self.blocks.remove(at);
        let choice = 0;
        match what {
            What::Call { head } if !head.is_empty() => {
                out.push(Delta::Grow { choice, block, text: head });
            }
            What::Held { block: raw, input } => {
                let Ok(Some(part)) = read_block(&with_input(raw, &input)) else { return };
                out.push(Delta::Open { choice, block, part });
            }
            What::Empty => return,
            What::Call { .. } | What::Grows | What::Whole => {}
        }
        out.push(Delta::Close { choice, block });
    }

    fn close_all(&mut self, out: &mut Vec<Delta>) {
        while let Some(index) = self.blocks.first().map(|open| open.index) {
            self.close(index, out);
        }
    }

    fn message_delta(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        self.begin(out);
        if let Some(object) = event.delta.and_then(|raw| Object::scan(raw.get().as_bytes()).ok()) {
            let (mut reason, mut sequence, mut details) = (None, None, None);
            for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
                match &*name {
                    "stop_reason" => reason = value.text(),
                    "stop_sequence" => sequence = value.text().map(Into::into),
                    "stop_details" => details = response::explanation(value.raw),
                    _ => out.extend(response::extra(&name, value.raw).map(Delta::Extra)),
                }
            }
            if let Some(reason) = reason
                && !std::mem::replace(&mut self.finished, true)
            {
                self.close_all(out);
                self.explain(details, out);
                let finish = stop::read(&reason, sequence);
                out.push(Delta::Finish { choice: 0, finish });
            }
        }
        let tier = event.usage.and_then(|raw| response::service_tier(raw.get().as_bytes()));
        out.extend(tier.map(Delta::ServiceTier));
        let counts = event.usage.and_then(|raw| Counts::read(raw.get().as_bytes()));
        if let Some(counts) = counts {
            self.count(counts, out);
        }
    }

    fn explain(&mut self, details: Option<String>, out: &mut Vec<Delta>) {
        let Some(text) = details else { return };
        let (choice, block) = (0, self.next);
        self.next = self.next.saturating_add(1);
        out.push(Delta::Open { choice, block, part: Part::Refusal(Refusal::default()) });
        out.push(Delta::Grow { choice, block, text });
        out.push(Delta::Close { choice, block });
    }
}

/// A vendor's block with the input that grew.
fn with_input(raw: Box<RawValue>, input: &str) -> Box<RawValue> {
    let (Some(input), Ok(object)) = (Json::parse(input), Object::scan(raw.get().as_bytes())) else {
        return raw;
    };
    let mut out = Vec::with_capacity(raw.get().len() + input.text().len());
    let mut writer = ObjectWriter::open(&mut out);
    for (name, value) in object.iter().filter(|(name, _)| name != "input") {
        writer.key(&name).extend_from_slice(value.raw);
    }
    writer.json("input", &input);
    writer.close();
    let text = String::from_utf8(out).ok();
    text.and_then(|text| RawValue::from_string(text).ok()).unwrap_or(raw)
}

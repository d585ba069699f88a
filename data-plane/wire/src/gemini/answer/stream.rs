//! Streams: events of data alone, each a piece of an answer, and nothing at the end.

use std::collections::BTreeMap;

use super::super::part::{self, Notes};
use super::super::{error, usage};
use super::grounding::Cited;
use super::read::Reading;
use super::write::{answer_extras, candidate_extras, finish_reason, head, logprobs};
use crate::canonical::{
    Citation, Delta, ErrorKind, Finish, Native, Part, ProviderError, Reasoning, Signature, Start,
    ToolCall, Usage,
};
use crate::fidelity::Losses;
use crate::format::{Asked, Decode, Encode, Format};
use crate::json::{ListWriter, ObjectWriter};
use crate::sse::Reader;

/// Reads a stream.
#[derive(Debug, Default)]
pub(in super::super) struct Decoder {
    events: Reader,
    reading: Reading,
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let Self { events, reading } = self;
        let fed = events.feed(piece, |event| {
            if let Some(data) = event.data {
                reading.event(&data, out);
            }
        });
        if let Err(error) = fed {
            reading.fail(ProviderError::new(ErrorKind::Server, error.to_string()), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let Self { events, reading } = self;
        events.finish(|event| {
            if let Some(data) = event.data {
                reading.event(&data, out);
            }
        });
        reading.finish(out);
    }
}

/// Writes a stream.
#[derive(Debug)]
pub(in super::super) struct Encoder {
    asked: Asked,
    start: Start,
    losses: Losses,
    blocks: BTreeMap<(u32, u32), Block>,
    cited: BTreeMap<u32, Vec<Cited>>,
    finished: BTreeMap<u32, Finish>,
    usage: Option<Usage>,
    extras: Vec<Native>,
}

/// A block that is open.
#[derive(Debug)]
enum Block {
    /// The text so far, which citations count.
    Text(String),
    /// Which of its summaries is being said.
    Thought(u32),
    /// Arguments have to be whole.
    Call(ToolCall),
    /// Sound that grows is said when it is whole.
    Other(Part),
}

impl Encoder {
    pub(in super::super) fn new(asked: Asked) -> Self {
        Self {
            asked,
            start: Start::default(),
            losses: Losses::default(),
            blocks: BTreeMap::new(),
            cited: BTreeMap::new(),
            finished: BTreeMap::new(),
            usage: None,
            extras: Vec::new(),
        }
    }

    /// An event with these parts of one candidate; none where `write` writes none.
    fn parts(
        &mut self,
        choice: u32,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut ListWriter<'_>, &mut Notes<'_>),
    ) {
        let start = out.len();
        out.extend_from_slice(b"data: ");
        let mut event = ObjectWriter::open(out);
        let mut candidates = event.list("candidates");
        let mut candidate = candidates.object();
        let mut content = candidate.object("content");
        let mut parts = content.list("parts");
        write(&mut parts, &mut Notes::of_answer(&mut self.losses));
        let empty = parts.is_empty();
        parts.close();
        content.close_with("role", "model");
        candidate.value("index", &choice);
        candidate.close();
        candidates.close();
        head(&mut event, &self.start.id, &self.start.model, &self.asked);
        event.close();
        out.extend_from_slice(b"\n\n");
        if empty {
            out.truncate(start);
        }
    }

    fn open(&mut self, choice: u32, block: u32, part: &Part, out: &mut Vec<u8>) {
        let opened = match part {
            Part::Text(text) => {
                self.cite(choice, &text.text, &text.citations);
                self.grow(choice, &text.text, false, text.signature.as_ref(), out);
                Block::Text(text.text.clone())
            }
            Part::Reasoning(Reasoning { redacted: true, .. }) => {
                self.losses.dropped_for("response.reasoning", "it cannot be shown");
                return;
            }
            Part::Reasoning(reasoning) => {
                let signature = reasoning.signature.as_ref();
                self.grow(choice, &reasoning.shown(), true, signature, out);
                Block::Thought(0)
            }
            Part::Refusal(refusal) => {
                self.losses.approximated("response.refusal", "as text");
                self.grow(choice, &refusal.text, false, None, out);
                Block::Text(refusal.text.clone())
            }
            Part::ToolCall(call) => Block::Call(call.clone()),
            other => Block::Other(other.clone()),
        };
        self.blocks.insert((choice, block), opened);
    }

    fn cite(&mut self, choice: u32, text: &str, citations: &[Citation]) {
        for citation in citations {
            let cited = Notes::of_answer(&mut self.losses).cited(citation, text);
            self.cited.entry(choice).or_default().push(cited);
        }
    }

    /// A piece of text or thought, signed or not.
    fn grow(
        &mut self,
        choice: u32,
        text: &str,
        thought: bool,
        signature: Option<&Signature>,
        out: &mut Vec<u8>,
    ) {
        self.parts(choice, out, |parts, notes| {
            let signature = notes.own(signature);
            if !text.is_empty() || signature.is_some() {
                part::text(parts, text, thought, signature);
            }
        });
    }

    fn close(&mut self, choice: u32, block: u32, out: &mut Vec<u8>) {
        match self.blocks.remove(&(choice, block)) {
            Some(Block::Call(call)) => self.parts(choice, out, |parts, notes| {
                part::call(parts, &call, None, notes);
            }),
            Some(Block::Other(other)) => self.parts(choice, out, |parts, notes| {
                part::said(parts, &other, notes);
            }),
            _ => {}
        }
    }

    /// The last event: why each candidate ended, and what was counted.
    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        let mut event = ObjectWriter::open(out);
        let mut candidates = event.list("candidates");
        for (choice, finish) in &self.finished {
            let mut candidate = candidates.object();
            candidate.text("finishReason", finish_reason(Some(finish), &mut self.losses));
            candidate.value("index", choice);
            candidate_extras(
                &mut candidate,
                *choice,
                &self.extras,
                self.cited.get(choice).map_or(&[], Vec::as_slice),
            );
            candidate.close();
        }
        candidates.close();
        answer_extras(&mut event, &self.extras, &mut self.losses);
        if let Some(usage) = &self.usage {
            usage::write(&mut event, usage, &mut self.losses);
        }
        head(&mut event, &self.start.id, &self.start.model, &self.asked);
        event.close();
        out.extend_from_slice(b"\n\n");
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => {
                if start.system_fingerprint.is_some() {
                    self.losses.dropped("response.system_fingerprint");
                }
                self.start = start.clone();
            }
            Delta::Open { choice, block, part } => self.open(*choice, *block, part, out),
            Delta::Grow { choice, block, text } => match self.blocks.get_mut(&(*choice, *block)) {
                Some(Block::Text(grown)) => {
                    grown.push_str(text);
                    self.grow(*choice, text, false, None, out);
                }
                Some(Block::Thought(_)) => self.grow(*choice, text, true, None, out),
                Some(Block::Call(call)) => call.arguments.push_str(text),
                Some(Block::Other(Part::Audio(audio))) => audio.data.push_str(text),
                _ => {}
            },
            Delta::Summary { choice, block, index, text } => {
                // Summaries are told apart by a blank line.
                if let Some(Block::Thought(last)) = self.blocks.get_mut(&(*choice, *block))
                    && std::mem::replace(last, *index) != *index
                {
                    self.grow(*choice, "\n\n", true, None, out);
                }
                self.grow(*choice, text, true, None, out);
            }
            Delta::Transcript { .. } => self.losses.dropped("response.audio.transcript"),
            Delta::Sign { choice, block, signature } => {
                match self.blocks.get_mut(&(*choice, *block)) {
                    Some(Block::Text(_)) => self.grow(*choice, "", false, Some(signature), out),
                    Some(Block::Thought(_)) => self.grow(*choice, "", true, Some(signature), out),
                    Some(Block::Call(call)) => call.signature = Some(signature.clone()),
                    _ => {}
                }
            }
            Delta::Cite { choice, block, citation } => {
                if let Some(Block::Text(text)) = self.blocks.get(&(*choice, *block)) {
                    let text = text.clone();
                    self.cite(*choice, &text, std::slice::from_ref(citation));
                }
            }
            Delta::Close { choice, block } => self.close(*choice, *block, out),
            Delta::Logprobs { choice, tokens } => {
                out.extend_from_slice(b"data: ");
                let mut event = ObjectWriter::open(out);
                let mut candidates = event.list("candidates");
                let mut candidate = candidates.object();
                candidate.value("index", choice);
                logprobs(&mut candidate, tokens);
                candidate.close();
                candidates.close();
                head(&mut event, &self.start.id, &self.start.model, &self.asked);
                event.close();
                out.extend_from_slice(b"\n\n");
            }
            Delta::Finish { choice, finish } => {
                self.finished.insert(*choice, finish.clone());
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(_) => self.losses.dropped("response.service_tier"),
            Delta::Extra(extra) if extra.format == Format::Gemini => {
                self.extras.push(extra.clone());
            }
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Ping => {}
            Delta::Error(failure) => crate::sse::write_data(out, &error::write(failure)),
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

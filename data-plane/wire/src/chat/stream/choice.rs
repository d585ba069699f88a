//! One of the answers of a stream, on its way.

use crate::canonical::{Audio, Citation, Delta, Finish, Part, Reasoning, Refusal, Signature, Text};
use crate::format::Format;

use super::super::reasoning::{self, Detail};
use super::super::response::stopped_by;
use super::super::{finish, logprobs, read, types};
use super::calls::{At, Calls};

/// An answer, and what is open of it.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) index: u32,
    next_block: u32,
    /// The block that grows, if it is none of a call.
    open: Option<Open>,
    calls: Calls,
    links: Vec<Citation>,
    thoughts: Thoughts,
    pub(super) finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Refusal,
    Audio,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    kind: Kind,
    block: u32,
}

/// What is known of the thoughts so far.
#[derive(Debug, Default)]
struct Thoughts {
    /// They come as strings; texts of details repeat them.
    as_strings: bool,
    /// `index` of the last detail.
    index: Option<u64>,
    /// How many summaries the block has.
    summaries: u32,
    /// The block has its signature: what comes next is another one.
    signed: bool,
    /// The last long piece, which xAI sends again.
    last: String,
}

/// Pieces that are the same as the one before and at least so long are no coincidence.
const REPEATED: usize = 48;

impl Choice {
    pub(super) fn new(index: u32, links: Vec<Citation>) -> Self {
        Self {
            index,
            next_block: 0,
            open: None,
            calls: Calls::default(),
            links,
            thoughts: Thoughts::default(),
            finished: false,
        }
    }

    /// Takes what a chunk says of this answer.
    pub(super) fn chunk(
        &mut self,
        read: types::Choice<'_>,
        answer: &str,
        out: &mut Vec<Delta>,
    ) -> Result<(), String> {
        // Nothing is said of an answer that is over.
        if self.finished {
            return Ok(());
        }
        if let Some(delta) = read.delta {
            self.delta(delta, answer, out)?;
        } else if let Some(text) = read::text(read.text) {
            self.grow(Kind::Text, text, out);
        }
        let tokens = logprobs::read(read.logprobs);
        if !tokens.is_empty() {
            out.push(Delta::Logprobs { choice: self.index, tokens });
        }
        let word = read.finish_reason.as_deref().unwrap_or_default();
        match finish::read(word, self.calls.any()) {
            Some(Ok(finish)) => self.finish(stopped_by(finish, read.stop_reason), answer, out),
            Some(Err(error)) => out.push(Delta::Error(error)),
            None => {}
        }
        Ok(())
    }

    /// Pages that the answer relies on as a whole.
    pub(super) fn links(&mut self, links: &[Citation]) {
        self.links = links.to_vec();
    }

    /// Closes what is open, and the answer.
    pub(super) fn finish(&mut self, finish: Finish, answer: &str, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let choice = self.index;
        self.close(out);
        let mut at = At { answer, choice, next_block: &mut self.next_block };
        self.calls.close(&mut at, out);
        out.push(Delta::Finish { choice, finish });
    }

    /// The same where the server says no reason.
    pub(super) fn finish_unsaid(&mut self, answer: &str, out: &mut Vec<Delta>) {
        let finish = if self.calls.any() { Finish::ToolCalls } else { Finish::Stop };
        self.finish(finish, answer, out);
    }

    fn delta(
        &mut self,
        mut delta: types::Message<'_>,
        answer: &str,
        out: &mut Vec<Delta>,
    ) -> Result<(), String> {
        self.reason(&delta, out);
        if let Some(raw) = delta.content {
            if raw.get().starts_with('"') {
                if let Some(text) = read::text(Some(raw)) {
                    self.grow(Kind::Text, text, out);
                }
            } else {
                let mut parts = Vec::new();
                read::content(Some(raw), &mut parts)?;
                for part in parts {
                    self.part(part, out);
                }
            }
        }
        if let Some(Open { kind: Kind::Text, block }) = self.open {
            let choice = self.index;
            let citations = delta.annotations.iter().filter_map(|raw| read::citation(raw));
            let signature = delta.extra_content.take().and_then(types::ExtraContent::signature);
            out.extend(citations.map(|citation| {
                self.links.clear();
                Delta::Cite { choice, block, citation }
            }));
            out.extend(signature.map(|data| {
                let signature = Signature { format: Format::Gemini, data };
                Delta::Sign { choice, block, signature }
            }));
        }
        if let Some(text) = read::text(delta.refusal) {
            self.grow(Kind::Refusal, text, out);
        }
        for image in delta.images {
            if let Some(part) = read::part(image, b"null")? {
                self.part(part, out);
            }
        }
        if let Some(audio) = delta.audio {
            self.audio(audio, out);
        }
        let function = delta.function_call.take().map(|function| types::ToolCall {
            function: Some(function),
            ..types::ToolCall::default()
        });
        for (position, piece) in (0..).zip(delta.tool_calls.into_iter().chain(function)) {
            self.close(out);
            let mut at = At { answer, choice: self.index, next_block: &mut self.next_block };
            self.calls.piece(piece, position, &mut at, out);
        }
        Ok(())
    }

    /// A part of a content that is a list.
    fn part(&mut self, part: Part, out: &mut Vec<Delta>) {
        match part {
            Part::Text(Text { text, .. }) => self.grow(Kind::Text, text, out),
            Part::Refusal(Refusal { text }) => self.grow(Kind::Refusal, text, out),
            Part::Reasoning(Reasoning { text, signature, .. }) => {
                self.grow(Kind::Reasoning, text, out);
                if let Some(signature) = signature {
                    self.sign(signature, out);
                }
            }
            part => {
                self.close(out);
                let (choice, block) = (self.index, self.block());
                out.push(Delta::Open { choice, block, part });
                out.push(Delta::Close { choice, block });
            }
        }
    }

    fn block(&mut self) -> u32 {
        let block = self.next_block;
        self.next_block += 1;
        block
    }

    /// Opens a block, unless the open one is of the kind.
    fn open(&mut self, kind: Kind, part: impl FnOnce() -> Part, out: &mut Vec<Delta>) -> u32 {
        match self.open {
            Some(open) if open.kind == kind => open.block,
            _ => {
                self.close(out);
                self.calls.close_complete(self.index, out);
                let block = self.block();
                self.open = Some(Open { kind, block });
                out.push(Delta::Open { choice: self.index, block, part: part() });
                block
            }
        }
    }

    fn grow(&mut self, kind: Kind, text: String, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        let part = || match kind {
            Kind::Text => Part::Text(Text::default()),
            Kind::Reasoning => Part::Reasoning(Reasoning::default()),
            Kind::Refusal => Part::Refusal(Refusal::default()),
            Kind::Audio => Part::Audio(Audio::default()),
        };
        let block = self.open(kind, part, out);
        out.push(Delta::Grow { choice: self.index, block, text });
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        let Some(Open { kind, block }) = self.open.take() else { return };
        let choice = self.index;
        if kind == Kind::Text {
            let links = std::mem::take(&mut self.links);
            out.extend(links.into_iter().map(|citation| Delta::Cite { choice, block, citation }));
        }
        if kind == Kind::Reasoning {
            self.thoughts =
                Thoughts { as_strings: self.thoughts.as_strings, ..Thoughts::default() };
        }
        out.push(Delta::Close { choice, block });
    }

    fn sign(&mut self, signature: Signature, out: &mut Vec<Delta>) {
        let block = self.open(Kind::Reasoning, || Part::Reasoning(Reasoning::default()), out);
        self.thoughts.signed = true;
        out.push(Delta::Sign { choice: self.index, block, signature });
    }

    /// Thoughts: as strings, as details, or as both.
    fn reason(&mut self, delta: &types::Message<'_>, out: &mut Vec<Delta>) {
        if let Some(text) = reasoning::shown(delta) {
            self.thoughts.as_strings = true;
            let again = text.len() >= REPEATED && text == self.thoughts.last;
            let summarised =
                delta.reasoning_details.iter().any(|raw| raw.get().contains("summary"));
            if !again && !summarised {
                if self.thoughts.signed {
                    self.close(out);
                }
                if text.len() >= REPEATED {
                    self.thoughts.last.clone_from(&text);
                }
                self.grow(Kind::Reasoning, text, out);
            }
        }
        for (detail, signature) in
            delta.reasoning_details.iter().filter_map(|raw| Detail::read(raw))
        {
            self.detail(detail, signature, out);
        }
    }

    fn detail(&mut self, detail: Detail, signature: Option<Signature>, out: &mut Vec<Delta>) {
        let other = detail.index.is_some()
            && self.thoughts.index.is_some()
            && detail.index != self.thoughts.index;
        if other {
            self.close(out);
        }
        let text = detail.text.filter(|text| !text.is_empty() && !self.thoughts.as_strings);
        let text_of_detail = text.is_some();
        if let Some(text) = text {
            self.grow(Kind::Reasoning, text, out);
        }
        if let Some(text) = detail.summary.filter(|text| !text.is_empty()) {
            let block = self.open(Kind::Reasoning, || Part::Reasoning(Reasoning::default()), out);
            // A chunk goes on with the summary that the one before had.
            let index = self.thoughts.summaries;
            out.push(Delta::Summary { choice: self.index, block, index, text });
        }
        if let Some(signature) = signature {
            let open = self.open.is_some_and(|open| open.kind == Kind::Reasoning);
            if open || text_of_detail {
                self.sign(signature, out);
            } else {
                // Nothing but a signature.
                let redacted = detail.id.is_none();
                let part = Part::Reasoning(Reasoning {
                    id: detail.id,
                    signature: Some(signature),
                    redacted,
                    ..Reasoning::default()
                });
                self.part_of_reasoning(part, out);
            }
        }
        self.thoughts.index = detail.index;
    }

    fn part_of_reasoning(&mut self, part: Part, out: &mut Vec<Delta>) {
        self.close(out);
        let (choice, block) = (self.index, self.block());
        out.push(Delta::Open { choice, block, part });
        out.push(Delta::Close { choice, block });
    }

    fn audio(&mut self, audio: types::AnswerAudio, out: &mut Vec<Delta>) {
        let (id, expires_at) = (audio.id, audio.expires_at);
        let part = || Part::Audio(Audio { id, expires_at, ..Audio::default() });
        let block = self.open(Kind::Audio, part, out);
        let choice = self.index;
        if let Some(text) = audio.data.filter(|data| !data.is_empty()) {
            out.push(Delta::Grow { choice, block, text });
        }
        if let Some(text) = audio.transcript.filter(|text| !text.is_empty()) {
            out.push(Delta::Transcript { choice, block, text });
        }
    }
}

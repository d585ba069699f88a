//! Blocks of a streamed answer, by the items and parts that they come from.

use serde_json::value::RawValue;

use super::super::parts::{
    native, read_annotation, read_call, read_logprobs, read_reasoning, signature,
};
use super::super::response::ReadAnswer;
use super::super::types::{Raw, ReadItem, ReadPart, list, some_text, text};
use crate::canonical::{Delta, Part, Reasoning, Refusal, Start, Text, ToolCall};

/// Those that there were.
#[derive(Default)]
pub(super) struct Blocks {
    started: bool,
    all: Vec<Block>,
}

/// A block, by where it stands.
struct Block {
    item: usize,
    /// Which part of the item.
    content: usize,
    kind: Kind,
    open: bool,
    /// Bytes of its text that were passed on.
    sent: usize,
    /// The same for each summary.
    summaries: Vec<usize>,
    cited: usize,
    logprobs: bool,
}

/// What grows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Refusal,
    Call,
    Reasoning,
    /// Does not, and comes when it is done.
    Native,
}

/// An item's number, and a part's within it.
type At = (usize, usize);

impl Blocks {
    pub(super) fn start(&mut self, answer: &ReadAnswer<'_>, out: &mut Vec<Delta>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Delta::Start(Start {
                id: some_text(answer.id).unwrap_or_default(),
                model: some_text(answer.model).unwrap_or_default(),
                created: answer.created(),
                system_fingerprint: None,
            }));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn has_calls(&self) -> bool {
        self.all.iter().any(|block| block.kind == Kind::Call)
    }

    pub(super) fn find(&self, (item, content): At) -> Option<usize> {
        self.all.iter().rposition(|block| block.item == item && block.content == content)
    }

    /// The block of a part, which is opened where it is not there yet. Parts without a text never are.
    pub(super) fn part(&mut self, at: At, kind: Kind, out: &mut Vec<Delta>) -> Option<usize> {
        if let Some(found) = self.find(at) {
            return Some(found);
        }
        self.open(
            at,
            kind,
            match kind {
                Kind::Text => Part::Text(Text::default()),
                Kind::Refusal => Part::Refusal(Refusal::default()),
                Kind::Reasoning => Part::Reasoning(Reasoning::default()),
                Kind::Call | Kind::Native => return None,
            },
            out,
        )
    }

    fn open(
        &mut self,
        (item, content): At,
        kind: Kind,
        part: Part,
        out: &mut Vec<Delta>,
    ) -> Option<usize> {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Delta::Start(Start::default()));
        }
        let number = self.reserve((item, content), kind);
        out.push(Delta::Open { choice: 0, block: u32::try_from(number).ok()?, part });
        Some(number)
    }

    fn reserve(&mut self, (item, content): At, kind: Kind) -> usize {
        self.all.push(Block {
            item,
            content,
            kind,
            open: true,
            sent: 0,
            summaries: Vec::new(),
            cited: 0,
            logprobs: false,
        });
        self.all.len() - 1
    }

    fn number(block: usize) -> u32 {
        u32::try_from(block).unwrap_or(u32::MAX)
    }

    pub(super) fn grow(&mut self, block: usize, delta: Raw<'_>, out: &mut Vec<Delta>) {
        if let Some(text) = some_text(delta) {
            self.push(block, text, out);
        }
    }

    fn push(&mut self, block: usize, text: String, out: &mut Vec<Delta>) {
        if let Some(known) = self.all.get_mut(block) {
            known.sent += text.len();
            out.push(Delta::Grow { choice: 0, block: Self::number(block), text });
        }
    }

    /// What of the whole text has not come yet.
    pub(super) fn rest(
        &mut self,
        at: At,
        kind: Kind,
        whole: Raw<'_>,
        out: &mut Vec<Delta>,
    ) -> Option<()> {
        let whole = text(whole).unwrap_or_default();
        self.rest_of(at, kind, &whole, out)
    }

    fn rest_of(&mut self, at: At, kind: Kind, whole: &str, out: &mut Vec<Delta>) -> Option<()> {
        let sent = self.find(at).and_then(|block| self.all.get(block)).map_or(0, |b| b.sent);
        if let Some(rest) = whole.get(sent..).filter(|rest| !rest.is_empty()) {
            let block = self.part(at, kind, out)?;
            self.push(block, rest.to_owned(), out);
        }
        Some(())
    }

    pub(super) fn summary(&mut self, block: usize, index: u32, text: String, out: &mut Vec<Delta>) {
        let Some(known) = self.all.get_mut(block) else { return };
        let place = index as usize;
        if place >= MOST_SUMMARIES {
            return;
        }
        if known.summaries.len() <= place {
            known.summaries.resize(place + 1, 0);
        }
        if let Some(sent) = known.summaries.get_mut(place) {
            *sent += text.len();
        }
        out.push(Delta::Summary { choice: 0, block: Self::number(block), index, text });
    }

    pub(super) fn summary_rest(
        &mut self,
        block: usize,
        index: u32,
        whole: &str,
        out: &mut Vec<Delta>,
    ) {
        let known = self.all.get(block);
        let sent = known.and_then(|known| known.summaries.get(index as usize)).copied();
        let rest = whole.get(sent.unwrap_or(0)..).unwrap_or_default();
        // An empty one counts as well, once.
        if !rest.is_empty() || sent.is_none() {
            self.summary(block, index, rest.to_owned(), out);
        }
    }

    pub(super) fn cite(&mut self, block: usize, raw: &RawValue, out: &mut Vec<Delta>) {
        let known = self.all.get_mut(block);
        if let Some((known, citation)) = known.zip(read_annotation(raw)) {
            known.cited += 1;
            out.push(Delta::Cite { choice: 0, block: Self::number(block), citation });
        }
    }

    pub(super) fn logprobs(&mut self, block: usize, raw: Raw<'_>, out: &mut Vec<Delta>) {
        let tokens = read_logprobs(raw);
        if let Some(known) = self.all.get_mut(block).filter(|_| !tokens.is_empty()) {
            known.logprobs = true;
            out.push(Delta::Logprobs { choice: 0, tokens });
        }
    }

    /// Where none came with the text.
    pub(super) fn late_logprobs(&mut self, at: At, raw: Raw<'_>, out: &mut Vec<Delta>) {
        if let Some(block) = self.find(at)
            && self.all.get(block).is_some_and(|block| !block.logprobs)
        {
            self.logprobs(block, raw, out);
        }
    }

    fn close(&mut self, block: usize, out: &mut Vec<Delta>) {
        if let Some(known) = self.all.get_mut(block).filter(|block| block.open) {
            known.open = false;
            out.push(Delta::Close { choice: 0, block: Self::number(block) });
        }
    }

    pub(super) fn close_all(&mut self, out: &mut Vec<Delta>) {
        // What was announced and never came is not closed either.
        for block in 0..self.all.len() {
            if self.all.get(block).is_some_and(|block| block.kind != Kind::Native) {
                self.close(block, out);
            }
        }
    }

    /// An item begins. Messages begin with their first text.
    pub(super) fn added(
        &mut self,
        index: usize,
        raw: &RawValue,
        out: &mut Vec<Delta>,
    ) -> Option<()> {
        let item: ReadItem<'_> = serde_json::from_str(raw.get()).ok()?;
        match item.r#type.as_str() {
            "message" => {}
            "function_call" | "custom_tool_call" => {
                let call = ToolCall { arguments: String::new(), ..read_call(&item) };
                self.open((index, 0), Kind::Call, Part::ToolCall(call), out)?;
            }
            "reasoning" => {
                let reasoning = Reasoning { id: some_text(item.id), ..Reasoning::default() };
                self.open((index, 0), Kind::Reasoning, Part::Reasoning(reasoning), out)?;
            }
            _ => drop(self.reserve((index, 0), Kind::Native)),
        }
        Some(())
    }

    /// A part is done: what of it has not come yet.
    pub(super) fn part_done(&mut self, at: At, raw: &RawValue, out: &mut Vec<Delta>) -> Option<()> {
        let part: ReadPart<'_> = serde_json::from_str(raw.get()).ok()?;
        match part.r#type.as_str() {
            "output_text" | "text" => {
                self.rest(at, Kind::Text, part.text, out)?;
                self.late_logprobs(at, part.logprobs, out);
                let annotations = list(part.annotations).unwrap_or_default();
                let known = self.find(at);
                let cited = known.and_then(|block| self.all.get(block)).map_or(0, |b| b.cited);
                for annotation in annotations.into_iter().skip(cited) {
                    let block = self.part(at, Kind::Text, out)?;
                    self.cite(block, annotation, out);
                }
            }
            "refusal" => self.rest(at, Kind::Refusal, part.refusal, out)?,
            // All of it together, when the item is done.
            "reasoning_text" => return Some(()),
            other => {
                if self.find(at).is_none() {
                    let part = native(other, raw).map(Part::Native)?;
                    self.open(at, Kind::Text, part, out)?;
                }
            }
        }
        if let Some(block) = self.find(at) {
            self.close(block, out);
        }
        Some(())
    }

    /// An item is done: what of it has not come yet.
    pub(super) fn item_done(
        &mut self,
        index: usize,
        raw: &RawValue,
        out: &mut Vec<Delta>,
    ) -> Option<()> {
        let item: ReadItem<'_> = serde_json::from_str(raw.get()).ok()?;
        let at = (index, 0);
        match item.r#type.as_str() {
            "message" if item.content.is_some_and(|content| content.get().starts_with('"')) => {
                self.rest(at, Kind::Text, item.content, out)?;
            }
            "message" => {
                for (content, part) in list(item.content)?.into_iter().enumerate() {
                    self.part_done((index, content), part, out)?;
                }
            }
            "function_call" | "custom_tool_call" => {
                let call = read_call(&item);
                if self.find(at).is_none() {
                    let begun = ToolCall { arguments: String::new(), ..call.clone() };
                    self.open(at, Kind::Call, Part::ToolCall(begun), out)?;
                }
                self.rest_of(at, Kind::Call, &call.arguments, out)?;
            }
            "reasoning" => {
                let reasoning = read_reasoning(&item)?;
                let block = if let Some(block) = self.find(at) {
                    block
                } else {
                    let id = reasoning.id.clone();
                    let begun = Part::Reasoning(Reasoning { id, ..Reasoning::default() });
                    self.open(at, Kind::Reasoning, begun, out)?
                };
                self.rest_of(at, Kind::Reasoning, &reasoning.text, out)?;
                for (summary, text) in (0..).zip(&reasoning.summary) {
                    self.summary_rest(block, summary, text, out);
                }
                if let Some(data) = some_text(item.encrypted_content) {
                    let (block, signature) = (Self::number(block), signature(data));
                    out.push(Delta::Sign { choice: 0, block, signature });
                }
            }
            other => {
                let part = native(other, raw).map(Part::Native)?;
                match self.find(at) {
                    Some(block) => {
                        let block = Self::number(block);
                        out.push(Delta::Open { choice: 0, block, part });
                    }
                    None => drop(self.open(at, Kind::Native, part, out)?),
                }
            }
        }
        for block in 0..self.all.len() {
            if self.all.get(block).is_some_and(|block| block.item == index) {
                self.close(block, out);
            }
        }
        Some(())
    }
}

/// More summaries of one item are not read.
const MOST_SUMMARIES: usize = 1_024;

//! The items of a stream, and the events of each.

use serde::Serialize;

use super::super::super::Dialect;
use super::super::super::draft::{Draft, Piece, sayable};
use super::super::super::item::{annotation, logprob};
use super::super::events::{Event, Events};
use super::{Encoder, json};
use crate::canonical::{
    Citation, Part, Reasoning, Refusal, Signature, Start, Text, TokenLogprob, ToolCall,
};
use crate::format::Format;

/// An item, and what has been said of it.
pub(super) struct Slot {
    pub(super) draft: Draft,
    /// For each piece.
    pub(super) progress: Vec<Progress>,
    /// As it was said to be done.
    pub(super) done: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Open,
    /// Nothing more will come.
    Closed,
    /// And that was said.
    Ended,
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) block: u32,
    pub(super) item: usize,
    pub(super) piece: usize,
}

impl Encoder {
    pub(super) fn open(&mut self, block: u32, part: Part, out: &mut Vec<u8>) {
        if !sayable(&part, &mut self.losses) {
            return;
        }
        self.begin(&Start::default(), out);
        let joined = self.settle(Some(&part), out);
        let item = if let Some(item) = joined { item } else { self.add(&part, out) };
        let Some(slot) = self.items.get_mut(item) else { return };
        let (text, citations) = match &part {
            Part::Text(text) => (text.text.clone(), text.citations.clone()),
            Part::Refusal(refusal) => (refusal.text.clone(), Vec::new()),
            Part::Reasoning(reasoning) => (reasoning.text.clone(), Vec::new()),
            Part::ToolCall(call) => (call.arguments.clone(), Vec::new()),
            _ => (String::new(), Vec::new()),
        };
        if slot.draft.message {
            let piece = Piece::new(emptied(part.clone()));
            let number = slot.draft.pieces.len();
            self.events
                .event(out, "response.content_part.added")
                .text("item_id", &slot.draft.id)
                .number("output_index", item)
                .number("content_index", number)
                .raw("part", &piece.content().map(|part| json(&part)).unwrap_or_default())
                .end();
            slot.draft.pieces.push(piece);
            slot.progress.push(Progress::Open);
        }
        let place = Place { block, item, piece: slot.draft.pieces.len() - 1 };
        self.places.push(place);
        if !text.is_empty() {
            self.grow(place, &text, out);
        }
        for citation in citations {
            self.cite(place, citation, out);
        }
        if let Part::Reasoning(reasoning) = part {
            for (index, text) in reasoning.summary.iter().enumerate() {
                self.summary(place, index, text, out);
            }
        }
    }

    /// A new item for this part; a message is empty at first.
    fn add(&mut self, part: &Part, out: &mut Vec<u8>) -> usize {
        let number = self.items.len();
        let mut draft = Draft::new(emptied(part.clone()), &self.asked.id, number);
        if draft.message {
            draft.pieces.clear();
        }
        let progress = vec![Progress::Open; draft.pieces.len()];
        self.events
            .event(out, "response.output_item.added")
            .number("output_index", number)
            .raw("item", &draft.json("in_progress"))
            .end();
        self.items.push(Slot { draft, progress, done: None });
        number
    }

    pub(super) fn place(&self, block: u32) -> Option<Place> {
        self.places.iter().rev().find(|place| place.block == block).copied()
    }

    pub(super) fn grow(&mut self, place: Place, text: &str, out: &mut Vec<u8>) {
        let Some(slot) = self.items.get_mut(place.item) else { return };
        let id = &slot.draft.id;
        let Some(piece) = slot.draft.pieces.get_mut(place.piece) else { return };
        let (name, grown) = match &mut piece.part {
            Part::Text(part) => ("response.output_text.delta", &mut part.text),
            Part::Refusal(part) => ("response.refusal.delta", &mut part.text),
            Part::ToolCall(call) if call.custom => {
                ("response.custom_tool_call_input.delta", &mut call.arguments)
            }
            Part::ToolCall(call) => ("response.function_call_arguments.delta", &mut call.arguments),
            Part::Reasoning(part) => {
                if part.text.is_empty() {
                    self.events
                        .event(out, "response.content_part.added")
                        .text("item_id", id)
                        .number("output_index", place.item)
                        .number("content_index", 0)
                        .raw("part", br#"{"type":"reasoning_text","text":""}"#)
                        .end();
                }
                (reasoning_event(self.dialect, false), &mut part.text)
            }
            _ => return,
        };
        grown.push_str(text);
        let event = self.events.event(out, name).text("item_id", id);
        let event = event.number("output_index", place.item);
        let event = match &piece.part {
            Part::ToolCall(_) => event,
            Part::Reasoning(_) => event.number("content_index", 0),
            _ => event.number("content_index", place.piece),
        };
        let event = event.text("delta", text);
        match &piece.part {
            Part::Text(_) => event.raw("logprobs", b"[]").end(),
            _ => event.end(),
        }
    }

    pub(super) fn summary(&mut self, place: Place, index: usize, text: &str, out: &mut Vec<u8>) {
        let Some(slot) = self.items.get_mut(place.item) else { return };
        let id = &slot.draft.id;
        let Some(Piece { part: Part::Reasoning(reasoning), .. }) =
            slot.draft.pieces.get_mut(place.piece)
        else {
            return;
        };
        // They come one after the other; a gap would be a stranger's mistake.
        if index >= reasoning.summary.len() {
            if let Some(last) = reasoning.summary.len().checked_sub(1) {
                end_summary(&mut self.events, id, place.item, last, &reasoning.summary, out);
            }
            reasoning.summary.push(String::new());
            self.events
                .event(out, "response.reasoning_summary_part.added")
                .text("item_id", id)
                .number("output_index", place.item)
                .number("summary_index", reasoning.summary.len() - 1)
                .raw("part", br#"{"type":"summary_text","text":""}"#)
                .end();
        }
        let index = index.min(reasoning.summary.len() - 1);
        let Some(summary) = reasoning.summary.get_mut(index) else { return };
        summary.push_str(text);
        self.events
            .event(out, "response.reasoning_summary_text.delta")
            .text("item_id", id)
            .number("output_index", place.item)
            .number("summary_index", index)
            .text("delta", text)
            .end();
    }

    pub(super) fn sign(&mut self, place: Place, signature: &Signature) {
        let slot = self.items.get_mut(place.item);
        let Some(piece) = slot.and_then(|slot| slot.draft.pieces.get_mut(place.piece)) else {
            return;
        };
        match &mut piece.part {
            Part::Reasoning(reasoning) if signature.format == Format::Responses => {
                reasoning.signature = Some(signature.clone());
            }
            Part::Reasoning(_) => self.losses.dropped("response.reasoning.signature"),
            Part::ToolCall(_) => self.losses.dropped("response.tool_call.signature"),
            _ => self.losses.dropped("response.text.signature"),
        }
    }

    pub(super) fn cite(&mut self, place: Place, citation: Citation, out: &mut Vec<u8>) {
        let Some(slot) = self.items.get_mut(place.item) else { return };
        let id = &slot.draft.id;
        let Some(Piece { part: Part::Text(text), .. }) = slot.draft.pieces.get_mut(place.piece)
        else {
            return;
        };
        let Some(annotation) = annotation(&citation, &text.text).map(|written| json(&written))
        else {
            self.losses.dropped("response.citations");
            return;
        };
        self.events
            .event(out, "response.output_text.annotation.added")
            .text("item_id", id)
            .number("output_index", place.item)
            .number("content_index", place.piece)
            .number("annotation_index", text.citations.len())
            .raw("annotation", &annotation)
            .end();
        text.citations.push(citation);
    }

    /// Kept for the end of the text that was said last.
    pub(super) fn logprobs(&mut self, tokens: &[TokenLogprob]) {
        let open = self.items.iter_mut().filter(|slot| slot.done.is_none());
        let mut pieces =
            open.flat_map(|slot| slot.draft.pieces.iter_mut().zip(&slot.progress)).rev();
        match pieces.find(|(piece, progress)| {
            **progress != Progress::Ended && matches!(piece.part, Part::Text(_))
        }) {
            Some((piece, _)) => piece.logprobs.extend_from_slice(tokens),
            None => self.losses.dropped("response.logprobs"),
        }
    }

    /// Says what is closed to be done, before this part or at the end. The item that the part joins
    /// stays.
    fn settle(&mut self, part: Option<&Part>, out: &mut Vec<u8>) -> Option<usize> {
        let last = self.items.len().checked_sub(1);
        let mut joined = None;
        for index in 0..self.items.len() {
            let Some(slot) = self.items.get(index) else { break };
            if slot.done.is_some() {
                continue;
            }
            if Some(index) == last && part.is_some_and(|part| slot.draft.takes(part)) {
                joined = Some(index);
                self.end_pieces(index, |progress| progress == Progress::Closed, out);
            } else if slot.progress.iter().all(|progress| *progress != Progress::Open) {
                self.done(index, "completed", out);
            }
        }
        joined
    }

    fn end_pieces(&mut self, item: usize, which: fn(Progress) -> bool, out: &mut Vec<u8>) {
        let pieces = self.items.get(item).map_or(0, |slot| slot.draft.pieces.len());
        for piece in 0..pieces {
            let slot = self.items.get(item);
            if slot.and_then(|slot| slot.progress.get(piece)).copied().is_some_and(which) {
                self.end_piece(item, piece, out);
            }
        }
    }

    fn end_piece(&mut self, item: usize, number: usize, out: &mut Vec<u8>) {
        let Some(slot) = self.items.get_mut(item) else { return };
        if let Some(progress) = slot.progress.get_mut(number) {
            *progress = Progress::Ended;
        }
        let empty = matches!(
            slot.draft.pieces.get(number),
            Some(Piece { part: Part::ToolCall(call), .. })
                if !call.custom && call.arguments.trim().is_empty()
        );
        if empty {
            self.grow(Place { block: 0, item, piece: number }, "{}", out);
        }
        let Some(slot) = self.items.get(item) else { return };
        let Some(piece) = slot.draft.pieces.get(number) else { return };
        let id = &slot.draft.id;
        let content = piece.content().map(|part| json(&part));
        let events = &mut self.events;
        let mut event = |name: &str, of: &dyn Fn(Event<'_>)| {
            of(events.event(out, name).text("item_id", id).number("output_index", item));
        };
        match &piece.part {
            Part::Text(text) => {
                let logprobs = json(&piece.logprobs.iter().map(logprob).collect::<Vec<_>>());
                event("response.output_text.done", &|event| {
                    let event = event.number("content_index", number).text("text", &text.text);
                    event.raw("logprobs", &logprobs).end();
                });
            }
            Part::Refusal(refusal) => event("response.refusal.done", &|event| {
                event.number("content_index", number).text("refusal", &refusal.text).end();
            }),
            Part::ToolCall(call) if call.custom => {
                event("response.custom_tool_call_input.done", &|event| {
                    event.text("input", &call.arguments).end();
                });
            }
            Part::ToolCall(call) => event("response.function_call_arguments.done", &|event| {
                event.text("name", &call.name).text("arguments", &call.arguments).end();
            }),
            Part::Reasoning(reasoning) => {
                if !reasoning.text.is_empty() {
                    event(reasoning_event(self.dialect, true), &|event| {
                        event.number("content_index", 0).text("text", &reasoning.text).end();
                    });
                    let part = ReasoningText { r#type: "reasoning_text", text: &reasoning.text };
                    event("response.content_part.done", &|event| {
                        event.number("content_index", 0).raw("part", &json(&part)).end();
                    });
                }
                if let Some(last) = reasoning.summary.len().checked_sub(1) {
                    end_summary(&mut self.events, id, item, last, &reasoning.summary, out);
                }
                return;
            }
            _ => return,
        }
        if let Some(content) = content {
            event("response.content_part.done", &|event| {
                event.number("content_index", number).raw("part", &content).end();
            });
        }
    }

    fn done(&mut self, item: usize, status: &'static str, out: &mut Vec<u8>) {
        self.end_pieces(item, |progress| progress != Progress::Ended, out);
        let Some(slot) = self.items.get_mut(item) else { return };
        let json = slot.draft.json(status);
        self.events
            .event(out, "response.output_item.done")
            .number("output_index", item)
            .raw("item", &json)
            .end();
        slot.done = Some(json);
    }

    /// Whatever is not done yet; the last item is as the answer is.
    pub(super) fn done_all(&mut self, status: &'static str, out: &mut Vec<u8>) {
        for item in 0..self.items.len() {
            if self.items.get(item).is_some_and(|slot| slot.done.is_none()) {
                let last = item + 1 == self.items.len();
                self.done(item, if last { status } else { "completed" }, out);
            }
        }
    }
}

#[derive(Serialize)]
struct ReasoningText<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// The dialects call it differently.
fn reasoning_event(dialect: Dialect, done: bool) -> &'static str {
    match (dialect, done) {
        (Dialect::OpenAi, false) => "response.reasoning_text.delta",
        (Dialect::OpenAi, true) => "response.reasoning_text.done",
        (Dialect::Open, false) => "response.reasoning.delta",
        (Dialect::Open, true) => "response.reasoning.done",
    }
}

fn end_summary(
    events: &mut Events,
    id: &str,
    item: usize,
    index: usize,
    summaries: &[String],
    out: &mut Vec<u8>,
) {
    let text = summaries.get(index).map_or("", String::as_str);
    events
        .event(out, "response.reasoning_summary_text.done")
        .text("item_id", id)
        .number("output_index", item)
        .number("summary_index", index)
        .text("text", text)
        .end();
    let part = json(&ReasoningText { r#type: "summary_text", text });
    events
        .event(out, "response.reasoning_summary_part.done")
        .text("item_id", id)
        .number("output_index", item)
        .number("summary_index", index)
        .raw("part", &part)
        .end();
}

/// The part as it begins. What comes whole stays.
fn emptied(part: Part) -> Part {
    match part {
        Part::Text(_) => Part::Text(Text::default()),
        Part::Refusal(_) => Part::Refusal(Refusal::default()),
        Part::ToolCall(call) => Part::ToolCall(ToolCall { arguments: String::new(), ..call }),
        Part::Reasoning(reasoning) => {
            Part::Reasoning(Reasoning { text: String::new(), summary: Vec::new(), ..reasoning })
        }
        part => part,
    }
}

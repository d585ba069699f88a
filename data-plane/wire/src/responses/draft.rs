//! Items of an answer on their way: parts of the canonical answer, grouped as the format has them.

use super::item::{Content, Either, Item, annotation, made_image, output_text, part_name};
use super::request::reasoning_item;
use crate::canonical::{Part, Source, Text, TokenLogprob};
use crate::fidelity::Losses;
use crate::format::Format;

/// An item: a message of several texts and refusals, or any other part alone.
pub(super) struct Draft {
    pub(super) id: String,
    /// It is a message, also while nothing has been said in it.
    pub(super) message: bool,
    pub(super) pieces: Vec<Piece>,
}

/// A part of it.
pub(super) struct Piece {
    pub(super) part: Part,
    pub(super) logprobs: Vec<TokenLogprob>,
}

impl Piece {
    pub(super) fn new(part: Part) -> Self {
        Self { part, logprobs: Vec::new() }
    }
}

/// Whether an item of an answer can say it; reports what it cannot say of it.
pub(super) fn sayable(part: &Part, losses: &mut Losses) -> bool {
    let said = match part {
        Part::Text(text) => {
            report_text(text, losses);
            true
        }
        Part::Refusal(_) => true,
        Part::ToolCall(call) => {
            if call.signature.is_some() {
                losses.dropped("response.tool_call.signature");
            }
            true
        }
        Part::Reasoning(reasoning) => {
            let foreign =
                reasoning.signature.as_ref().is_some_and(|s| s.format != Format::Responses);
            if foreign {
                losses.dropped("response.reasoning.signature");
            }
            // Then there is nothing else of it.
            !(foreign && reasoning.redacted)
        }
        Part::Image(image) => matches!(image.source, Source::Data { .. }),
        Part::Native(native) => native.format == Format::Responses,
        Part::Audio(_) | Part::Document(_) | Part::ToolResult(_) => false,
    };
    if !said {
        losses.dropped(match part {
            Part::Native(native) => format!("response.{}", native.name),
            part => format!("response.{}", part_name(part)),
        });
    }
    said
}

fn report_text(text: &Text, losses: &mut Losses) {
    if text.signature.is_some() {
        losses.dropped("response.text.signature");
    }
    if text.citations.iter().any(|citation| annotation(citation, "").is_none()) {
        losses.dropped("response.citations");
    }
}

impl Draft {
    /// Of this part, which is sayable; the `number`th item of the answer with this id.
    pub(super) fn new(mut part: Part, answer: &str, number: usize) -> Self {
        let prefix = match &part {
            Part::Text(_) | Part::Refusal(_) => "msg",
            Part::ToolCall(call) if call.custom => "ctc",
            Part::ToolCall(_) => "fc",
            Part::Reasoning(_) => "rs",
            Part::Image(_) => "ig",
            _ => "item",
        };
        let mut id = format!("{prefix}_{answer}{number}");
        if let Part::Reasoning(reasoning) = &part
            && let Some(own) = reasoning.id.as_ref().filter(|id| id.starts_with("rs_"))
        {
            id.clone_from(own);
        }
        if let Part::ToolCall(call) = &mut part
            && call.id.is_empty()
        {
            call.id = format!("call_{answer}{number}");
        }
        Self { id, message: in_message(&part), pieces: vec![Piece::new(part)] }
    }

    /// Whether it is a message, and the part has its place there.
    pub(super) fn takes(&self, part: &Part) -> bool {
        self.message && in_message(part)
    }

    /// As its item.
    pub(super) fn json(&self, status: &'static str) -> Vec<u8> {
        serde_json::to_vec(&self.item(status)).unwrap_or_default()
    }

    fn item(&self, status: &'static str) -> Either<'_, Item<'_>> {
        let (id, status) = (Some(&*self.id), Some(status));
        let alone = self.pieces.first().map(|piece| &piece.part);
        let own = match alone {
            Some(Part::ToolCall(call)) => {
                let (call_id, name) = (&*call.id, &*call.name);
                Some(if call.custom {
                    Item::CustomToolCall { id, call_id, name, input: &call.arguments, status }
                } else {
                    let arguments = &*call.arguments;
                    Item::FunctionCall { id, call_id, name, arguments, status }
                })
            }
            Some(Part::Reasoning(reasoning)) => Some(reasoning_item(reasoning, id, status)),
            Some(Part::Image(image)) => made_image(&self.id, image),
            Some(Part::Native(native)) => return Either::Native(&native.json),
            _ => None,
        };
        Either::Own(own.unwrap_or_else(|| Item::Message {
            id,
            status,
            role: "assistant",
            content: self.pieces.iter().filter_map(Piece::content).map(Either::Own).collect(),
        }))
    }
}

fn in_message(part: &Part) -> bool {
    matches!(part, Part::Text(_) | Part::Refusal(_))
}

impl Piece {
    /// As a part of a message.
    pub(super) fn content(&self) -> Option<Content<'_>> {
        match &self.part {
            Part::Text(text) => Some(output_text(text, &self.logprobs)),
            Part::Refusal(refusal) => Some(Content::Refusal { refusal: &refusal.text }),
            _ => None,
        }
    }
}

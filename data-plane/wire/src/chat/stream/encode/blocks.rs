//! Blocks of an answer: opened, grown and closed.

use crate::canonical::{Delta, Part, Reasoning};
use crate::format::{Encode, Format};
use crate::json::{ObjectWriter, write_string};

use super::{Block, Encoder};
use crate::chat::reasoning;
use crate::chat::request::write_google;
use crate::chat::response::write_image;

impl Encoder {
    pub(super) fn open(&mut self, choice: u32, block: u32, part: &Part, out: &mut Vec<u8>) {
        self.choice(choice, out);
        let Some(state) = self.choices.get_mut(&choice) else { return };
        let opened = match part {
            Part::Text(_) => Block::Text { from: state.characters },
            Part::Refusal(_) => Block::Refusal,
            Part::Reasoning(reasoning) => {
                let index = state.thoughts;
                state.thoughts += 1;
                let gathered =
                    Reasoning { text: String::new(), summary: Vec::new(), ..reasoning.clone() };
                Block::Reasoning { index, gathered }
            }
            Part::ToolCall(call) => {
                let index = state.calls;
                state.calls += 1;
                let empty = call.arguments.is_empty();
                let custom = call.custom;
                let (kind, input) =
                    if custom { ("custom", "input") } else { ("function", "arguments") };
                self.chunk(choice, out, |delta| {
                    let mut list = delta.list("tool_calls");
                    let mut object = list.object();
                    object.value("index", &index);
                    object.text("id", &call.id);
                    object.text("type", kind);
                    let mut inner = object.object(kind);
                    inner.text("name", &call.name);
                    inner.text(input, &call.arguments);
                    inner.close();
                    if let Some(signature) = &call.signature
                        && signature.format == Format::Gemini
                    {
                        write_google(&mut object, &signature.data);
                    }
                    object.close();
                    list.close();
                });
                Block::Call { index, custom, empty }
            }
            Part::Audio(audio) => {
                self.chunk(choice, out, |delta| {
                    let mut object = delta.object("audio");
                    object.option("id", audio.id.as_deref());
                    object.option("expires_at", audio.expires_at.as_ref());
                    object.close();
                });
                Block::Audio
            }
            Part::Image(image) => {
                self.chunk(choice, out, |delta| {
                    let mut list = delta.list("images");
                    write_image(list.object(), image);
                    list.close();
                });
                Block::Whole
            }
            Part::Document(_) => {
                self.losses.dropped("response.document");
                Block::Whole
            }
            Part::ToolResult(_) => {
                self.losses.dropped("response.tool_result");
                Block::Whole
            }
            Part::Native(native) => {
                self.losses.dropped(format!("response.{}", native.name));
                Block::Whole
            }
        };
        if let Some(state) = self.choices.get_mut(&choice) {
            state.blocks.insert(block, opened);
        }
        self.opened_with(choice, block, part, out);
    }

    /// What a block is opened with already.
    fn opened_with(&mut self, choice: u32, block: u32, part: &Part, out: &mut Vec<u8>) {
        match part {
            Part::Text(text) => {
                self.grow(choice, block, &text.text, out);
                for citation in &text.citations {
                    self.delta(&Delta::Cite { choice, block, citation: citation.clone() }, out);
                }
                if let Some(signature) = text.signature.clone() {
                    self.delta(&Delta::Sign { choice, block, signature }, out);
                }
            }
            Part::Refusal(refusal) => self.grow(choice, block, &refusal.text, out),
            Part::Reasoning(reasoning) => {
                self.grow(choice, block, &reasoning.text, out);
                for (index, text) in (0..).zip(&reasoning.summary) {
                    self.summary(choice, block, index, text, out);
                }
            }
            Part::Audio(audio) => {
                self.grow(choice, block, &audio.data, out);
                if let Some(text) = audio.transcript.clone() {
                    self.delta(&Delta::Transcript { choice, block, text }, out);
                }
            }
            _ => {}
        }
    }

    pub(super) fn grow(&mut self, choice: u32, block: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let Some(state) = self.choices.get_mut(&choice) else { return };
        match state.blocks.get_mut(&block) {
            Some(Block::Text { .. }) => {
                state.characters += text.chars().count() as u64;
                self.chunk(choice, out, |delta| delta.text("content", text));
            }
            Some(Block::Refusal) => self.chunk(choice, out, |delta| delta.text("refusal", text)),
            Some(Block::Reasoning { gathered, .. }) => {
                gathered.text.push_str(text);
                self.chunk(choice, out, |delta| delta.text("reasoning_content", text));
            }
            Some(Block::Call { index, custom, empty }) => {
                *empty = false;
                let (index, custom) = (*index, *custom);
                self.chunk(choice, out, |delta| write_arguments(delta, index, custom, text));
            }
            Some(Block::Audio) => self.chunk(choice, out, |delta| {
                let mut object = delta.object("audio");
                object.text("data", text);
                object.close();
            }),
            Some(Block::Whole) | None => {}
        }
    }

    pub(super) fn summary(
        &mut self,
        choice: u32,
        block: u32,
        index: u32,
        text: &str,
        out: &mut Vec<u8>,
    ) {
        let Some(state) = self.choices.get_mut(&choice) else { return };
        let Some(Block::Reasoning { gathered, .. }) = state.blocks.get_mut(&block) else { return };
        let index = index as usize;
        let begins = gathered.summary.len() <= index;
        if begins && index < 1_024 {
            gathered.summary.resize(index + 1, String::new());
        }
        if let Some(summary) = gathered.summary.get_mut(index) {
            summary.push_str(text);
        }
        // As blank lines between them, which is how summaries are shown.
        let gap = begins && index > 0;
        self.chunk(choice, out, |delta| {
            let value = delta.key("reasoning_content");
            if gap {
                write_string(value, &format!("\n\n{text}"));
            } else {
                write_string(value, text);
            }
        });
    }

    pub(super) fn close(&mut self, choice: u32, block: u32, out: &mut Vec<u8>) {
        let Some(state) = self.choices.get_mut(&choice) else { return };
        match state.blocks.remove(&block) {
            Some(Block::Reasoning { index, gathered }) if reasoning::needs_details(&gathered) => {
                self.chunk(choice, out, |delta| {
                    let mut list = delta.list("reasoning_details");
                    reasoning::write_details(&mut list, index, &gathered);
                    list.close();
                });
            }
            Some(Block::Call { index, custom: false, empty: true }) => {
                self.chunk(choice, out, |delta| write_arguments(delta, index, false, "{}"));
            }
            _ => {}
        }
    }
}

fn write_arguments(delta: &mut ObjectWriter<'_>, index: u32, custom: bool, text: &str) {
    let (kind, input) = if custom { ("custom", "input") } else { ("function", "arguments") };
    let mut list = delta.list("tool_calls");
    let mut object = list.object();
    object.value("index", &index);
    let mut inner = object.object(kind);
    inner.text(input, text);
    inner.close();
    object.close();
    list.close();
}

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error;
use super::super::response::{ReadAnswer, Status, completed, read_answer};
use super::super::types::{Raw, list, some_text, text};
use super::blocks::{Blocks, Kind};
use crate::canonical::{Delta, ErrorKind, ProviderError};
use crate::format::Decode;
use crate::sse::{self, Reader};

/// Reads a streamed answer in either dialect. Whatever a server leaves out of the steps is taken from
/// the events that say what is done.
#[derive(Default)]
pub(in super::super) struct Decoder {
    reader: Reader,
    reading: Reading,
}

/// What has come so far.
#[derive(Default)]
struct Reading {
    over: bool,
    blocks: Blocks,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: std::borrow::Cow<'a, str>,
    output_index: usize,
    content_index: usize,
    summary_index: u32,
    #[serde(borrow)]
    delta: Raw<'a>,
    #[serde(borrow)]
    text: Raw<'a>,
    #[serde(borrow)]
    refusal: Raw<'a>,
    #[serde(borrow)]
    arguments: Raw<'a>,
    #[serde(borrow)]
    input: Raw<'a>,
    #[serde(borrow)]
    logprobs: Raw<'a>,
    #[serde(borrow)]
    annotation: Raw<'a>,
    #[serde(borrow)]
    part: Raw<'a>,
    #[serde(borrow)]
    item: Raw<'a>,
    #[serde(borrow)]
    response: Raw<'a>,
    #[serde(borrow)]
    error: Raw<'a>,
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let reading = &mut self.reading;
        if let Err(error) = self.reader.feed(piece, |event| reading.event(&event, out)) {
            reading.fail(ProviderError::new(ErrorKind::Server, error.to_string()), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let reading = &mut self.reading;
        self.reader.finish(|event| reading.event(&event, out));
    }
}

impl Reading {
    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        if !self.over {
            self.over = true;
            out.push(Delta::Error(error));
        }
    }

    fn malformed(&mut self, out: &mut Vec<Delta>) {
        let message = "the provider's stream is malformed";
        self.fail(ProviderError::new(ErrorKind::Server, message), out);
    }

    fn event(&mut self, event: &sse::Event<'_>, out: &mut Vec<Delta>) {
        let Some(data) = event.data.as_deref() else { return };
        if self.over || data.starts_with(b"[DONE]") {
            return;
        }
        let Ok(read) = serde_json::from_slice::<Event<'_>>(data) else {
            return self.malformed(out);
        };
        let name = event.name.and_then(|name| std::str::from_utf8(name).ok());
        let kind = if read.r#type.is_empty() { name.unwrap_or_default() } else { &read.r#type };
        if self.step(kind, &read, data, out).is_none() {
            self.malformed(out);
        }
    }

    /// `None` where an event lacks what it is about.
    fn step(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        data: &[u8],
        out: &mut Vec<Delta>,
    ) -> Option<()> {
        let at = (event.output_index, event.content_index);
        match kind {
            "response.output_text.delta" => {
                let block = self.blocks.part(at, Kind::Text, out)?;
                self.blocks.grow(block, event.delta, out);
                self.blocks.logprobs(block, event.logprobs, out);
            }
            "response.output_text.done" => {
                self.blocks.rest(at, Kind::Text, event.text, out)?;
                self.blocks.late_logprobs(at, event.logprobs, out);
            }
            "response.output_text.annotation.added" => {
                let block = self.blocks.part(at, Kind::Text, out)?;
                self.blocks.cite(block, event.annotation?, out);
            }
            "response.refusal.delta" => {
                let block = self.blocks.part(at, Kind::Refusal, out)?;
                self.blocks.grow(block, event.delta, out);
            }
            "response.refusal.done" => self.blocks.rest(at, Kind::Refusal, event.refusal, out)?,
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                let block = self.blocks.find((at.0, 0))?;
                self.blocks.grow(block, event.delta, out);
            }
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.blocks.rest((at.0, 0), Kind::Call, event.arguments.or(event.input), out)?;
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                let block = self.blocks.part((at.0, 0), Kind::Reasoning, out)?;
                self.blocks.grow(block, event.delta, out);
            }
            "response.reasoning_summary_text.delta" => {
                let block = self.blocks.part((at.0, 0), Kind::Reasoning, out)?;
                self.blocks.summary(block, event.summary_index, text(event.delta)?, out);
            }
            "response.reasoning_summary_text.done" => {
                let block = self.blocks.part((at.0, 0), Kind::Reasoning, out)?;
                self.blocks.summary_rest(block, event.summary_index, &text(event.text)?, out);
            }
            "response.content_part.done" => self.blocks.part_done(at, event.part?, out)?,
            "response.output_item.added" => {
                self.blocks.added(event.output_index, event.item?, out)?;
            }
            "response.output_item.done" => {
                self.blocks.item_done(event.output_index, event.item?, out)?;
            }
            "response.created" | "response.in_progress" | "response.queued" => {
                self.blocks.start(&read_answer(event.response?.get().as_bytes())?, out);
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.terminal(&read_answer(event.response?.get().as_bytes())?, out)?;
            }
            "error" => {
                let whole = serde_json::from_slice::<&RawValue>(data).ok()?;
                let error = event.error.filter(|error| error.get() != "null").unwrap_or(whole);
                self.fail(error::read(error, None)?, out);
            }
            _ => {}
        }
        Some(())
    }

    fn terminal(&mut self, answer: &ReadAnswer<'_>, out: &mut Vec<Delta>) -> Option<()> {
        self.blocks.start(answer, out);
        let finish = match answer.status() {
            Status::Failed(error) => {
                self.fail(error, out);
                return Some(());
            }
            Status::Over(finish) => finish,
        };
        // Some servers say nothing until they have said all.
        if self.blocks.is_empty() {
            for (index, item) in list(answer.output)?.into_iter().enumerate() {
                self.blocks.item_done(index, item, out)?;
            }
        }
        self.blocks.close_all(out);
        let finish = finish.unwrap_or_else(|| completed(self.blocks.has_calls()));
        out.push(Delta::Finish { choice: 0, finish });
        out.extend(some_text(answer.service_tier).map(Delta::ServiceTier));
        out.extend(answer.usage().map(Delta::Usage));
        out.push(Delta::End);
        self.over = true;
        Some(())
    }
}

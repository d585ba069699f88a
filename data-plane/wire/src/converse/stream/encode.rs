use std::sync::LazyLock;

use crate::canonical::{
    Delta, Finish, Image, Native, Part, Reasoning, Signature, Source, ToolCall, Usage,
};
use crate::converse::content::write_citation;
use crate::converse::error::stream_exception;
use crate::converse::ids::call_id;
use crate::converse::media::image_format;
use crate::converse::response::{stop_reason, write_usage};
use crate::event_stream::write_frame;
use crate::fidelity::Losses;
use crate::format::{Encode, Format};
use crate::json::{ObjectWriter, write_string};

/// An event that clients do not know, and so skip: nothing else can be put between frames.
static HEARTBEAT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut out = Vec::new();
    event(&mut out, "ping", |out| out.extend_from_slice(b"{}"));
    out
});

/// A block that is open.
struct Open {
    block: u32,
    what: What,
    /// Something of it is written. Text has no start of its own, so a block that says nothing is not
    /// written at all.
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Refusal,
    Reasoning {
        /// The summary that grows.
        summary: u32,
    },
    Call {
        /// Its input is any text, and so a member of an object.
        custom: bool,
    },
    /// It comes whole, or is left out.
    Whole,
}

/// Writes a streamed answer. Blocks may be open at the same time: every event says its block's number.
#[derive(Default)]
pub(in crate::converse) struct Encoder {
    losses: Losses,
    /// Blocks that are open.
    open: Vec<Open>,
    stopped: bool,
    usage: Option<Usage>,
    service_tier: Option<String>,
    /// `additionalModelResponseFields`, until the answer stops.
    fields: Option<Native>,
    /// What goes with the counts.
    extras: Vec<Native>,
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        if choice(delta).is_some_and(|choice| choice > 0) {
            self.losses.dropped("response.choices");
            return;
        }
        match delta {
            Delta::Start(start) => {
                if start.system_fingerprint.is_some() {
                    self.losses.dropped("response.system_fingerprint");
                }
                event(out, "messageStart", |out| out.extend_from_slice(br#"{"role":"assistant"}"#));
            }
            Delta::Open { block, part, .. } => self.open(*block, part, out),
            Delta::Grow { block, text, .. } => self.grow(*block, text, out),
            Delta::Summary { block, index, text, .. } => self.summary(*block, *index, text, out),
            Delta::Transcript { .. } => self.losses.dropped("response.audio"),
            Delta::Sign { block, signature, .. } => self.sign(*block, signature, out),
            Delta::Cite { block, citation, .. } => {
                if citation.span.is_some() {
                    self.losses.dropped("response.citations.span");
                }
                self.grown(*block, out, |delta| write_citation(delta.key("citation"), citation));
            }
            Delta::Close { block, .. } => self.close(*block, out),
            Delta::Logprobs { .. } => self.losses.dropped("response.logprobs"),
            Delta::Finish { finish, .. } => self.stop(Some(finish), out),
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            Delta::Extra(extra) if extra.format != Format::Converse => {
                self.losses.dropped(format!("response.{}", extra.name));
            }
            Delta::Extra(extra) if extra.name == "additionalModelResponseFields" => {
                self.fields = Some(extra.clone());
            }
            Delta::Extra(extra) => self.extras.push(extra.clone()),
            Delta::Ping => out.extend_from_slice(self.heartbeat()),
            Delta::Error(error) => {
                let headers = [
                    (":exception-type", stream_exception(error.kind)),
                    (":content-type", "application/json"),
                    (":message-type", "exception"),
                ];
                write_frame(out, &headers, |out| {
                    let mut body = ObjectWriter::open(out);
                    body.text("message", &error.message);
                    body.close();
                });
            }
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }

    fn heartbeat(&self) -> &'static [u8] {
        &HEARTBEAT
    }
}

impl Encoder {
    fn at(&mut self, block: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.block == block)
    }

    /// Writes a step of a block.
    fn grown(&mut self, block: u32, out: &mut Vec<u8>, delta: impl FnOnce(&mut ObjectWriter<'_>)) {
        if let Some(open) = self.at(block) {
            open.begun = true;
            block_event(out, "contentBlockDelta", block, |event| {
                let mut object = event.object("delta");
                delta(&mut object);
                object.close();
            });
        }
    }

    fn open(&mut self, block: u32, part: &Part, out: &mut Vec<u8>) {
        let (what, text) = match part {
            Part::Text(text) => (What::Text, text.text.as_str()),
            Part::Refusal(refusal) => {
                self.losses.approximated("response.refusal", "as text");
                (What::Refusal, refusal.text.as_str())
            }
            Part::Reasoning(reasoning) => (What::Reasoning { summary: 0 }, reasoning.text.as_str()),
            Part::ToolCall(call) => {
                self.call_start(block, call, out);
                (What::Call { custom: call.custom }, call.arguments.as_str())
            }
            _ => (What::Whole, ""),
        };
        self.open.push(Open { block, what, begun: matches!(part, Part::ToolCall(_)) });
        if let Part::ToolCall(call) = part
            && call.custom
        {
            self.input(block, "{\"input\":\"", out);
        }
        self.grow(block, text, out);
        match part {
            Part::Reasoning(reasoning) => self.thought(block, reasoning, out),
            Part::Image(image) => self.image(block, image, out),
            Part::Native(native) => self.losses.dropped(format!("response.{}", native.name)),
            Part::Audio(_) => self.losses.dropped("response.audio"),
            Part::Document(_) => self.losses.dropped("response.document"),
            Part::ToolResult(_) => self.losses.dropped("response.tool_result"),
            Part::Text(_) | Part::Refusal(_) | Part::ToolCall(_) => {}
        }
    }

    fn call_start(&mut self, block: u32, call: &ToolCall, out: &mut Vec<u8>) {
        if call.signature.is_some() {
            self.losses.dropped("response.tool_call.signature");
        }
        if call.custom {
            self.losses.approximated("response.tool_call.custom", "as the member `input`");
        }
        block_event(out, "contentBlockStart", block, |event| {
            let mut start = event.object("start");
            let mut tool = start.object("toolUse");
            tool.text("toolUseId", &call_id(&call.id, false));
            tool.text("name", &call.name);
            tool.close();
            start.close();
        });
    }

    fn grow(&mut self, block: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self.at(block).map(|open| open.what) {
            Some(What::Text | What::Refusal) => {
                self.grown(block, out, |delta| delta.text("text", text));
            }
            Some(What::Reasoning { .. }) => self.reasoning(block, "text", text, out),
            Some(What::Call { custom: false }) => self.input(block, text, out),
            Some(What::Call { custom: true }) => {
                let mut escaped = Vec::with_capacity(text.len() + 2);
                write_string(&mut escaped, text);
                let inner = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default();
                self.input(block, &String::from_utf8_lossy(inner), out);
            }
            Some(What::Whole) | None => {}
        }
    }

    /// A piece of a call's input, which is JSON.
    fn input(&mut self, block: u32, json: &str, out: &mut Vec<u8>) {
        self.grown(block, out, |delta| {
            let mut tool = delta.object("toolUse");
            tool.text("input", json);
            tool.close();
        });
    }

    /// A step of reasoning: `text`, `signature` or `redactedContent`.
    fn reasoning(&mut self, block: u32, name: &str, value: &str, out: &mut Vec<u8>) {
        self.grown(block, out, |delta| {
            let mut content = delta.object("reasoningContent");
            content.text(name, value);
            content.close();
        });
    }

    /// What a block of reasoning has beside its text when it is opened.
    fn thought(&mut self, block: u32, reasoning: &Reasoning, out: &mut Vec<u8>) {
        for (index, summary) in (0..).zip(&reasoning.summary) {
            self.summary(block, index, summary, out);
        }
        match &reasoning.signature {
            Some(Signature { format: Format::Converse, data }) if reasoning.redacted => {
                self.reasoning(block, "redactedContent", data, out);
            }
            Some(_) if reasoning.redacted => self.losses.dropped("response.reasoning"),
            Some(signature) => self.sign(block, signature, out),
            None => {}
        }
    }

    /// Summaries are one text, with blank lines between them.
    fn summary(&mut self, block: u32, index: u32, text: &str, out: &mut Vec<u8>) {
        if let Some(Open { what: What::Reasoning { summary }, .. }) = self.at(block)
            && std::mem::replace(summary, index) != index
        {
            self.reasoning(block, "text", "\n\n", out);
        }
        self.grow(block, text, out);
    }

    fn sign(&mut self, block: u32, signature: &Signature, out: &mut Vec<u8>) {
        let thinks = matches!(self.at(block), Some(Open { what: What::Reasoning { .. }, .. }));
        if thinks && matches!(signature.format, Format::Converse | Format::Anthropic) {
            self.reasoning(block, "signature", &signature.data, out);
        } else {
            self.losses.dropped("response.reasoning.signature");
        }
    }

    fn image(&mut self, block: u32, image: &Image, out: &mut Vec<u8>) {
        let Source::Data { media_type, data } = &image.source else {
            self.losses.dropped("response.image");
            return;
        };
        let Some(format) = image_format(media_type) else {
            self.losses.dropped("response.image");
            return;
        };
        block_event(out, "contentBlockStart", block, |event| {
            let mut start = event.object("start");
            let mut image = start.object("image");
            image.text("format", format);
            image.close();
            start.close();
        });
        self.grown(block, out, |delta| {
            let mut image = delta.object("image");
            let mut source = image.object("source");
            source.text("bytes", data);
            source.close();
            image.close();
        });
    }

    fn close(&mut self, block: u32, out: &mut Vec<u8>) {
        let Some(at) = self.open.iter().position(|open| open.block == block) else { return };
        let what = self.open.get(at).map(|open| open.what);
        if what == Some(What::Call { custom: true }) {
            self.input(block, "\"}", out);
        }
        if self.open.remove(at).begun {
            block_event(out, "contentBlockStop", block, |_| ());
        }
    }

    fn stop(&mut self, finish: Option<&Finish>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.stopped, true) {
            return;
        }
        let reason = stop_reason(finish, &mut self.losses);
        let fields = self.fields.take();
        event(out, "messageStop", |out| {
            let mut object = ObjectWriter::open(out);
            object.text("stopReason", reason);
            if let Some(fields) = &fields {
                object.json(&fields.name, &fields.json);
            }
            object.close();
        });
    }

    /// The counts, which are the last event.
    fn end(&mut self, out: &mut Vec<u8>) {
        self.stop(None, out);
        if self.fields.take().is_some() {
            self.losses.dropped("response.additionalModelResponseFields");
        }
        let usage = self.usage.take().unwrap_or_default();
        let mut counts = Vec::new();
        write_usage(&mut counts, &usage, &mut self.losses);
        let (tier, extras) = (self.service_tier.take(), std::mem::take(&mut self.extras));
        event(out, "metadata", |out| {
            let mut object = ObjectWriter::open(out);
            object.key("usage").extend_from_slice(&counts);
            if let Some(tier) = &tier {
                let mut inner = object.object("serviceTier");
                inner.text("type", tier);
                inner.close();
            }
            for extra in &extras {
                object.json(&extra.name, &extra.json);
            }
            object.close();
        });
    }
}

/// The answer that a step is of.
const fn choice(delta: &Delta) -> Option<u32> {
    match delta {
        Delta::Open { choice, .. }
        | Delta::Grow { choice, .. }
        | Delta::Summary { choice, .. }
        | Delta::Transcript { choice, .. }
        | Delta::Sign { choice, .. }
        | Delta::Cite { choice, .. }
        | Delta::Close { choice, .. }
        | Delta::Logprobs { choice, .. }
        | Delta::Finish { choice, .. } => Some(*choice),
        Delta::Start(_)
        | Delta::Usage(_)
        | Delta::ServiceTier(_)
        | Delta::Extra(_)
        | Delta::Ping
        | Delta::Error(_)
        | Delta::End => None,
    }
}

fn event(out: &mut Vec<u8>, name: &str, payload: impl FnOnce(&mut Vec<u8>)) {
    let headers =
        [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    write_frame(out, &headers, payload);
}

/// An event of a block: its number, and what `more` adds.
fn block_event(
    out: &mut Vec<u8>,
    name: &str,
    block: u32,
    more: impl FnOnce(&mut ObjectWriter<'_>),
) {
    event(out, name, |out| {
        let mut object = ObjectWriter::open(out);
        object.value("contentBlockIndex", &block);
        more(&mut object);
        object.close();
    });
}

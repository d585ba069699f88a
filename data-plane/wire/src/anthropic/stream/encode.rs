use std::collections::VecDeque;

use super::super::usage::Written;
use super::super::{PING, error, response};
use super::block::{self, Kind, Writing, event};
use crate::canonical::{
    Citation, Delta, Finish, Native, Part, ProviderError, Signature, Start, Text, Usage,
};
use crate::fidelity::Losses;
use crate::format::{Asked, Encode, Format};
use crate::json::ObjectWriter;
use crate::sse::write_event;

/// Writes a stream. Blocks of this format follow each other, so what grows beside a call waits for
/// its end; a text or thinking ends where something else begins.
#[derive(Debug)]
pub(in super::super) struct Encoder {
    asked: Asked,
    losses: Losses,
    started: bool,
    /// The number of the next block.
    next: u32,
    current: Option<Writing>,
    /// Texts and thinking that ended before their time.
    ended: Vec<(u32, Kind)>,
    waiting: VecDeque<Waiting>,
    refusals: Vec<(u32, String)>,
    finish: Option<Finish>,
    declined: response::Declined,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extras: Vec<Native>,
}

/// A block that cannot be written yet.
#[derive(Debug)]
struct Waiting {
    block: u32,
    part: Part,
    growth: Vec<Growth>,
    closed: bool,
}

/// How a block grows.
#[derive(Clone, Debug)]
enum Growth {
    Text(String),
    Summary(u32, String),
    Sign(Signature),
    Cite(Citation),
}

impl Encoder {
    /// Of an answer to this.
    pub(in super::super) fn new(asked: Asked) -> Self {
        Self {
            asked,
            losses: Losses::default(),
            started: false,
            next: 0,
            current: None,
            ended: Vec::new(),
            waiting: VecDeque::new(),
            refusals: Vec::new(),
            finish: None,
            declined: response::Declined::default(),
            usage: None,
            service_tier: None,
            extras: Vec::new(),
        }
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            // Nearly every delta.
            Delta::Grow { choice: 0, block, text } => {
                if let Some(current) = self.current.as_mut().filter(|c| c.block == *block) {
                    current.grow(text, &mut self.next, out);
                } else {
                    self.grow(*block, Growth::Text(text.clone()), out);
                }
            }
            Delta::Start(start) => self.start(start, out),
            Delta::Open { choice: 0, block, part } => {
                self.start(&Start::default(), out);
                self.open(*block, part, out);
            }
            Delta::Summary { choice: 0, block, index, text } => {
                self.grow(*block, Growth::Summary(*index, text.clone()), out);
            }
            Delta::Transcript { choice: 0, block, text } => {
                self.grow(*block, Growth::Text(text.clone()), out);
            }
            Delta::Sign { choice: 0, block, signature } => {
                self.grow(*block, Growth::Sign(signature.clone()), out);
            }
            Delta::Cite { choice: 0, block, citation } => {
                self.grow(*block, Growth::Cite(citation.clone()), out);
            }
            Delta::Close { choice: 0, block } => self.close(*block, out),
            Delta::Finish { choice: 0, finish } => {
                self.flush(finish == &Finish::Refusal, out);
                self.finish = Some(finish.clone());
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            Delta::Extra(extra) if extra.format == Format::Anthropic => {
                self.extras.retain(|known| known.name != extra.name);
                self.extras.push(extra.clone());
            }
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Logprobs { .. } => self.losses.dropped("response.logprobs"),
            Delta::Ping => out.extend_from_slice(PING),
            Delta::Error(failure) => write_error(failure, out),
            Delta::End => self.end(out),
            Delta::Open { .. }
            | Delta::Grow { .. }
            | Delta::Summary { .. }
            | Delta::Transcript { .. }
            | Delta::Sign { .. }
            | Delta::Cite { .. }
            | Delta::Close { .. }
            | Delta::Finish { .. } => {
                self.losses.dropped_for("response.choices", "all but the first");
            }
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }

    fn heartbeat(&self) -> &'static [u8] {
        PING
    }
}

fn write_error(failure: &ProviderError, out: &mut Vec<u8>) {
    write_event(out, "error", &error::encode(failure));
}

impl Encoder {
    fn start(&mut self, start: &Start, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        if start.created.is_some() {
            self.losses.dropped("response.created");
        }
        if start.system_fingerprint.is_some() {
            self.losses.dropped("response.system_fingerprint");
        }
        let guess = Usage { input: self.asked.input_tokens, ..Usage::default() };
        event("message_start", out, |object| {
            let mut message = object.object("message");
            message.text("id", &response::message_id(&start.id, &self.asked));
            message.text("type", "message");
            message.text("role", "assistant");
            message.text("model", response::model(&start.model, &self.asked));
            message.list("content").close();
            message.value("stop_reason", &None::<&str>);
            message.value("stop_sequence", &None::<&str>);
            message.value("usage", &Written::of(&guess, None));
            message.close();
        });
    }

    fn open(&mut self, number: u32, part: &Part, out: &mut Vec<u8>) {
        match part {
            Part::Refusal(refusal) => {
                self.refusals.push((number, refusal.text.clone()));
                return;
            }
            Part::Audio(_) => {
                self.losses.approximated("response.audio", "as what is said in it");
            }
            Part::Native(native) if native.format == Format::Anthropic => {}
            Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => {}
            other => {
                self.losses.dropped(response::unspoken(other));
                return;
            }
        }
        match self.current.take() {
            Some(call) if matches!(call.kind, Kind::Call { .. }) => {
                self.current = Some(call);
                self.waiting.push_back(Waiting {
                    block: number,
                    part: part.clone(),
                    growth: Vec::new(),
                    closed: false,
                });
            }
            Some(other) => {
                self.ended.push((other.block, other.kind));
                other.end(&mut self.next, out);
                self.begin(number, part, out);
            }
            None => self.begin(number, part, out),
        }
    }

    /// Begins a block; nothing is being written.
    fn begin(&mut self, number: u32, part: &Part, out: &mut Vec<u8>) {
        match part {
            Part::Native(native) => return block::whole(native.json.text(), &mut self.next, out),
            Part::Reasoning(reasoning) if reasoning.redacted => {
                response::note_reasoning(reasoning, &mut self.losses);
                return block::redacted(reasoning, &mut self.next, out);
            }
            _ => {}
        }
        let Some(mut writing) = Writing::of(number, part) else { return };
        if let Part::ToolCall(call) = part {
            response::note_call(call, &mut self.losses);
            writing.begin_call(call, &mut self.next, &self.asked, out);
        }
        self.current = Some(writing);
        for growth in known(part) {
            self.grow(number, growth, out);
        }
        if let Part::Reasoning(reasoning) = part {
            response::note_reasoning(reasoning, &mut self.losses);
        }
    }

    fn grow(&mut self, number: u32, growth: Growth, out: &mut Vec<u8>) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.block == number) {
            waiting.growth.push(growth);
            return;
        }
        if let Some((_, refusal)) = self.refusals.iter_mut().find(|(own, _)| *own == number) {
            if let Growth::Text(text) = growth {
                refusal.push_str(&text);
            }
            return;
        }
        if self.current.as_ref().is_none_or(|current| current.block != number) {
            let ended = self.ended.iter().position(|(own, _)| *own == number);
            let Some(ended) = ended else { return };
            match (self.ended.swap_remove(ended).1, &growth) {
                // What has ended cannot be signed; a text that goes on begins again.
                (_, Growth::Sign(_)) => {
                    return self.losses.dropped("response.reasoning.signature");
                }
                (Kind::Thinking, _) => {
                    self.open(
                        number,
                        &Part::Reasoning(crate::canonical::Reasoning::default()),
                        out,
                    );
                }
                (..) => self.open(number, &Part::Text(Text::default()), out),
            }
            return self.grow(number, growth, out);
        }
        let Some(current) = &mut self.current else { return };
        let next = &mut self.next;
        match growth {
            Growth::Text(text) => current.grow(&text, next, out),
            Growth::Summary(index, text) => current.summarise(index, &text, next, out),
            Growth::Sign(signature) if current.kind == Kind::Thinking => current.sign(signature),
            Growth::Sign(_) => match current.kind {
                Kind::Call { .. } => self.losses.dropped("response.tool_call.signature"),
                _ => self.losses.dropped("response.text.signature"),
            },
            Growth::Cite(citation) => {
                response::note_citation(&citation, &mut self.losses);
                if !current.cite(&citation, next, out) {
                    self.losses.dropped("response.citations");
                }
            }
        }
    }

    fn close(&mut self, number: u32, out: &mut Vec<u8>) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.block == number) {
            waiting.closed = true;
            return;
        }
        self.ended.retain(|(own, _)| *own != number);
        if self.current.as_ref().is_some_and(|current| current.block == number) {
            self.end_current(out);
            self.advance(out);
        }
    }

    fn end_current(&mut self, out: &mut Vec<u8>) {
        if let Some(current) = self.current.take() {
            current.end(&mut self.next, out);
        }
    }

    /// Writes what waited, up to what is still open.
    fn advance(&mut self, out: &mut Vec<u8>) {
        while self.current.is_none() {
            let Some(waiting) = self.waiting.pop_front() else { return };
            self.begin(waiting.block, &waiting.part, out);
            for growth in waiting.growth {
                self.grow(waiting.block, growth, out);
            }
            if waiting.closed {
                self.end_current(out);
            }
        }
    }

    /// Ends every block; `explained`: why the model declined is told beside the answer.
    fn flush(&mut self, explained: bool, out: &mut Vec<u8>) {
        while self.current.is_some() || !self.waiting.is_empty() {
            self.end_current(out);
            self.advance(out);
        }
        for (number, text) in std::mem::take(&mut self.refusals) {
            if explained {
                self.declined.explanation.push_str(&text);
                continue;
            }
            self.declined.said = true;
            self.losses.approximated("response.refusal", "as text");
            self.begin(number, &Part::Text(Text::new(text)), out);
            self.end_current(out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(&Start::default(), out);
        self.flush(false, out);
        let guess = Usage { input: self.asked.input_tokens, ..Usage::default() };
        let usage = self.usage.unwrap_or(guess);
        let (finish, declined) = (self.finish.as_ref(), &self.declined);
        let (extras, tier) = (&self.extras, self.service_tier.as_deref());
        let losses = &mut self.losses;
        event("message_delta", out, |object: &mut ObjectWriter<'_>| {
            let mut delta = object.object("delta");
            response::write_stop(&mut delta, finish, declined, losses);
            for extra in extras {
                delta.json(&extra.name, &extra.json);
            }
            delta.close();
            object.value("usage", &Written::of(&usage, tier));
        });
        event("message_stop", out, |_| {});
    }
}

/// What is known of a part when it is opened.
fn known(part: &Part) -> Vec<Growth> {
    let (mut growth, signature) = match part {
        Part::Text(text) => {
            let cites = text.citations.iter().cloned().map(Growth::Cite);
            let mut growth = vec![Growth::Text(text.text.clone())];
            growth.extend(cites);
            (growth, &text.signature)
        }
        Part::Reasoning(reasoning) => {
            (vec![Growth::Text(reasoning.shown().into_owned())], &reasoning.signature)
        }
        Part::ToolCall(call) => (vec![Growth::Text(call.arguments.clone())], &None),
        Part::Audio(audio) => {
            (vec![Growth::Text(audio.transcript.clone().unwrap_or_default())], &None)
        }
        _ => (Vec::new(), &None),
    };
    growth.extend(signature.clone().map(Growth::Sign));
    growth
}

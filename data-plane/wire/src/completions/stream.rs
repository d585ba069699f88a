//! Streamed answers, both ways.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::{Delta, Finish, Native, Part, Start, Usage};
use crate::chat::response::write_fidelity;
use crate::chat::{error, finish, stream, usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Decode, Encode, Format};
use crate::json::ObjectWriter;
use crate::sse::write_data;

use super::prompts::echoed;
use super::response::{id, silent, word, write_logprobs};

/// Reads one streamed answer: one of a chat whose choices have a `text` in place of a delta.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    chat: stream::Decoder,
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let from = out.len();
        self.chat.feed(piece, out);
        own(out, from);
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let from = out.len();
        self.chat.finish(out);
        own(out, from);
    }
}

/// Extras are this format's.
fn own(out: &mut [Delta], from: usize) {
    for delta in out.iter_mut().skip(from) {
        if let Delta::Extra(extra) = delta {
            extra.format = Format::Completions;
        }
    }
}

/// Writes one streamed answer.
#[derive(Debug)]
pub(super) struct Encoder {
    asked: Asked,
    start: Start,
    /// How many characters each answer has so far, the echo included.
    choices: BTreeMap<u32, usize>,
    /// The open blocks that are text, by choice.
    texts: BTreeSet<(u32, u32)>,
    finished: BTreeMap<u32, Finish>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extras: Vec<Native>,
    losses: Losses,
}

impl Encoder {
    pub(super) fn new(asked: Asked) -> Self {
        Self {
            asked,
            start: Start::default(),
            choices: BTreeMap::new(),
            texts: BTreeSet::new(),
            finished: BTreeMap::new(),
            usage: None,
            service_tier: None,
            extras: Vec::new(),
            losses: Losses::default(),
        }
    }

    /// A chunk up to its choices.
    fn head<'o>(&self, data: &'o mut Vec<u8>) -> ObjectWriter<'o> {
        let mut body = ObjectWriter::open(data);
        body.text("id", &id(&self.start.id, &self.asked));
        body.text("object", "text_completion");
        body.value("created", &self.start.created.unwrap_or(self.asked.created));
        let own = &self.start.model;
        body.text("model", if own.is_empty() { &self.asked.model } else { own });
        body.option("system_fingerprint", self.start.system_fingerprint.as_deref());
        body
    }

    /// A chunk with one choice, and what else `more` puts into it.
    fn chunk(
        &self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut ObjectWriter<'_>),
        more: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        let mut data = Vec::with_capacity(256);
        let mut body = self.head(&mut data);
        let mut list = body.list("choices");
        let mut choice = list.object();
        write(&mut choice);
        choice.close();
        list.close();
        more(&mut body);
        body.close();
        write_data(out, &data);
    }

    fn text(&mut self, choice: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        *self.choices.entry(choice).or_default() += text.chars().count();
        self.chunk(
            out,
            |object| {
                object.text("text", text);
                object.value("index", &choice);
                object.key("logprobs").extend_from_slice(b"null");
                object.key("finish_reason").extend_from_slice(b"null");
            },
            |body| self.no_usage(body),
        );
    }

    fn no_usage(&self, body: &mut ObjectWriter<'_>) {
        if self.asked.stream_usage {
            body.key("usage").extend_from_slice(b"null");
        }
    }

    /// The first that is heard of an answer is the prompt, where it is to be repeated.
    fn choice(&mut self, choice: u32, out: &mut Vec<u8>) {
        if let Entry::Vacant(vacant) = self.choices.entry(choice) {
            vacant.insert(0);
            let prompt = echoed(self.asked.echo.as_ref(), choice);
            self.text(choice, &prompt, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let finished = std::mem::take(&mut self.finished);
        let mut losses = std::mem::take(&mut self.losses);
        let words: Vec<&str> =
            finished.values().map(|finish| word(Some(finish), &mut losses)).collect();
        self.losses = losses;
        let counted = self.usage.filter(|_| self.asked.stream_usage);
        let last = finished.len().saturating_sub(1);
        for (position, ((choice, finish), word)) in finished.into_iter().zip(words).enumerate() {
            self.chunk(
                out,
                |object| {
                    object.text("text", "");
                    object.value("index", &choice);
                    object.key("logprobs").extend_from_slice(b"null");
                    object.text("finish_reason", word);
                    finish::write_stop(object, Some(&finish));
                },
                |body| {
                    self.no_usage(body);
                    if position == last && counted.is_none() {
                        self.tail(body);
                    }
                },
            );
        }
        if let Some(counted) = counted {
            let mut losses = std::mem::take(&mut self.losses);
            let mut data = Vec::new();
            let mut body = self.head(&mut data);
            body.list("choices").close();
            usage::write(&mut body, &counted, &mut losses);
            self.losses = losses;
            self.tail(&mut body);
            body.close();
            write_data(out, &data);
        }
        write_data(out, b"[DONE]");
    }

    /// What is known only at the end.
    fn tail(&self, body: &mut ObjectWriter<'_>) {
        body.option("service_tier", self.service_tier.as_deref());
        for extra in &self.extras {
            body.json(&extra.name, &extra.json);
        }
        write_fidelity(body, &self.losses);
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => {
                self.start = start.clone();
                self.choice(0, out);
            }
            Delta::Open { choice, block, part } => {
                self.choice(*choice, out);
                let text = match part {
                    Part::Text(part) => &part.text,
                    Part::Refusal(part) => {
                        self.losses.approximated("response.refusal", "as text");
                        &part.text
                    }
                    part => {
                        self.losses.dropped(silent(part));
                        return;
                    }
                };
                self.texts.insert((*choice, *block));
                self.text(*choice, text, out);
            }
            Delta::Grow { choice, block, text } if self.texts.contains(&(*choice, *block)) => {
                self.text(*choice, text, out);
            }
            Delta::Close { choice, block } => {
                self.texts.remove(&(*choice, *block));
            }
            Delta::Logprobs { choice, tokens } => {
                self.choice(*choice, out);
                let length: usize = tokens.iter().map(|token| token.token.chars().count()).sum();
                let behind = self.choices.get(choice).copied().unwrap_or_default();
                self.chunk(
                    out,
                    |object| {
                        object.text("text", "");
                        object.value("index", choice);
                        write_logprobs(object, tokens, behind.saturating_sub(length));
                        object.key("finish_reason").extend_from_slice(b"null");
                    },
                    |body| self.no_usage(body),
                );
            }
            Delta::Finish { choice, finish } => {
                self.choice(*choice, out);
                self.finished.insert(*choice, finish.clone());
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Extra(extra) if extra.format == Format::Completions => {
                self.extras.push(extra.clone());
            }
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Cite { .. } => self.losses.dropped("response.citations"),
            Delta::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            Delta::Error(error) => write_data(out, &error::write(error)),
            Delta::End => self.end(out),
            // Of blocks that are no text, which are told of already.
            Delta::Grow { .. }
            | Delta::Summary { .. }
            | Delta::Transcript { .. }
            | Delta::Sign { .. }
            | Delta::Ping => {}
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

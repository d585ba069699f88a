//! A streamed answer, written for OpenAI's clients.
//!
//! The finish chunks are held until the end, for what is known only then (tier, losses) to be in the
//! last of them.

mod blocks;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::canonical::{Delta, Finish, Native, Reasoning, Start, Usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Encode, Format};
use crate::json::{ListWriter, ObjectWriter};
use crate::sse::write_data;

use super::super::request::write_google;
use super::super::response::{id, write_citation, write_fidelity};
use super::super::{error, finish, logprobs, usage};

/// Writes one streamed answer.
#[derive(Debug)]
pub(in crate::chat) struct Encoder {
    asked: Asked,
    /// What every chunk begins with, up to its choices.
    head: Vec<u8>,
    choices: BTreeMap<u32, Choice>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extras: Vec<Native>,
    losses: Losses,
}

/// One of the answers.
#[derive(Debug, Default)]
struct Choice {
    blocks: BTreeMap<u32, Block>,
    calls: u32,
    thoughts: u64,
    /// Characters of text so far.
    characters: u64,
    finish: Option<Finish>,
}

/// A block that is open.
#[derive(Debug)]
enum Block {
    /// It begins behind so many characters.
    Text {
        from: u64,
    },
    Refusal,
    /// What a client has to send back is told at its end.
    Reasoning {
        index: u64,
        gathered: Reasoning,
    },
    Call {
        index: u32,
        custom: bool,
        empty: bool,
    },
    Audio,
    /// It came whole.
    Whole,
}

impl Encoder {
    pub(in crate::chat) fn new(asked: Asked) -> Self {
        let mut encoder = Self {
            asked,
            head: Vec::new(),
            choices: BTreeMap::new(),
            usage: None,
            service_tier: None,
            extras: Vec::new(),
            losses: Losses::default(),
        };
        encoder.begin(&Start::default());
        encoder
    }

    fn begin(&mut self, start: &Start) {
        let mut head = b"data: ".to_vec();
        let mut body = ObjectWriter::open(&mut head);
        body.text("id", &id(&start.id, &self.asked));
        body.text("object", "chat.completion.chunk");
        body.value("created", &start.created.unwrap_or(self.asked.created));
        let model = if start.model.is_empty() { &self.asked.model } else { &start.model };
        body.text("model", model);
        body.option("system_fingerprint", start.system_fingerprint.as_deref());
        body.key("choices");
        self.head = head;
    }

    /// A chunk whose delta is what `write` puts into it.
    fn chunk(&self, choice: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"[{\"index\":");
        write_number(out, choice);
        out.extend_from_slice(b",\"delta\":");
        let mut delta = ObjectWriter::open(out);
        write(&mut delta);
        delta.close();
        self.rest(out, b",\"logprobs\":null,\"finish_reason\":null}]");
    }

    /// What stands behind the delta of a chunk that is not the last.
    fn rest(&self, out: &mut Vec<u8>, choice: &[u8]) {
        out.extend_from_slice(choice);
        if self.asked.stream_usage {
            out.extend_from_slice(b",\"usage\":null");
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// The answer's state; its first chunk says whose it is.
    fn choice(&mut self, choice: u32, out: &mut Vec<u8>) {
        if let Entry::Vacant(vacant) = self.choices.entry(choice) {
            vacant.insert(Choice::default());
            self.chunk(choice, out, |delta| {
                delta.text("role", "assistant");
                delta.text("content", "");
                delta.key("refusal").extend_from_slice(b"null");
            });
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let finishes: Vec<(u32, Option<Finish>)> =
            self.choices.iter_mut().map(|(index, choice)| (*index, choice.finish.take())).collect();
        let last = finishes.len().saturating_sub(1);
        let counted = self.usage.filter(|_| self.asked.stream_usage);
        for (position, (choice, finish)) in finishes.into_iter().enumerate() {
            out.extend_from_slice(&self.head);
            out.push(b'[');
            let mut object = ObjectWriter::open(out);
            object.value("index", &choice);
            object.object("delta").close();
            object.key("logprobs").extend_from_slice(b"null");
            object.text("finish_reason", finish::write(finish.as_ref(), &mut self.losses));
            finish::write_stop(&mut object, finish.as_ref());
            object.close();
            if position == last && counted.is_none() {
                out.push(b']');
                self.tail(None, out);
            } else {
                self.rest(out, b"]");
            }
        }
        if let Some(counted) = counted {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"[]");
            self.tail(Some(counted), out);
        }
        write_data(out, b"[DONE]");
    }

    /// The end of the last chunk, with what is known only then.
    fn tail(&mut self, counted: Option<Usage>, out: &mut Vec<u8>) {
        let mut members = Vec::new();
        let mut body = ObjectWriter::open(&mut members);
        if let Some(counted) = counted {
            usage::write(&mut body, &counted, &mut self.losses);
        } else if self.asked.stream_usage {
            body.key("usage").extend_from_slice(b"null");
        }
        body.option("service_tier", self.service_tier.as_deref());
        for extra in &self.extras {
            body.json(&extra.name, &extra.json);
        }
        write_fidelity(&mut body, &self.losses);
        body.close();
        let members = members.get(1..).unwrap_or_default();
        if members.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(members);
        out.extend_from_slice(b"\n\n");
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => {
                self.begin(start);
                self.choice(0, out);
            }
            Delta::Open { choice, block, part } => self.open(*choice, *block, part, out),
            Delta::Grow { choice, block, text } => self.grow(*choice, *block, text, out),
            Delta::Summary { choice, block, index, text } => {
                self.summary(*choice, *block, *index, text, out);
            }
            Delta::Transcript { choice, text, .. } => self.chunk(*choice, out, |delta| {
                let mut object = delta.object("audio");
                object.text("transcript", text);
                object.close();
            }),
            Delta::Sign { choice, block, signature } => {
                let state = self.choices.get_mut(choice);
                match state.and_then(|state| state.blocks.get_mut(block)) {
                    Some(Block::Reasoning { gathered, .. }) => {
                        gathered.signature = Some(signature.clone());
                    }
                    Some(Block::Call { index, .. }) if signature.format == Format::Gemini => {
                        let index = *index;
                        self.chunk(*choice, out, |delta| {
                            let mut list = delta.list("tool_calls");
                            let mut object = list.object();
                            object.value("index", &index);
                            write_google(&mut object, &signature.data);
                            object.close();
                            list.close();
                        });
                    }
                    Some(Block::Text { .. }) if signature.format == Format::Gemini => {
                        self.chunk(*choice, out, |delta| write_google(delta, &signature.data));
                    }
                    Some(Block::Call { .. }) => self.losses.dropped("response.tool_call.signature"),
                    _ => self.losses.dropped("response.text.signature"),
                }
            }
            Delta::Cite { choice, block, citation } => {
                let Some(state) = self.choices.get(choice) else { return };
                let from = match state.blocks.get(block) {
                    Some(Block::Text { from }) => *from,
                    _ => 0,
                };
                let to = state.characters;
                let mut written = Vec::new();
                let mut list = ListWriter::open(&mut written);
                write_citation(&mut list, citation, from, to, &mut self.losses);
                let any = !list.is_empty();
                list.close();
                if any {
                    self.chunk(*choice, out, |delta| {
                        delta.key("annotations").extend_from_slice(&written);
                    });
                }
            }
            Delta::Close { choice, block } => self.close(*choice, *block, out),
            Delta::Logprobs { choice, tokens } => {
                self.choice(*choice, out);
                out.extend_from_slice(&self.head);
                out.push(b'[');
                let mut object = ObjectWriter::open(out);
                object.value("index", choice);
                object.object("delta").close();
                logprobs::write(&mut object, tokens);
                object.key("finish_reason").extend_from_slice(b"null");
                object.close();
                self.rest(out, b"]");
            }
            Delta::Finish { choice, finish } => {
                self.choice(*choice, out);
                if let Some(state) = self.choices.get_mut(choice) {
                    state.finish = Some(finish.clone());
                }
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            Delta::Extra(extra) if extra.format == Format::Chat => self.extras.push(extra.clone()),
            Delta::Extra(extra) => self.losses.dropped(format!("response.{}", extra.name)),
            Delta::Ping => {}
            Delta::Error(error) => write_data(out, &error::write(error)),
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

fn write_number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(number.to_string().as_bytes());
}

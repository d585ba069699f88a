mod items;

use serde::Serialize;

use self::items::{Place, Progress, Slot};
use super::super::answer::{Head, State, ending, report_extra, write};
use super::super::error::{code, type_of};
use super::super::{Dialect, usage};
use super::events::Events;
use crate::canonical::{Delta, Finish, Native, Part, ProviderError, Start, Text, Usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Encode};

/// Writes a streamed answer. An item is said to be done when the next one begins or the answer is over,
/// so that the last one can be said to be incomplete.
pub(in super::super) struct Encoder {
    dialect: Dialect,
    asked: Asked,
    events: Events,
    head: Option<Head>,
    items: Vec<Slot>,
    /// Which piece of which item a block is.
    places: Vec<Place>,
    finish: Option<Finish>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extras: Vec<Native>,
    losses: Losses,
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Encoder {
    pub(in super::super) fn new(dialect: Dialect, asked: Asked) -> Self {
        Self {
            dialect,
            asked,
            events: Events::default(),
            head: None,
            items: Vec::new(),
            places: Vec::new(),
            finish: None,
            usage: None,
            service_tier: None,
            extras: Vec::new(),
            losses: Losses::default(),
        }
    }

    /// Goes on with an answer that others began to write: this is its head, and so many events are out.
    pub(in super::super) fn resume(&mut self, start: &Start, events: u64) {
        self.head = Some(Head::new(&start.id, &start.model, start.created, &self.asked));
        self.events = Events::from(events);
    }

    fn begin(&mut self, start: &Start, out: &mut Vec<u8>) {
        if self.head.is_some() {
            return;
        }
        if start.system_fingerprint.is_some() {
            self.losses.dropped("response.system_fingerprint");
        }
        let head = Head::new(&start.id, &start.model, start.created, &self.asked);
        let state = State { status: "in_progress", ..State::default() };
        for name in ["response.created", "response.in_progress"] {
            let write = |out: &mut Vec<u8>| write(out, &head, &state, &self.asked, &[]);
            self.events.event(out, name).with("response", write).end();
        }
        self.head = Some(head);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(&Start::default(), out);
        if self.items.is_empty() {
            self.open(0, Part::Text(Text::default()), out);
        }
        let (status, incomplete) = ending(self.finish.as_ref(), &mut self.losses);
        self.done_all(status, out);
        let usage = self.usage.unwrap_or_default();
        let usage = Some(usage::write(&usage, self.dialect, &mut self.losses));
        let name =
            if status == "incomplete" { "response.incomplete" } else { "response.completed" };
        let extras = std::mem::take(&mut self.extras);
        let tier = self.service_tier.take();
        let service_tier = tier.as_deref();
        let state = State { status, error: None, incomplete, usage, service_tier, extras: &extras };
        self.terminal(name, &state, out);
    }

    fn fail(&mut self, error: &ProviderError, out: &mut Vec<u8>) {
        self.begin(&Start::default(), out);
        self.done_all("incomplete", out);
        let code = error.code.as_deref().or(code(error.kind));
        let event = self.events.event(out, "error");
        if self.dialect == Dialect::OpenAi {
            let event = event.maybe("code", code).text("message", &error.message);
            event.maybe("param", error.param.as_deref()).end();
        } else {
            let written = InStream {
                r#type: type_of(self.dialect, error.kind),
                code,
                message: &error.message,
                param: error.param.as_deref(),
            };
            event.raw("error", &json(&written)).end();
        }
        let usage = self.usage.map(|usage| usage::write(&usage, self.dialect, &mut self.losses));
        let state = State { status: "failed", error: Some(error), usage, ..State::default() };
        self.terminal("response.failed", &state, out);
    }

    fn terminal(&mut self, name: &str, state: &State<'_>, out: &mut Vec<u8>) {
        let items: Vec<Vec<u8>> = self.items.drain(..).filter_map(|slot| slot.done).collect();
        let head = self.head.take().unwrap_or_default();
        let write = |out: &mut Vec<u8>| write(out, &head, state, &self.asked, &items);
        self.events.event(out, name).with("response", write).end();
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

#[derive(Serialize)]
struct InStream<'a> {
    r#type: &'static str,
    code: Option<&'a str>,
    message: &'a str,
    param: Option<&'a str>,
}

impl Encode for Encoder {
    fn delta(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        let other = match delta {
            Delta::Open { choice, .. }
            | Delta::Grow { choice, .. }
            | Delta::Summary { choice, .. }
            | Delta::Transcript { choice, .. }
            | Delta::Sign { choice, .. }
            | Delta::Cite { choice, .. }
            | Delta::Close { choice, .. }
            | Delta::Logprobs { choice, .. }
            | Delta::Finish { choice, .. } => *choice > 0,
            _ => false,
        };
        if other {
            self.losses.dropped("response.choices");
            return;
        }
        match delta {
            Delta::Start(start) => self.begin(start, out),
            Delta::Open { block, part, .. } => self.open(*block, part.clone(), out),
            Delta::Grow { block, text, .. } => {
                if let Some(place) = self.place(*block) {
                    self.grow(place, text, out);
                }
            }
            Delta::Summary { block, index, text, .. } => {
                if let Some(place) = self.place(*block) {
                    self.summary(place, *index as usize, text, out);
                }
            }
            // Of sound, which was reported when it began.
            Delta::Transcript { .. } => {}
            Delta::Sign { block, signature, .. } => {
                if let Some(place) = self.place(*block) {
                    self.sign(place, signature);
                }
            }
            Delta::Cite { block, citation, .. } => {
                if let Some(place) = self.place(*block) {
                    self.cite(place, citation.clone(), out);
                }
            }
            Delta::Close { block, .. } => {
                if let Some(Place { item, piece, .. }) = self.place(*block)
                    && let Some(slot) = self.items.get_mut(item)
                    && let Some(progress) = slot.progress.get_mut(piece)
                    && *progress == Progress::Open
                {
                    *progress = Progress::Closed;
                }
            }
            Delta::Logprobs { tokens, .. } => self.logprobs(tokens),
            Delta::Finish { finish, .. } => {
                self.finish = Some(finish.clone());
                let status = ending(Some(finish), &mut self.losses).0;
                self.done_all(status, out);
            }
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::ServiceTier(tier) => self.service_tier = Some(tier.clone()),
            Delta::Extra(extra) => {
                report_extra(extra, &mut self.losses);
                self.extras.push(extra.clone());
            }
            Delta::Ping => out.extend_from_slice(self.heartbeat()),
            Delta::Error(error) => self.fail(error, out),
            Delta::End => self.end(out),
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}

//! A streamed answer, read.

use crate::canonical::{Citation, Delta, ErrorKind, Native, ProviderError, Start, Usage};
use crate::format::Decode;
use crate::json::{Object, Value};
use crate::sse::{Event, Reader};

use super::super::read::{native, why};
use super::super::response::{links, malformed};
use super::super::usage::read_usage;
use super::super::{error, types};
use super::choice::Choice;

/// Reads one streamed answer, whosever dialect it is in.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    reader: Reader,
    answer: Answer,
}

/// The answer, as far as it has come.
#[derive(Debug, Default)]
struct Answer {
    start: Option<Start>,
    choices: Vec<Choice>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    /// What was met before the beginning, and what was met at all: each is told once.
    extras: Vec<Native>,
    told: Vec<String>,
    links: Vec<Citation>,
    over: bool,
}

impl Decode for Decoder {
    fn feed(&mut self, piece: &[u8], out: &mut Vec<Delta>) {
        let answer = &mut self.answer;
        if answer.over {
            return;
        }
        let fed = self.reader.feed(piece, |event| answer.event(&event, out));
        if let Err(error) = fed {
            answer.fail(malformed(&error.to_string()), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) {
        let answer = &mut self.answer;
        if answer.over {
            return;
        }
        self.reader.finish(|event| answer.event(&event, out));
        // Some servers never send `[DONE]`: a finish reason stands for it.
        if !answer.over && answer.finished() {
            answer.end(out);
        }
    }
}

impl Answer {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(data) = event.data.as_deref().filter(|_| !self.over) else { return };
        let data = data.trim_ascii();
        if data.starts_with(b"[DONE]") {
            self.done(out);
        } else if !data.is_empty() {
            let from = out.len();
            if let Err(error) = self.chunk(event, data, out) {
                self.fail(error, out);
            } else if let Some(Delta::Error(_)) =
                out.iter().skip(from).find(|delta| matches!(delta, Delta::Error(_)))
            {
                self.over = true;
                let after = out.iter().position(|delta| matches!(delta, Delta::Error(_)));
                out.truncate(after.map_or(out.len(), |at| at + 1));
            }
        }
    }

    fn chunk(
        &mut self,
        event: &Event<'_>,
        data: &[u8],
        out: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        if event.name == Some(b"error") {
            return Err(error::read(200, data));
        }
        let chunk = Object::scan(data).map_err(|error| malformed(&error.to_string()))?;
        let mut choices = None;
        let mut usage = None;
        for (name, value) in chunk.iter() {
            match &*name {
                _ if value.is_null() => {}
                "error" => return Err(error::read(200, data)),
                "choices" => choices = Some(value),
                "usage" => usage = read_usage(value.raw).or(usage),
                // Groq has it there when nobody asked for it.
                "x_groq" => usage = usage.or_else(|| vendor_usage(&value)),
                "service_tier" => self.tier(&value, out),
                "id" | "model" | "created" | "object" | "system_fingerprint" | "obfuscation" => {}
                name => self.extra(name, &value, out),
            }
        }
        let choices: Vec<types::Choice<'_>> = match choices {
            Some(raw) => {
                serde_json::from_slice(raw.raw).map_err(|error| malformed(&why(&error)))?
            }
            None => Vec::new(),
        };
        if !choices.is_empty() || usage.is_some() {
            self.start(&chunk, out);
        }
        for (position, choice) in (0..).zip(choices) {
            self.choice(choice, position, out)?;
        }
        if usage.is_some() && usage != self.usage {
            self.usage = usage;
            out.extend(usage.map(Delta::Usage));
        }
        Ok(())
    }

    fn start(&mut self, chunk: &Object<'_>, out: &mut Vec<Delta>) {
        if self.start.is_some() {
            return;
        }
        let text = |name: &str| chunk.first(name)?.text().map(std::borrow::Cow::into_owned);
        let created = chunk.first("created");
        let start = Start {
            id: text("id").unwrap_or_default(),
            model: text("model").unwrap_or_default(),
            created: created.and_then(|created| serde_json::from_slice(created.raw).ok()),
            system_fingerprint: text("system_fingerprint"),
        };
        out.push(Delta::Start(start.clone()));
        self.start = Some(start);
        out.extend(std::mem::take(&mut self.extras).into_iter().map(Delta::Extra));
        out.extend(self.service_tier.clone().map(Delta::ServiceTier));
    }

    fn choice(
        &mut self,
        read: types::Choice<'_>,
        position: u32,
        out: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        let index = read.index.unwrap_or(position);
        let known = self.choices.iter().position(|choice| choice.index == index);
        let slot = known.unwrap_or_else(|| {
            self.choices.push(Choice::new(index, self.links.clone()));
            self.choices.len() - 1
        });
        let answer = self.start.as_ref().map_or("", |start| start.id.as_str());
        let Some(choice) = self.choices.get_mut(slot) else { return Ok(()) };
        choice.chunk(read, answer, out).map_err(|why| malformed(&why))
    }

    fn tier(&mut self, value: &Value<'_>, out: &mut Vec<Delta>) {
        let tier = value.text().map(std::borrow::Cow::into_owned);
        if tier != self.service_tier {
            self.service_tier = tier;
            if self.start.is_some() {
                out.extend(self.service_tier.clone().map(Delta::ServiceTier));
            }
        }
    }

    fn extra(&mut self, name: &str, value: &Value<'_>, out: &mut Vec<Delta>) {
        if self.told.iter().any(|told| told == name) || self.told.len() > 64 {
            return;
        }
        self.told.push(name.to_owned());
        if name == "citations" {
            self.links = links(value.raw);
            self.choices.iter_mut().for_each(|choice| choice.links(&self.links));
        }
        let extra = native(name, value.raw);
        if self.start.is_some() {
            out.extend(extra.map(Delta::Extra));
        } else {
            self.extras.extend(extra);
        }
    }

    fn finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished)
    }

    /// `[DONE]` came. Some servers give no finish reason before it.
    fn done(&mut self, out: &mut Vec<Delta>) {
        if self.choices.is_empty() {
            let message = "the provider's stream is empty";
            self.fail(ProviderError::new(ErrorKind::Server, message), out);
            return;
        }
        let answer = self.start.as_ref().map_or("", |start| start.id.as_str());
        for choice in &mut self.choices {
            choice.finish_unsaid(answer, out);
        }
        self.end(out);
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        self.over = true;
        out.push(Delta::End);
    }

    fn fail(&mut self, error: ProviderError, out: &mut Vec<Delta>) {
        self.over = true;
        out.push(Delta::Error(error));
    }
}

fn vendor_usage(value: &Value<'_>) -> Option<Usage> {
    read_usage(value.object()?.first("usage")?.raw)
}

//! Streams of this format that are passed on as they are.

use super::error::upstream_error;
use super::usage::read_usage;
use crate::json::{Elements, Keys, Object, ValueKind};
use crate::pass::{Note, Tally, Verdict};

/// What a chat stream says. The chunk that carries nothing but usage is taken out where the caller
/// did not ask for it.
#[derive(Clone, Debug, Default)]
pub struct ChatNote {
    strip_usage: bool,
}

impl ChatNote {
    /// `strip_usage`: the caller did not ask for usage, the gateway did.
    pub fn new(strip_usage: bool) -> Self {
        Self { strip_usage }
    }
}

impl Note for ChatNote {
    fn event(&mut self, name: Option<&[u8]>, data: &[u8], tally: &mut Tally) -> Verdict {
        if data.starts_with(b"[DONE]") {
            tally.done = true;
            return Verdict::Keep;
        }
        if name.is_none() && ordinary(data, tally) {
            return Verdict::Keep;
        }
        let Ok(chunk) = Object::scan(data) else {
            if name == Some(b"error") {
                tally.failed(data, None, None);
            }
            return Verdict::Keep;
        };
        let error = chunk.first("error").filter(|error| !error.is_null());
        if error.is_some() || name == Some(b"error") {
            let (message, status) = upstream_error(data);
            tally.failed(data, message, status);
            return Verdict::Keep;
        }
        let usage = chunk.first("usage").filter(|usage| usage.kind == ValueKind::Object);
        let counted = usage.and_then(|usage| read_usage(usage.raw)).or_else(|| {
            // Groq has it there when nobody asked for it.
            let vendor = chunk.first("x_groq").filter(|v| v.kind == ValueKind::Object)?.object()?;
            read_usage(vendor.first("usage")?.raw)
        });
        if counted.is_some() {
            tally.usage = counted;
        }
        let choices = chunk.first("choices").filter(|choices| choices.kind == ValueKind::Array);
        let Some(choices) = choices else { return Verdict::Keep };
        let empty = choices
            .raw
            .iter()
            .all(|byte| matches!(byte, b'[' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
        if empty {
            let strip = self.strip_usage && usage.is_some();
            return if strip { Verdict::Remove } else { Verdict::Keep };
        }
        let mut said = Said::default();
        Keys::of(choices.raw).for_each(|(key, value)| said.note(key, value));
        said.add_to(tally);
        Verdict::Keep
    }

    /// Some servers never send it.
    fn terminal(&self) -> Option<&'static [u8]> {
        Some(b"data: [DONE]\n\n")
    }
}

/// Notes what an ordinary chunk says: one with choices, without usage and error. Nearly all are
/// ordinary, and one walk over their keys, at whatever depth, is all that they cost. Whether it
/// was one.
fn ordinary(data: &[u8], tally: &mut Tally) -> bool {
    let mut choices = false;
    let mut said = Said::default();
    for (key, value) in Keys::of(data) {
        match key {
            b"usage" if value.first() == Some(&b'{') => return false,
            b"error" if !value.starts_with(b"null") => return false,
            b"x_groq" => return false,
            b"choices" => {
                let inner = value.strip_prefix(b"[").unwrap_or_default().trim_ascii_start();
                if inner.first() != Some(&b'{') {
                    return false;
                }
                choices = true;
            }
            key => said.note(key, value),
        }
    }
    if choices {
        said.add_to(tally);
    }
    choices
}

/// What a chunk holds for its reader.
#[derive(Default)]
struct Said {
    content: bool,
    bytes: u64,
    finished: bool,
}

impl Said {
    fn add_to(&self, tally: &mut Tally) {
        tally.content_chunks += u64::from(self.content);
        tally.content_bytes += self.bytes;
        tally.finished |= self.finished;
    }

    fn note(&mut self, key: &[u8], value: &[u8]) {
        match key {
            // `text` is that of legacy completions.
            b"content" | b"text" | b"reasoning_content" | b"reasoning" | b"refusal" => {
                let length = string_length(value);
                self.content |= length > 0;
                self.bytes += length as u64;
            }
            b"tool_calls" | b"function_call" | b"audio" => {
                self.content |= !value.starts_with(b"null") && !value.starts_with(b"[]");
            }
            b"finish_reason" => self.finished |= string_length(value) > 0,
            _ => {}
        }
    }
}

/// How long the string is that `text` begins with, its quotes left out; 0 for anything else.
fn string_length(text: &[u8]) -> usize {
    Elements::first(text)
        .filter(|first| first.kind == ValueKind::String)
        .map_or(0, |first| first.raw.len() - 2)
}

#[cfg(test)]
mod tests;

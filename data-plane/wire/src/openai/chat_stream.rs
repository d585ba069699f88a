use bytes::{Bytes, BytesMut};

use super::{Usage, upstream_error};
use crate::json::{Elements, Keys, Object, ValueKind};
use crate::sse::{Event, Splitter, write_data};

/// An incomplete event is held back up to this size, and passed on as it comes beyond it.
const HELD: usize = 64 * 1024;

/// Passes the events of a chat stream on, as the bytes that they came in, and notes what they say.
///
/// The chunk that carries nothing but usage is taken out where the caller did not ask for it. The
/// last event of a piece waits until it is complete: nobody can use half of one, and so a stream
/// that breaks off can still end with a proper event.
#[derive(Clone, Debug, Default)]
pub struct ChatStream {
    splitter: Splitter,
    /// The incomplete event, unless it is passed on as it comes.
    held: Vec<u8>,
    /// The event that goes on is too large to be held or looked at.
    passing: bool,
    /// The LF of a line end that follows goes the way of the event before it.
    removed: bool,
    strip_usage: bool,
    tally: ChatTally,
}

/// What a chat stream said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatTally {
    /// Events with data.
    pub events: u64,
    /// Chunks that carried content of any sort.
    pub content_chunks: u64,
    /// Bytes of text in them.
    pub content_bytes: u64,
    /// A choice has finished.
    pub finished: bool,
    /// `[DONE]` came.
    pub done: bool,
    /// What the upstream counted; the last count wins.
    pub usage: Option<Usage>,
    /// The first error event.
    pub error: Option<UpstreamErrorEvent>,
}

/// An error that came as an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamErrorEvent {
    /// What it says.
    pub message: Option<String>,
    /// The HTTP status that its `code` names.
    pub status: Option<u16>,
    /// Whether content came before it.
    pub after_content: bool,
    /// Its data.
    pub data: Bytes,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// With `[DONE]`.
    Done,
    /// Without it, after a finish reason: some servers never send it.
    Finished,
    /// Too soon.
    Cut,
    /// After an error event.
    Error,
    /// Without a single event.
    Empty,
}

impl ChatStream {
    /// `strip_usage`: the caller did not ask for usage, the gateway did.
    pub fn new(strip_usage: bool) -> Self {
        Self { strip_usage, ..Self::default() }
    }

    /// What the stream said so far.
    pub fn tally(&self) -> &ChatTally {
        &self.tally
    }

    /// Whether what was passed on ends with a whole event, so that another may be put after it.
    pub fn at_boundary(&self) -> bool {
        !self.passing
    }

    /// Takes the next piece; returns what is to be passed on, which may be nothing.
    pub fn feed(&mut self, piece: &Bytes) -> Bytes {
        let mut out = Out::new(piece);
        let mut from = self.splitter.leftover(piece);
        if from > 0 && !self.removed {
            out.range(0, from);
        }
        while let Some(end) = self.splitter.next(piece, from) {
            self.removed = false;
            let rest = piece.get(from..end).unwrap_or_default();
            if self.passing {
                self.passing = false;
                out.range(from, end);
            } else if self.held.is_empty() {
                if self.examine(rest) {
                    self.removed = true;
                } else {
                    out.range(from, end);
                }
            } else {
                let mut event = std::mem::take(&mut self.held);
                event.extend_from_slice(rest);
                if self.examine(&event) {
                    self.removed = true;
                } else {
                    out.bytes(&event);
                }
                event.clear();
                self.held = event;
            }
            from = end;
        }
        if from < piece.len() {
            if self.passing {
                out.range(from, piece.len());
            } else {
                self.held.extend_from_slice(piece.get(from..).unwrap_or_default());
                if self.held.len() > HELD {
                    self.passing = true;
                    out.bytes(&self.held);
                    self.held = Vec::new();
                }
            }
        }
        out.finish()
    }

    /// The stream is at its end, or broke off (`broken`). Returns what is left to be passed on: a
    /// last event that had no blank line, and `[DONE]` where it is missing.
    pub fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd) {
        let mut out = Vec::new();
        let held = std::mem::take(&mut self.held);
        let mut half = self.passing;
        if held.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            half |= broken || !is_whole(&held);
            if !half && !self.examine(&held) {
                out.extend_from_slice(&held);
                out.extend_from_slice(b"\n\n");
            }
        }
        let end = if self.tally.error.is_some() {
            StreamEnd::Error
        } else if self.tally.done {
            StreamEnd::Done
        } else if self.tally.events == 0 && !half && !broken {
            StreamEnd::Empty
        } else if self.tally.finished && !half && !broken {
            out.extend_from_slice(b"data: [DONE]\n\n");
            StreamEnd::Finished
        } else {
            StreamEnd::Cut
        };
        (out, end)
    }

    /// An error event to put at the end of what was passed on.
    pub fn error_event(&self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len() + 12);
        if self.passing {
            out.extend_from_slice(b"\n\n");
        }
        write_data(&mut out, data);
        out
    }

    /// Notes what a whole event says; whether it is to be taken out.
    fn examine(&mut self, bytes: &[u8]) -> bool {
        let event = Event::read(bytes);
        let Some(data) = &event.data else { return false };
        self.tally.events += 1;
        if data.starts_with(b"[DONE]") {
            self.tally.done = true;
            return false;
        }
        if event.name.is_none() && self.ordinary(data) {
            return false;
        }
        let Ok(chunk) = Object::scan(data) else {
            if event.name == Some(b"error") {
                self.error(data, None);
            }
            return false;
        };
        let error = chunk.first("error").filter(|error| !error.is_null());
        if error.is_some() || event.name == Some(b"error") {
            self.error(data, Some(&chunk));
            return false;
        }
        let usage = chunk.first("usage").filter(|usage| usage.kind == ValueKind::Object);
        let counted = usage.and_then(|usage| Usage::read(usage.raw)).or_else(|| {
            // Groq has it there when nobody asked for it.
            let vendor = chunk.first("x_groq").filter(|v| v.kind == ValueKind::Object)?.object()?;
            Usage::read(vendor.first("usage")?.raw)
        });
        if counted.is_some() {
            self.tally.usage = counted;
        }
        let choices = chunk.first("choices").filter(|choices| choices.kind == ValueKind::Array);
        let Some(choices) = choices else { return false };
        let empty = choices
            .raw
            .iter()
            .all(|byte| matches!(byte, b'[' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
        if empty {
            return self.strip_usage && usage.is_some();
        }
        let mut said = Said::default();
        Keys::of(choices.raw).for_each(|(key, value)| said.note(key, value));
        self.said(&said);
        false
    }

    /// Notes what an ordinary chunk says: one with choices, without usage and error. Nearly all are
    /// ordinary, and one walk over their keys, at whatever depth, is all that they cost. Whether it
    /// was one.
    fn ordinary(&mut self, data: &[u8]) -> bool {
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
            self.said(&said);
        }
        choices
    }

    fn said(&mut self, said: &Said) {
        self.tally.content_chunks += u64::from(said.content);
        self.tally.content_bytes += said.bytes;
        self.tally.finished |= said.finished;
    }

    fn error(&mut self, data: &[u8], chunk: Option<&Object<'_>>) {
        if self.tally.error.is_some() {
            return;
        }
        let (message, status) = chunk.map_or((None, None), |_| upstream_error(data));
        self.tally.error = Some(UpstreamErrorEvent {
            message,
            status,
            after_content: self.tally.content_chunks > 0,
            data: Bytes::copy_from_slice(data),
        });
    }
}

/// What a chunk holds for its reader.
#[derive(Default)]
struct Said {
    content: bool,
    bytes: u64,
    finished: bool,
}

impl Said {
    fn note(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"content" | b"reasoning_content" | b"reasoning" | b"refusal" => {
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

/// Whether an event that had no blank line at its end is all there.
fn is_whole(bytes: &[u8]) -> bool {
    Event::read(bytes)
        .data
        .is_none_or(|data| data.starts_with(b"[DONE]") || Object::scan(&data).is_ok())
}

/// What is passed on: ranges of the piece, as one slice of it while they touch.
struct Out<'p> {
    piece: &'p Bytes,
    range: (usize, usize),
    copied: BytesMut,
}

impl<'p> Out<'p> {
    fn new(piece: &'p Bytes) -> Self {
        Self { piece, range: (0, 0), copied: BytesMut::new() }
    }

    fn range(&mut self, from: usize, to: usize) {
        if self.range.1 == from && self.range.0 < self.range.1 {
            self.range.1 = to;
        } else {
            self.flush();
            self.range = (from, to);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.flush();
        self.copied.extend_from_slice(bytes);
    }

    fn flush(&mut self) {
        let (from, to) = std::mem::take(&mut self.range);
        self.copied.extend_from_slice(self.piece.get(from..to).unwrap_or_default());
    }

    fn finish(mut self) -> Bytes {
        if self.copied.is_empty() {
            let (from, to) = self.range;
            return self.piece.slice(from..to);
        }
        self.flush();
        self.copied.freeze()
    }
}

#[cfg(test)]
mod tests;

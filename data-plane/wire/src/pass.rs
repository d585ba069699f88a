//! Streams that reach their caller in the format that the provider speaks: passed on as the bytes that
//! they came in, while a [`Note`] of the format looks at each event.

use bytes::{Bytes, BytesMut};

use crate::canonical::{ProviderError, Usage};
use crate::fidelity::Losses;
use crate::json::Object;
use crate::sse::{Event, Splitter};

/// An incomplete event is held back up to this size, and passed on as it comes beyond it.
const HELD: usize = 64 * 1024;

/// What stands between a provider's stream and its caller.
pub trait Pass: Send {
    /// Takes the next piece; returns what is to be passed on, which may be nothing.
    fn feed(&mut self, piece: &Bytes) -> Bytes;

    /// Whether what was passed on ends with a whole event, so that another may be put after it.
    fn at_boundary(&self) -> bool;

    /// What the stream said so far.
    fn tally(&self) -> &Tally;

    /// The head of the answer has gone to the caller: nothing need be held back any more.
    fn commit(&mut self) {}

    /// The events that end the stream with an error of the gateway's own, where they depend on what
    /// was said before; `None` where any event will do.
    fn fail(&mut self, _: &ProviderError) -> Option<Vec<u8>> {
        None
    }

    /// What of the answer could not be said; `None` where it passes as it is.
    fn losses(&self) -> Option<&Losses> {
        None
    }

    /// The stream is at its end, or broke off (`broken`). Returns what is left to be passed on.
    fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd);
}

impl<P: Pass + ?Sized> Pass for Box<P> {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
        (**self).feed(piece)
    }

    fn at_boundary(&self) -> bool {
        (**self).at_boundary()
    }

    fn tally(&self) -> &Tally {
        (**self).tally()
    }

    fn commit(&mut self) {
        (**self).commit();
    }

    fn fail(&mut self, error: &ProviderError) -> Option<Vec<u8>> {
        (**self).fail(error)
    }

    fn losses(&self) -> Option<&Losses> {
        (**self).losses()
    }

    fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd) {
        (**self).finish(broken)
    }
}

/// What a stream said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events with data.
    pub events: u64,
    /// Events that carried content of any sort.
    pub content_chunks: u64,
    /// Bytes of text in them.
    pub content_bytes: u64,
    /// An answer has said why it ends.
    pub finished: bool,
    /// The format's terminal event came.
    pub done: bool,
    /// What the upstream counted; the last count wins.
    pub usage: Option<Usage>,
    /// The first error event.
    pub error: Option<UpstreamErrorEvent>,
}

impl Tally {
    /// Notes the first error; `data` is the event's.
    pub fn failed(&mut self, data: &[u8], message: Option<String>, status: Option<u16>) {
        if self.error.is_none() {
            self.error = Some(UpstreamErrorEvent {
                message,
                status,
                after_content: self.content_chunks > 0,
                data: Bytes::copy_from_slice(data),
            });
        }
    }
}

/// An error that came as an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamErrorEvent {
    /// What it says.
    pub message: Option<String>,
    /// The HTTP status that it stands for, where it says so.
    pub status: Option<u16>,
    /// Whether content came before it.
    pub after_content: bool,
    /// Its data.
    pub data: Bytes,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// With its terminal event.
    Done,
    /// Without it, after a finish reason, where the format lets that pass.
    Finished,
    /// Too soon.
    Cut,
    /// After an error event.
    Error,
    /// Without a single event.
    Empty,
}

/// What a gateway wants to know of a whole answer that it passes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFindings {
    /// What the upstream counted.
    pub usage: Option<Usage>,
    /// It is an error in spite of its status: `error` is there and not `null`.
    pub error: bool,
    /// It has the member that an answer of its sort has (`choices`, `data`, `content`).
    pub has_content: bool,
}

/// Whether an event goes on to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Keep,
    /// It is taken out.
    Remove,
}

/// What a format knows of its events. Nearly every event costs one call and nothing else: it is to be
/// looked through by its keys ([`Keys`](crate::json::Keys)), not read into a tree.
pub trait Note: Send {
    /// Notes what a whole event says, which has `data`. It is counted already.
    fn event(&mut self, name: Option<&[u8]>, data: &[u8], tally: &mut Tally) -> Verdict;

    /// What a stream is ended with that said why it ends and has no terminal event. `None`: such a
    /// stream was cut.
    fn terminal(&self) -> Option<&'static [u8]> {
        None
    }
}

/// Passes the events of a stream on, as the bytes that they came in, and notes what they say.
///
/// The last event of a piece waits until it is complete: nobody can use half of one, and so a stream
/// that breaks off can still end with a proper event.
#[derive(Clone, Debug, Default)]
pub struct Watched<N> {
    splitter: Splitter,
    /// The incomplete event, unless it is passed on as it comes.
    held: Vec<u8>,
    /// The event that goes on is too large to be held or looked at.
    passing: bool,
    /// The LF of a line end that follows goes the way of the event before it.
    removed: bool,
    note: N,
    tally: Tally,
}

impl<N: Note> Watched<N> {
    /// A stream that this looks at.
    pub fn by(note: N) -> Self {
        Self {
            splitter: Splitter::default(),
            held: Vec::new(),
            passing: false,
            removed: false,
            note,
            tally: Tally::default(),
        }
    }

    /// Who looks.
    pub fn note(&self) -> &N {
        &self.note
    }

    /// Looks at a whole event; whether it goes on.
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let event = Event::read(bytes);
        let Some(data) = &event.data else { return true };
        self.tally.events += 1;
        self.note.event(event.name, data, &mut self.tally) == Verdict::Keep
    }
}

impl<N: Note> Pass for Watched<N> {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
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
                if self.keeps(rest) {
                    out.range(from, end);
                } else {
                    self.removed = true;
                }
            } else {
                let mut event = std::mem::take(&mut self.held);
                event.extend_from_slice(rest);
                if self.keeps(&event) {
                    out.bytes(&event);
                } else {
                    self.removed = true;
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

    fn at_boundary(&self) -> bool {
        !self.passing
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Also passes on a last event that had no blank line, and the terminal event where it is missing
    /// and the format lets that pass.
    fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd) {
        let mut out = Vec::new();
        let held = std::mem::take(&mut self.held);
        let mut half = self.passing;
        if held.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            half |= broken || !is_whole(&held);
            if !half && self.keeps(&held) {
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
        } else if let Some(terminal) = self.note.terminal()
            && self.tally.finished
            && !half
            && !broken
        {
            out.extend_from_slice(terminal);
            StreamEnd::Finished
        } else {
            StreamEnd::Cut
        };
        (out, end)
    }
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

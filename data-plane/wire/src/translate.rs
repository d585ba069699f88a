//! Streams that reach their caller in another format than the provider's.

use bytes::Bytes;

use crate::canonical::{Delta, ProviderError};
use crate::fidelity::Losses;
use crate::format::{Codec, Decode, Encode};
use crate::pass::{Pass, StreamEnd, Tally};

/// Watches an answer on its way.
pub trait Observe: Send {
    /// Is shown each step, before the caller gets it.
    fn delta(&mut self, delta: &Delta);
}

/// A stream read in the provider's format and written in the caller's.
///
/// Until the first content nothing is passed on: what fails before can still be told by a status, or
/// be tried elsewhere. [`Pass::commit`] ends that.
pub struct Translated {
    decode: Box<dyn Decode>,
    encode: Box<dyn Encode>,
    /// The caller's format: writes errors that come before content.
    codec: &'static dyn Codec,
    observers: Vec<Box<dyn Observe>>,
    /// Room for what a piece says.
    deltas: Vec<Delta>,
    /// Written and not passed on yet.
    held: Vec<u8>,
    committed: bool,
    tally: Tally,
}

impl Translated {
    /// A stream that `decode` reads and that is written by `encode`, which is of `codec`.
    pub fn new(
        decode: Box<dyn Decode>,
        encode: Box<dyn Encode>,
        codec: &'static dyn Codec,
        observers: Vec<Box<dyn Observe>>,
    ) -> Self {
        Self {
            decode,
            encode,
            codec,
            observers,
            deltas: Vec::new(),
            held: Vec::new(),
            committed: false,
            tally: Tally::default(),
        }
    }

    /// Writes what the decoder said.
    fn write(&mut self) {
        let mut deltas = std::mem::take(&mut self.deltas);
        for delta in deltas.drain(..) {
            if self.tally.done || self.tally.error.is_some() {
                break;
            }
            self.observers.iter_mut().for_each(|observer| observer.delta(&delta));
            self.note(&delta);
            self.encode.delta(&delta, &mut self.held);
        }
        self.deltas = deltas;
    }

    fn note(&mut self, delta: &Delta) {
        let tally = &mut self.tally;
        match delta {
            Delta::Ping => return,
            Delta::Open { .. } => tally.content_chunks += 1,
            Delta::Grow { text, .. }
            | Delta::Summary { text, .. }
            | Delta::Transcript { text, .. } => {
                tally.content_chunks += 1;
                tally.content_bytes += text.len() as u64;
            }
            Delta::Finish { .. } => tally.finished = true,
            Delta::Usage(usage) => tally.usage = Some(*usage),
            Delta::Error(error) => {
                let message = Some(error.message.clone()).filter(|message| !message.is_empty());
                let data = self.codec.encode_error(error);
                tally.failed(&data, message, Some(error.status));
            }
            Delta::End => tally.done = true,
            Delta::Start(_)
            | Delta::Sign { .. }
            | Delta::Cite { .. }
            | Delta::Close { .. }
            | Delta::Logprobs { .. }
            | Delta::ServiceTier(_)
            | Delta::Extra(_) => {}
        }
        tally.events += 1;
    }

    fn passed_on(&mut self) -> Bytes {
        self.committed |= self.tally.content_chunks > 0;
        if self.committed { std::mem::take(&mut self.held).into() } else { Bytes::new() }
    }
}

impl Pass for Translated {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
        self.decode.feed(piece, &mut self.deltas);
        self.write();
        self.passed_on()
    }

    /// What is written always ends with a whole event.
    fn at_boundary(&self) -> bool {
        true
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn commit(&mut self) {
        self.committed = true;
    }

    fn fail(&mut self, error: &ProviderError) -> Option<Vec<u8>> {
        let mut out = std::mem::take(&mut self.held);
        let delta = Delta::Error(error.clone());
        self.observers.iter_mut().for_each(|observer| observer.delta(&delta));
        self.encode.delta(&delta, &mut out);
        Some(out)
    }

    fn losses(&self) -> Option<&Losses> {
        Some(self.encode.losses())
    }

    fn finish(&mut self, broken: bool) -> (Vec<u8>, StreamEnd) {
        if !broken {
            self.decode.finish(&mut self.deltas);
            self.write();
        }
        let end = if self.tally.error.is_some() {
            StreamEnd::Error
        } else if (self.tally.events == 0 && !broken)
            || (self.tally.done && !self.tally.finished && self.tally.content_chunks == 0)
        {
            StreamEnd::Empty
        } else if self.tally.done {
            StreamEnd::Done
        } else {
            StreamEnd::Cut
        };
        let out = match end {
            // What was begun in vain is not said.
            StreamEnd::Cut | StreamEnd::Empty if !self.committed => Vec::new(),
            _ => std::mem::take(&mut self.held),
        };
        (out, end)
    }
}

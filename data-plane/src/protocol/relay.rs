//! A stream on its way to the caller: what of it is passed on, how it begins and how it ends.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use sanmon_wire::pass::{Pass, StreamEnd, Tally, UpstreamErrorEvent};
use smallvec::SmallVec;
use tokio::time::{Instant, timeout_at};

use super::llm::answer::{self, BYTES_PER_TOKEN};
use super::llm::{Failed, Trial};
use super::{Dialect, errors};
use crate::error::{Code, GatewayError};
use crate::exchange::Account;
use crate::stream::Relay;
use crate::target::Failure;
use crate::upstream::{Stage, UpstreamError};

/// A stream that has said so much without content is believed to have begun, in bytes.
const HELD: usize = 256 * 1024;

/// What a stream says, passed on and noted. Tokens are told to the account in `Drop`: callers leave.
pub(crate) struct Passed<P: Pass> {
    stream: P,
    /// How errors are written, and signs of life.
    dialect: Dialect,
    account: Account,
    input_bytes: u64,
    /// Its caller hears of it: what it cost is what the exchange cost.
    committed: bool,
    /// Its first content has come.
    noted: bool,
    /// Of which it is the answer, where it is one of a model.
    trial: Option<Trial>,
}

/// When a stream has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    /// Not before its first content: until then somebody else can be asked.
    pub(crate) with_content: bool,
    /// What has not begun by then has failed.
    pub(crate) until: Option<Instant>,
}

impl Beginning {
    /// With its first event, whenever that comes.
    pub(crate) const AT_ONCE: Self = Self { with_content: false, until: None };
}

/// How a stream begins.
pub(crate) enum Begin {
    /// With this; more may follow.
    Events(Bytes),
    /// With an error, before any content.
    Error(UpstreamErrorEvent),
    /// With this, which is all of it.
    Whole(Bytes),
}

/// What came before a stream began.
struct First {
    said: SmallVec<[Bytes; 1]>,
    /// Nothing more will come.
    over: bool,
}

impl First {
    fn joined(mut self) -> Bytes {
        if self.said.len() > 1 {
            self.said.concat().into()
        } else {
            self.said.pop().unwrap_or_default()
        }
    }
}

impl<P: Pass> Passed<P> {
    /// `input_bytes` is what input tokens are guessed from, where nobody counts them.
    pub(crate) fn new(stream: P, dialect: Dialect, account: Account, input_bytes: u64) -> Self {
        Self { stream, dialect, account, input_bytes, committed: false, noted: false, trial: None }
    }

    /// Waits for its beginning, so that what fails before it can still be told by a status, or be
    /// tried elsewhere. Then it is the answer of `trial`.
    pub(crate) async fn begin<S>(
        &mut self,
        source: &mut S,
        beginning: Beginning,
        trial: Option<&mut Trial>,
    ) -> Result<Begin, Box<Failed>>
    where
        S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    {
        self.account.upstream_again(Instant::now());
        let first = self.first(source, beginning.with_content);
        let first = match beginning.until {
            None => first.await,
            Some(end) => timeout_at(end, first)
                .await
                .unwrap_or(Err(UpstreamError::Timeout(Stage::FirstToken))),
        };
        self.account.upstream_ended(Instant::now());
        let First { said, over } = first?;
        let end = over.then(|| self.stream.finish(false));
        if let Some(error) = self.stream.tally().error.as_ref().filter(|e| !e.after_content) {
            return Ok(Begin::Error(error.clone()));
        }
        let begun = has_begun(self.stream.tally()) || !beginning.with_content;
        match end {
            None => {
                self.commit(trial);
                Ok(Begin::Events(First { said, over }.joined()))
            }
            Some((_, StreamEnd::Cut)) => Err(cut().into()),
            Some((_, StreamEnd::Empty)) => Err(Failed::empty()),
            Some(_) if !begun => Err(Failed::empty()),
            Some((rest, end)) => {
                self.commit(trial);
                let mut whole = First { said, over }.joined().to_vec();
                whole.extend_from_slice(&self.ending(rest, end));
                Ok(Begin::Whole(whole.into()))
            }
        }
    }

    /// What can be passed on first, and with it whatever was held back; less when the stream ends
    /// before.
    async fn first<S>(&mut self, source: &mut S, with_content: bool) -> Result<First, UpstreamError>
    where
        S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    {
        let (mut said, mut length) = (SmallVec::new(), 0);
        while let Some(piece) = poll_fn(|context| Pin::new(&mut *source).poll_next(context)).await {
            let out = self.stream.feed(&piece?);
            if !out.is_empty() {
                length += out.len();
                said.push(out);
            }
            let tally = self.stream.tally();
            let begun = !with_content || has_begun(tally) || length > HELD;
            if tally.error.is_some() || (begun && length > 0) {
                return Ok(First { said, over: false });
            }
            if tally.done {
                break;
            }
        }
        Ok(First { said, over: true })
    }

    /// The caller hears of it from now on.
    fn commit(&mut self, trial: Option<&mut Trial>) {
        self.stream.commit();
        self.committed = true;
        self.trial = trial.map(Trial::go_on);
        self.note();
    }

    /// Tells of the first content.
    fn note(&mut self) {
        if self.noted || self.stream.tally().content_chunks == 0 {
            return;
        }
        self.noted = true;
        match &mut self.trial {
            Some(trial) => trial.first_token(),
            None => self.account.first_token(Instant::now()),
        }
    }

    fn failed(&mut self, error: &GatewayError, failure: &Failure) {
        self.account.failed_in_stream(error);
        if let Some(trial) = &mut self.trial {
            trial.failed(failure);
        }
    }

    /// The last piece of a stream that ended by itself.
    fn ending(&mut self, mut rest: Vec<u8>, end: StreamEnd) -> Bytes {
        match end {
            StreamEnd::Done | StreamEnd::Finished => {
                if let Some(trial) = &mut self.trial {
                    trial.succeeded();
                }
            }
            StreamEnd::Error => {
                let error = self.stream.tally().error.clone().unwrap_or_default();
                let text = "the provider reported an error in its stream";
                let told = GatewayError::new(Code::UpstreamUnavailable, text)
                    .detail(error.message.unwrap_or_default());
                self.failed(&told, &Failure::of_status(error.status.unwrap_or(500)));
            }
            StreamEnd::Cut | StreamEnd::Empty => rest.extend_from_slice(&self.failure(&cut())),
        }
        rest.into()
    }

    fn failure(&mut self, error: &GatewayError) -> Vec<u8> {
        self.failed(error, &Failure::of_gateway(error));
        if let Some(out) = self.stream.fail(&errors::as_provider(error)) {
            return out;
        }
        let mut out = Vec::new();
        if !self.stream.at_boundary() {
            // Half an event was passed on, being too large to be held back.
            out.extend_from_slice(b"\n\n");
        }
        out.extend_from_slice(&errors::event(self.dialect, error));
        out
    }
}

/// Whether a stream has said something for its reader, or that there is nothing to say.
fn has_begun(tally: &Tally) -> bool {
    tally.content_chunks > 0 || tally.finished
}

fn cut() -> GatewayError {
    GatewayError::new(Code::UpstreamCut, "the provider's stream ended early")
}

impl<P: Pass> Relay for Passed<P> {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
        let out = self.stream.feed(piece);
        self.note();
        out
    }

    fn at_boundary(&self) -> bool {
        self.stream.at_boundary()
    }

    fn heartbeat(&self) -> &'static [u8] {
        self.dialect.heartbeat()
    }

    fn finish(&mut self, broken: Option<GatewayError>) -> Bytes {
        let (rest, end) = self.stream.finish(broken.is_some());
        match broken {
            None => self.ending(rest, end),
            // A connection that breaks after the last event takes nothing from the caller.
            Some(_) if matches!(end, StreamEnd::Done | StreamEnd::Error) => self.ending(rest, end),
            Some(error) => self.failure(&error).into(),
        }
    }
}

impl<P: Pass> Drop for Passed<P> {
    fn drop(&mut self) {
        if !self.committed {
            return;
        }
        let tally = self.stream.tally();
        let guess = tally.content_chunks.max(tally.content_bytes.div_ceil(BYTES_PER_TOKEN));
        let tokens = answer::tokens(tally.usage, self.input_bytes, guess);
        self.account.set_tokens(tokens);
        if let Some(trial) = &self.trial {
            trial.cost(tokens);
        }
        if let Some(losses) = self.stream.losses() {
            self.account.set_answer_fidelity(losses);
        }
    }
}

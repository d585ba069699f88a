//! A stream on its way to the caller: what of it is passed on, how it begins and how it ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use sanmon_wire::pass::{Pass, StreamEnd, UpstreamErrorEvent};
use tokio::time::{Instant, timeout};

use super::llm::answer::{self, BYTES_PER_TOKEN};
use super::{Dialect, errors};
use crate::error::{Code, GatewayError};
use crate::exchange::Account;
use crate::stream::Relay;
use crate::upstream::UpstreamError;

/// What a stream says, passed on and noted. Tokens are told to the account in `Drop`: callers leave.
pub(crate) struct Passed<P: Pass> {
    stream: P,
    /// How errors are written, and signs of life.
    dialect: Dialect,
    account: Account,
    input_bytes: u64,
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

impl<P: Pass> Passed<P> {
    /// `input_bytes` is what input tokens are guessed from, where nobody counts them.
    pub(crate) fn new(stream: P, dialect: Dialect, account: Account, input_bytes: u64) -> Self {
        Self { stream, dialect, account, input_bytes }
    }

    /// Waits for the first event, so that what fails before it can still be told by a status; no
    /// longer than `patience`, for a heartbeat has to go out then.
    pub(crate) async fn begin<S>(
        &mut self,
        source: &mut S,
        patience: Duration,
    ) -> Result<Begin, GatewayError>
    where
        S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    {
        self.account.upstream_again(Instant::now());
        let first = timeout(patience, self.first(source)).await;
        self.account.upstream_ended(Instant::now());
        let Ok(first) = first else {
            self.stream.commit();
            return Ok(Begin::Events(Bytes::from_static(self.dialect.heartbeat())));
        };
        let first = first.map_err(|error| error.to_gateway())?;
        let (rest, end) = if first.is_some() {
            (Vec::new(), None)
        } else {
            let (rest, end) = self.stream.finish(false);
            (rest, Some(end))
        };
        if let Some(error) = self.stream.tally().error.as_ref().filter(|e| !e.after_content) {
            return Ok(Begin::Error(error.clone()));
        }
        self.stream.commit();
        match (first, end) {
            (Some(piece), _) => Ok(Begin::Events(piece)),
            (None, Some(StreamEnd::Cut)) => Err(cut()),
            (None, Some(StreamEnd::Empty) | None) => {
                Err(GatewayError::new(Code::UpstreamInvalid, "the provider's stream is empty"))
            }
            (None, Some(end)) => Ok(Begin::Whole(self.ending(rest, end))),
        }
    }

    /// The first piece that can be passed on; `None` when the stream ends without one.
    async fn first<S>(&mut self, source: &mut S) -> Result<Option<Bytes>, UpstreamError>
    where
        S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    {
        while let Some(piece) = poll_fn(|context| Pin::new(&mut *source).poll_next(context)).await {
            let out = self.feed(&piece?);
            if !out.is_empty() {
                return Ok(Some(out));
            }
            if self.stream.tally().error.is_some() {
                break;
            }
        }
        Ok(None)
    }

    /// The last piece of a stream that ended by itself.
    fn ending(&mut self, mut rest: Vec<u8>, end: StreamEnd) -> Bytes {
        match end {
            StreamEnd::Done | StreamEnd::Finished => {}
            StreamEnd::Error => {
                let error = self.stream.tally().error.clone().unwrap_or_default();
                let text = "the provider reported an error in its stream";
                self.account.failed_in_stream(
                    &GatewayError::new(Code::UpstreamUnavailable, text)
                        .detail(error.message.unwrap_or_default()),
                );
            }
            StreamEnd::Cut | StreamEnd::Empty => rest.extend_from_slice(&self.failure(&cut())),
        }
        rest.into()
    }

    fn failure(&mut self, error: &GatewayError) -> Vec<u8> {
        self.account.failed_in_stream(error);
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

fn cut() -> GatewayError {
    GatewayError::new(Code::UpstreamCut, "the provider's stream ended early")
}

impl<P: Pass> Relay for Passed<P> {
    fn feed(&mut self, piece: &Bytes) -> Bytes {
        let out = self.stream.feed(piece);
        if self.stream.tally().content_chunks > 0 {
            self.account.first_token();
        }
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
        let tally = self.stream.tally();
        let guess = tally.content_chunks.max(tally.content_bytes.div_ceil(BYTES_PER_TOKEN));
        answer::count(&self.account, tally.usage, self.input_bytes, guess);
        if let Some(losses) = self.stream.losses() {
            self.account.set_answer_fidelity(losses);
        }
    }
}

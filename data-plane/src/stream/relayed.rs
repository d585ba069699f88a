use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;

use super::pulse::{Pulse, Wake};
use super::stopping;
use crate::error::GatewayError;
use crate::exchange::Account;
use crate::upstream::UpstreamError;
use crate::worker::Worker;

/// What a dialect makes of a stream of events.
pub trait Relay {
    /// Takes a piece of the upstream's answer; returns what the caller gets, which may be nothing.
    fn feed(&mut self, piece: &Bytes) -> Bytes;

    /// Whether what the caller has got so far ends with a whole event.
    fn at_boundary(&self) -> bool;

    /// The event that says the stream lives.
    fn heartbeat(&self) -> &'static [u8];

    /// The upstream's stream is over, or broke with an error. Returns what the caller still gets:
    /// the event that tells of the error, its own if the stream ended too soon. What is logged of
    /// the end is for the relay to say to the account.
    fn finish(&mut self, broken: Option<GatewayError>) -> Bytes;
}

/// The body of an answer that says `first`, and then streams the events of `body` through `relay`.
pub fn relayed<S, R>(
    first: Bytes,
    body: S,
    relay: R,
    worker: &Worker,
    account: Account,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<S, R>
where
    S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    R: Relay,
{
    account.set_streamed();
    Relayed { first, body, relay, pulse: Pulse::new(worker), over: false, _account: account }
}

struct Relayed<S, R> {
    first: Bytes,
    body: S,
    relay: R,
    pulse: Pulse,
    over: bool,
    /// Closes after the relay, which may still have something to say to it.
    _account: Account,
}

impl<S, R> Unpin for Relayed<S, R> {}

impl<S, R: Relay> Relayed<S, R> {
    fn end(&mut self, broken: Option<GatewayError>) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.over = true;
        let last = self.relay.finish(broken);
        Poll::Ready((!last.is_empty()).then_some(Ok(last)))
    }
}

impl<S, R> Stream for Relayed<S, R>
where
    S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin,
    R: Relay,
{
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if !this.first.is_empty() {
            this.pulse.spoke();
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.first))));
        }
        loop {
            match Pin::new(&mut this.body).poll_next(context) {
                Poll::Ready(Some(Ok(piece))) => {
                    let out = this.relay.feed(&piece);
                    if !out.is_empty() {
                        this.pulse.spoke();
                        return Poll::Ready(Some(Ok(out)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return this.end(Some(error.to_gateway_in_stream()));
                }
                Poll::Ready(None) => return this.end(None),
                Poll::Pending => match this.pulse.poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Wake::Cut) => {
                        return this.end(Some(stopping()));
                    }
                    Poll::Ready(Wake::Silent) if this.relay.at_boundary() => {
                        return Poll::Ready(Some(Ok(Bytes::from_static(this.relay.heartbeat()))));
                    }
                    Poll::Ready(Wake::Silent) => {}
                },
            }
        }
    }
}

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use super::pulse::{Pulse, Wake};
use super::stopping;
use crate::exchange::Account;
use crate::worker::Worker;

/// The body of an answer whose head has gone out before anybody knew the answer: signs of life, and
/// then what comes. Dropped before that, it drops whoever was asked.
pub struct Late {
    state: State,
    heartbeat: Bytes,
    /// What goes out at once.
    first: Bytes,
    /// The event with which it ends when the gateway stops.
    stopped: Bytes,
    pulse: Pulse,
    account: Account,
}

enum State {
    Waiting(LocalBoxFuture<'static, BoxBody>),
    Answering(BoxBody),
    Over,
}

impl Late {
    /// The answer comes as `body`, which has to be a stream of events, errors included.
    pub fn new(
        body: LocalBoxFuture<'static, BoxBody>,
        heartbeat: &'static [u8],
        stopped: Bytes,
        worker: &Worker,
        account: Account,
    ) -> Self {
        account.set_streamed();
        let heartbeat = Bytes::from_static(heartbeat);
        Self {
            state: State::Waiting(body),
            first: heartbeat.clone(),
            heartbeat,
            stopped,
            pulse: Pulse::new(worker),
            account,
        }
    }
}

impl MessageBody for Late {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.first))));
        }
        loop {
            match &mut this.state {
                State::Waiting(body) => match body.as_mut().poll(context) {
                    Poll::Ready(body) => this.state = State::Answering(body),
                    Poll::Pending => match ready!(this.pulse.poll(context)) {
                        Wake::Silent => return Poll::Ready(Some(Ok(this.heartbeat.clone()))),
                        Wake::Cut => {
                            this.state = State::Over;
                            this.account.failed_in_stream(&stopping());
                            return Poll::Ready(Some(Ok(std::mem::take(&mut this.stopped))));
                        }
                    },
                },
                State::Answering(body) => return Pin::new(body).poll_next(context),
                State::Over => return Poll::Ready(None),
            }
        }
    }
}

//! Reading the caller's body: bounded in size and time.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use super::{Account, Exchange};
use crate::error::{Code, GatewayError};

/// What is taken in advance for a body, whatever its head announces: a caller that announces much
/// and sends nothing costs little.
const TAKEN_AT_ONCE: usize = 256 * 1024;

impl Exchange {
    /// How long the caller says its body is, or how long it has become.
    pub fn announced(&self) -> Option<u64> {
        if let Some(length) = self.given_back.get() {
            return Some(length);
        }
        self.request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The caller's whole body, which may be read once and is not larger than `limit` and the
    /// gateway's own limit. Each piece is shown to `see` as it comes, which can refuse the rest. A
    /// body that came in one piece is not copied.
    pub async fn body(
        &self,
        limit: usize,
        mut see: impl FnMut(&[u8]) -> Result<(), GatewayError>,
    ) -> Result<Bytes, GatewayError> {
        let limits = self.worker.limits;
        let limit = limit.min(limits.body_bytes);
        let announced = self.announced();
        if announced.is_some_and(|announced| announced > limit as u64) {
            return Err(too_large(limit));
        }
        let announced = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        let mut payload = self.payload.replace(Payload::None);
        let mut timer = pin!(None::<Sleep>);
        let mut whole = Whole::None;
        loop {
            let piece = poll_fn(|context| match Pin::new(&mut payload).poll_next(context) {
                Poll::Ready(piece) => Poll::Ready(Ok(piece)),
                Poll::Pending => {
                    // Most bodies come with their heads, and need no timer.
                    if timer.is_none() {
                        timer.set(Some(sleep(limits.body_timeout)));
                    }
                    let Some(timer) = timer.as_mut().as_pin_mut() else { return Poll::Pending };
                    ready!(timer.poll(context));
                    Poll::Ready(Err(too_slow()))
                }
            });
            let Some(piece) = piece.await? else { break };
            let piece = piece.map_err(|error| broken(&error, limit))?;
            if whole.len() + piece.len() > limit {
                return Err(too_large(limit));
            }
            see(&piece)?;
            whole.push(piece, announced);
        }
        let whole = whole.freeze();
        let read = self.account.record();
        read.bytes_in.set(read.bytes_in.get() + whole.len() as u64);
        Ok(whole)
    }
}

impl Exchange {
    /// Gives back a body that was read, changed perhaps: whoever reads it next gets this.
    pub fn give_back(&self, body: Bytes) {
        let length = body.len() as u64;
        let read = self.account.record();
        read.bytes_in.set(read.bytes_in.get().saturating_sub(length));
        self.given_back.set(Some(length));
        self.payload.set(Payload::from(body));
    }

    /// The caller's body as a stream that ends with an error past the gateway's limit.
    pub fn streamed_body(&self) -> Result<Payload, GatewayError> {
        let limit = self.worker.limits.body_bytes;
        if self.announced().is_some_and(|announced| announced > limit as u64) {
            return Err(too_large(limit));
        }
        let payload = self.payload.replace(Payload::None);
        let account = self.account.clone();
        let patience = self.worker.limits.body_timeout;
        let limited = Limited { payload, left: limit, patience, timer: None, account };
        Ok(Payload::Stream { payload: Box::pin(limited) })
    }
}

/// A body that is counted, and cut where it grows too large or stops coming.
struct Limited {
    payload: Payload,
    left: usize,
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    account: Account,
}

impl Stream for Limited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Poll::Ready(piece) = Pin::new(&mut self.payload).poll_next(context) else {
            let patience = self.patience;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
            ready!(timer.as_mut().poll(context));
            let late = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(PayloadError::Io(late))));
        };
        self.timer = None;
        let Some(Ok(bytes)) = &piece else { return Poll::Ready(piece) };
        let read = self.account.record();
        read.bytes_in.set(read.bytes_in.get() + bytes.len() as u64);
        match self.left.checked_sub(bytes.len()) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(PayloadError::Overflow))),
        }
        Poll::Ready(piece)
    }
}

enum Whole {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, piece: Bytes, announced: usize) {
        match self {
            Self::None => *self = Self::One(piece),
            Self::One(first) => {
                let least = first.len() + piece.len();
                let mut many = BytesMut::with_capacity(announced.min(TAKEN_AT_ONCE).max(least));
                many.extend_from_slice(first);
                many.extend_from_slice(&piece);
                *self = Self::Many(many);
            }
            Self::Many(many) => many.extend_from_slice(&piece),
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

fn too_large(limit: usize) -> GatewayError {
    GatewayError::new(Code::BodyTooLarge, format!("the body is larger than {limit} bytes"))
}

fn too_slow() -> GatewayError {
    GatewayError::new(Code::RequestTimeout, "the body of the request did not come in time")
}

fn broken(error: &PayloadError, limit: usize) -> GatewayError {
    match error {
        PayloadError::Overflow => too_large(limit),
        error => GatewayError::new(Code::BadRequest, "the body of the request broke off")
            .detail(error.to_string()),
    }
}

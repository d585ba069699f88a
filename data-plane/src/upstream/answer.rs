use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use http_body::Body as _;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::{Stage, UpstreamError};

/// What an upstream answered: the head, and the body still to come.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: AnswerBody,
}

impl Answer {
    /// How long the body is, where the head says so.
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The whole body, which may not be larger than `limit`. A body that came in one piece is not
    /// copied.
    pub async fn gather(&mut self, limit: usize) -> Result<Bytes, UpstreamError> {
        let announced = self.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(UpstreamError::TooLarge(limit));
        }
        let Some(first) = self.body.next().await.transpose()? else { return Ok(Bytes::new()) };
        if first.len() > limit {
            return Err(UpstreamError::TooLarge(limit));
        }
        if first.len() == announced {
            return Ok(first);
        }
        let Some(second) = self.body.next().await.transpose()? else { return Ok(first) };
        let mut whole = BytesMut::with_capacity(announced.max(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(piece) = next {
            if whole.len() + piece.len() > limit {
                return Err(UpstreamError::TooLarge(limit));
            }
            whole.extend_from_slice(&piece);
            next = self.body.next().await.transpose()?;
        }
        Ok(whole.freeze())
    }
}

/// The body of an answer: its pieces as they are read, each within the idle deadline, all within
/// the total one. Dropping it before its end closes the connection, so a caller that leaves cancels
/// the call.
pub struct AnswerBody {
    body: reqwest::Body,
    idle: Duration,
    end: Instant,
    /// When the last piece came, or the head.
    last: Instant,
    /// Made at the first wait; most short answers never need it. It is left standing when pieces
    /// come, and looked at again when it fires.
    timer: Option<Pin<Box<Sleep>>>,
    /// The most bytes, and those that came.
    most: usize,
    came: usize,
    over: bool,
}

impl AnswerBody {
    pub(super) fn new(body: reqwest::Body, idle: Duration, end: Instant, most: usize) -> Self {
        let last = Instant::now();
        Self { body, idle, end, last, timer: None, most, came: 0, over: false }
    }

    /// When the last piece came; before the first one, the head.
    pub fn last(&self) -> Instant {
        self.last
    }

    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<UpstreamError> {
        loop {
            let due = self.end.min(self.last + self.idle);
            if Instant::now() >= due {
                let stage = if due == self.end { Stage::Total } else { Stage::Idle };
                return Poll::Ready(UpstreamError::Timeout(stage));
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.is_elapsed() {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(context));
        }
    }
}

impl Stream for AnswerBody {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        loop {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that a gateway needs.
                    let Ok(piece) = frame.into_data() else { continue };
                    if piece.is_empty() {
                        continue;
                    }
                    this.came = this.came.saturating_add(piece.len());
                    if this.came > this.most {
                        this.over = true;
                        return Poll::Ready(Some(Err(UpstreamError::TooLarge(this.most))));
                    }
                    this.last = Instant::now();
                    return Poll::Ready(Some(Ok(piece)));
                }
                Poll::Ready(Some(Err(error))) => {
                    this.over = true;
                    return Poll::Ready(Some(Err(UpstreamError::classify(&error))));
                }
                Poll::Ready(None) => {
                    this.over = true;
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    let error = ready!(this.poll_deadline(context));
                    this.over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use crate::upstream::UpstreamError;

/// A part of a scripted stream.
#[derive(Debug)]
pub(super) enum Piece {
    /// After the delay.
    Late(Bytes),
    /// At once.
    Now(Bytes),
    /// The connection breaks.
    Break,
}

/// A scripted stream.
#[derive(Debug)]
pub struct MockStream {
    pieces: std::vec::IntoIter<Piece>,
    waiting: Option<(Pin<Box<Sleep>>, Bytes)>,
    delay: Duration,
}

impl MockStream {
    pub(super) fn new(pieces: Vec<Piece>, delay: Duration) -> Self {
        Self { pieces: pieces.into_iter(), waiting: None, delay }
    }
}

impl Stream for MockStream {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some((timer, _)) = &mut self.waiting {
            ready!(timer.as_mut().poll(context));
        }
        if let Some((_, piece)) = self.waiting.take() {
            return Poll::Ready(Some(Ok(piece)));
        }
        match self.pieces.next() {
            Some(Piece::Late(piece)) if !self.delay.is_zero() => {
                self.waiting = Some((Box::pin(sleep(self.delay)), piece));
                self.poll_next(context)
            }
            Some(Piece::Late(piece) | Piece::Now(piece)) => Poll::Ready(Some(Ok(piece))),
            Some(Piece::Break) => {
                Poll::Ready(Some(Err(UpstreamError::Reset("the mock broke off".to_owned()))))
            }
            None => Poll::Ready(None),
        }
    }
}

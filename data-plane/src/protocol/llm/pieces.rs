//! Large answers in the pieces in which they came: nothing of them is copied.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sanmon_wire::json::{Member, Members, ScanError, Scanner, ValueKind};
use tokio::time::Instant;

use super::Failed;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::upstream::{Answer, UpstreamError};

/// An answer that is all there, and where its members stand.
pub(crate) struct Pieces {
    pieces: Vec<Bytes>,
    length: usize,
    members: Members,
}

impl Pieces {
    /// Of an answer in one piece.
    pub(crate) fn of(whole: Bytes) -> Result<Self, GatewayError> {
        let mut scanner = Scanner::default();
        scanner.feed(&whole).map_err(|error| invalid(&error))?;
        let members = scanner.finish().map_err(|error| invalid(&error))?;
        Ok(Self { length: whole.len(), pieces: vec![whole], members })
    }

    /// Reads an answer, finding its members on the way.
    pub(crate) async fn read(exchange: &Exchange, mut answer: Answer) -> Result<Self, Box<Failed>> {
        let limit = exchange.worker.limits.answer_bytes;
        let account = &exchange.account;
        let mut scanner = Scanner::default();
        let (mut pieces, mut length) = (Vec::new(), 0);
        account.upstream_again(Instant::now());
        while let Some(piece) = answer.body.next().await {
            let piece = piece?;
            length += piece.len();
            if length > limit {
                return Err(UpstreamError::TooLarge(limit).into());
            }
            scanner.feed(&piece).map_err(|error| invalid(&error))?;
            pieces.push(piece);
        }
        account.upstream_ended(Instant::now());
        let members = scanner.finish().map_err(|error| invalid(&error))?;
        Ok(Self { pieces, length, members })
    }

    /// What `look` sees at the beginning of the answer; all of it is shown where the first piece is
    /// too short to tell.
    pub(crate) fn looked_at<T>(mut self, look: fn(&[u8]) -> Option<T>) -> (Self, Option<T>) {
        if let Some(seen) = self.pieces.first().and_then(|piece| look(piece)) {
            return (self, Some(seen));
        }
        if self.pieces.len() > 1 {
            self.pieces = vec![self.pieces.concat().into()];
        }
        let seen = self.pieces.first().and_then(|piece| look(piece));
        (self, seen)
    }

    /// What the first member of this name is.
    pub(crate) fn kind(&self, name: &str) -> Option<ValueKind> {
        self.find(name).map(Member::kind)
    }

    /// The value of the first member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<Bytes> {
        self.find(name).map(|member| self.slice(member.value()))
    }

    fn find(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| {
            let key = member.key();
            key.len() == name.len() + 2 && self.slice(key.start + 1..key.end - 1) == name
        })
    }

    /// Some of the bytes, copied only where they stand in several pieces.
    fn slice(&self, range: Range<usize>) -> Bytes {
        let mut at = 0;
        let mut out: Vec<u8> = Vec::new();
        for piece in &self.pieces {
            let end = at + piece.len();
            let from = range.start.clamp(at, end) - at;
            let to = range.end.clamp(at, end) - at;
            if to - from == range.len() {
                return piece.slice(from..to);
            }
            out.extend_from_slice(piece.get(from..to).unwrap_or_default());
            at = end;
        }
        out.into()
    }

    /// All of it in one piece.
    pub(crate) fn whole(self) -> Bytes {
        match <[Bytes; 1]>::try_from(self.pieces) {
            Ok([one]) => one,
            Err(pieces) => pieces.concat().into(),
        }
    }

    /// As a body of known length.
    pub(crate) fn into_body(self) -> PiecesBody {
        PiecesBody { length: self.length as u64, pieces: self.pieces.into_iter() }
    }
}

fn invalid(error: &ScanError) -> GatewayError {
    GatewayError::new(Code::UpstreamInvalid, "the provider's answer is no JSON object")
        .detail(error.to_string())
}

/// The pieces, one after the other.
pub(crate) struct PiecesBody {
    length: u64,
    pieces: std::vec::IntoIter<Bytes>,
}

impl MessageBody for PiecesBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.pieces.next().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_over_the_cuts() {
        let text = br#"{"data":[1,2,3],"usage":{"total_tokens":4}}"#;
        for cut in 0..text.len() {
            let (a, b) = text.split_at(cut);
            let mut scanner = Scanner::default();
            scanner.feed(a).unwrap();
            scanner.feed(b).unwrap();
            let pieces = Pieces {
                pieces: vec![Bytes::from_static(a), Bytes::from_static(b)],
                length: text.len(),
                members: scanner.finish().unwrap(),
            };
            assert_eq!(pieces.member("usage").unwrap(), r#"{"total_tokens":4}"#);
            assert!(pieces.member("error").is_none());
            assert_eq!(pieces.whole(), text.as_slice());
        }
    }
}

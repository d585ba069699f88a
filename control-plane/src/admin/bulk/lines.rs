//! Cuts a body into lines as it comes.

use actix_web::web::{Bytes, BytesMut, Payload};

use super::super::body;
use super::super::error::ApiError;

/// The longest line.
pub(super) const LONGEST: usize = 1 << 20;

/// The lines of a body.
pub(super) struct Lines {
    payload: Payload,
    buffer: BytesMut,
    /// The rest of the line in the buffer is too long and is skipped.
    skipping: bool,
    ended: bool,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// What it says.
    Text(Bytes),
    /// It is longer than [`LONGEST`].
    TooLong,
}

impl Lines {
    pub(super) fn of(payload: Payload) -> Self {
        Self { payload, buffer: BytesMut::new(), skipping: false, ended: false }
    }

    /// The next line, also an empty one; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, ApiError> {
        // How much of the buffer is known to hold no line break.
        let mut seen = 0;
        loop {
            let found = self.buffer.iter().skip(seen).position(|byte| *byte == b'\n');
            if let Some(end) = found.map(|at| seen + at) {
                let mut line = self.buffer.split_to(end + 1);
                line.truncate(end);
                if std::mem::take(&mut self.skipping) || line.len() > LONGEST {
                    return Ok(Some(Line::TooLong));
                }
                return Ok(Some(Line::Text(line.freeze())));
            }
            if self.buffer.len() > LONGEST {
                self.buffer.clear();
                self.skipping = true;
            }
            seen = self.buffer.len();
            if self.ended {
                return Ok(self.last());
            }
            match body::next(&mut self.payload).await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => self.ended = true,
            }
        }
    }

    /// What stands after the last line break.
    fn last(&mut self) -> Option<Line> {
        if std::mem::take(&mut self.skipping) {
            self.buffer.clear();
            return Some(Line::TooLong);
        }
        let rest = self.buffer.split();
        (!rest.is_empty()).then(|| Line::Text(rest.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    use super::*;

    async fn lines(body: Vec<u8>) -> Vec<Line> {
        let (request, mut payload) = TestRequest::post().set_payload(body).to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        let mut lines = Lines::of(payload);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    fn text(line: &'static str) -> Line {
        Line::Text(Bytes::from_static(line.as_bytes()))
    }

    #[actix_web::test]
    async fn lines_are_cut_at_breaks_and_at_the_end() {
        assert_eq!(lines(b"a\n\nb".to_vec()).await, [text("a"), text(""), text("b")]);
        assert_eq!(lines(b"a\n".to_vec()).await, [text("a")]);
        assert_eq!(lines(Vec::new()).await, []);
    }

    #[actix_web::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let long = [vec![b'x'; LONGEST + 1], b"\nb\n".to_vec(), vec![b'y'; 2 * LONGEST]].concat();
        assert_eq!(lines(long).await, [Line::TooLong, text("b"), Line::TooLong]);
    }
}

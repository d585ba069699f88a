use memchr::memchr2;

/// Finds where events end: after a blank line, whether lines end with LF, CRLF or CR, and wherever
/// the stream is cut into pieces.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    /// The current line has bytes.
    in_line: bool,
    /// The current event has lines.
    in_event: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// An event ended with the last byte.
    over: bool,
}

impl Splitter {
    /// The end, in `piece`, of the event that goes on at `from`; `None` when the piece ends first.
    /// All bytes up to there count as seen.
    ///
    /// An event that ends with a CR at the end of a piece is over; the LF that may come next is
    /// told of by [`Splitter::leftover`].
    pub fn next(&mut self, piece: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = piece.get(at..).unwrap_or_default();
            let &first = rest.first()?;
            self.over = false;
            if self.after_cr {
                self.after_cr = false;
                if first == b'\n' {
                    at += 1;
                    continue;
                }
            }
            let Some(found) = memchr2(b'\n', b'\r', rest) else {
                self.in_line = true;
                return None;
            };
            let blank = found == 0 && !self.in_line;
            at += found + 1;
            self.in_line = false;
            self.after_cr = rest.get(found) == Some(&b'\r');
            if !blank {
                self.in_event = true;
                continue;
            }
            // Blank lines before an event belong to it.
            if self.in_event {
                self.in_event = false;
                if self.after_cr && piece.get(at) == Some(&b'\n') {
                    self.after_cr = false;
                    at += 1;
                }
                self.over = true;
                return Some(at);
            }
        }
    }

    /// How many bytes at the beginning of `piece` belong to the event that ended with the piece
    /// before it: the LF of its last CRLF. Ask before [`Splitter::next`].
    pub fn leftover(&mut self, piece: &[u8]) -> usize {
        if self.over && self.after_cr && piece.first() == Some(&b'\n') {
            self.after_cr = false;
            return 1;
        }
        0
    }
}

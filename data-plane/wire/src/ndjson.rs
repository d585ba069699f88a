//! JSON a line: where lines end in a stream of bytes, however they come.

/// The content type of such streams.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// A line is longer than a reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of the stream is longer than {0} bytes")]
pub struct TooLong(pub usize);

/// Cuts a stream of bytes into lines, and holds back no more than `limit` bytes of one that is not all
/// there.
#[derive(Clone, Debug)]
pub struct Reader {
    held: Vec<u8>,
    limit: usize,
}

impl Default for Reader {
    /// Lines of up to 16 MiB.
    fn default() -> Self {
        Self::new(16 * 1024 * 1024)
    }
}

impl Reader {
    /// Lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { held: Vec::new(), limit }
    }

    /// Shows `see` each line that is complete with this piece and is not blank.
    pub fn feed(&mut self, piece: &[u8], mut see: impl FnMut(&[u8])) -> Result<(), TooLong> {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, left) = rest.split_at(end);
            rest = left.get(1..).unwrap_or_default();
            if self.held.is_empty() {
                show(line, &mut see);
                continue;
            }
            self.held.extend_from_slice(line);
            show(&self.held, &mut see);
            self.held.clear();
        }
        self.held.extend_from_slice(rest);
        if self.held.len() > self.limit {
            self.held = Vec::new();
            return Err(TooLong(self.limit));
        }
        Ok(())
    }

    /// Shows `see` the last line, where nothing ended it.
    pub fn finish(&mut self, mut see: impl FnMut(&[u8])) {
        show(&std::mem::take(&mut self.held), &mut see);
    }
}

fn show(line: &[u8], see: &mut impl FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        see(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_stream_is_cut() {
        let stream = b"{\"a\":1}\r\n\n  {\"b\":2}\n{\"c\":3}";
        let read = |pieces: &[&[u8]]| {
            let mut lines = Vec::new();
            let mut reader = Reader::default();
            for piece in pieces {
                reader.feed(piece, |line| lines.push(line.to_vec())).unwrap();
            }
            reader.finish(|line| lines.push(line.to_vec()));
            lines
        };
        let whole = read(&[stream]);
        assert_eq!(whole, [b"{\"a\":1}", b"{\"b\":2}", b"{\"c\":3}"]);
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(read(&[a, b]), whole, "cut at {cut}");
        }
        assert_eq!(Reader::new(4).feed(b"12345", |_| ()), Err(TooLong(4)));
    }
}

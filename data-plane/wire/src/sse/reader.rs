use super::{Event, Splitter};

/// Cuts a stream of bytes into events, however the bytes come, and holds back no more than `limit`
/// bytes of an event that is not all there.
#[derive(Clone, Debug)]
pub struct Reader {
    splitter: Splitter,
    held: Vec<u8>,
    limit: usize,
}

/// An event is larger than a reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {0} bytes")]
pub struct TooLarge(pub usize);

impl Default for Reader {
    /// Events of up to 16 MiB: pictures come whole.
    fn default() -> Self {
        Self::new(16 * 1024 * 1024)
    }
}

impl Reader {
    /// Events of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { splitter: Splitter::default(), held: Vec::new(), limit }
    }

    /// Shows `see` each event that is complete with this piece.
    pub fn feed(&mut self, piece: &[u8], mut see: impl FnMut(Event<'_>)) -> Result<(), TooLarge> {
        let mut from = self.splitter.leftover(piece);
        while let Some(end) = self.splitter.next(piece, from) {
            let part = piece.get(from..end).unwrap_or_default();
            from = end;
            if self.held.is_empty() {
                see(Event::read(part));
                continue;
            }
            self.held.extend_from_slice(part);
            let mut event = std::mem::take(&mut self.held);
            see(Event::read(&event));
            event.clear();
            self.held = event;
        }
        self.held.extend_from_slice(piece.get(from..).unwrap_or_default());
        if self.held.len() > self.limit {
            self.held = Vec::new();
            return Err(TooLarge(self.limit));
        }
        Ok(())
    }

    /// Shows `see` the last event, where the stream ended without a blank line after it.
    pub fn finish(&mut self, see: impl FnOnce(Event<'_>)) {
        let held = std::mem::take(&mut self.held);
        let event = Event::read(&held);
        if event.data.is_some() {
            see(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let stream = b"event: a\r\ndata: 1\r\n\r\n: hi\n\ndata: 2\ndata: 3\n\ndata: 4";
        let read = |pieces: &[&[u8]]| {
            let mut events = Vec::new();
            let mut reader = Reader::default();
            let mut see = |event: Event<'_>| {
                if let Some(data) = event.data {
                    events.push((event.name.map(<[u8]>::to_vec), data.to_vec()));
                }
            };
            for piece in pieces {
                reader.feed(piece, &mut see).unwrap();
            }
            reader.finish(&mut see);
            events
        };
        let whole = read(&[stream]);
        assert_eq!(whole.len(), 3);
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(read(&[a, b]), whole, "cut at {cut}");
        }
        assert!(Reader::new(8).feed(b"data: 0123456789", |_| ()).is_err());
    }
}

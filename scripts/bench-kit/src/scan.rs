//! What a stream shows: marks of the mock provider, and its end.

use memchr::memmem;

use crate::{MARK, MARK_LEN, get_mark, now_ns};

/// What one stream has shown so far.
#[derive(Default)]
pub struct Scan {
    pub held: Vec<u8>,
    pub first_ns: u64,
    pub delays: Vec<u64>,
    pub done: bool,
}

impl Scan {
    /// Longest thing that may be cut in two by a read, less one byte.
    pub const HOLD: usize = MARK_LEN - 1;

    pub fn feed(&mut self, part: &[u8]) {
        let now = now_ns();
        self.held.extend_from_slice(part);
        let mut from = 0;
        while let Some(at) = memmem::find(&self.held[from..], MARK).map(|i| from + i) {
            if self.held.len() - at < MARK_LEN {
                break;
            }
            from = at + MARK.len();
            if let Some(sent) = get_mark(&self.held[at..]) {
                if self.delays.is_empty() {
                    self.first_ns = now;
                }
                self.delays.push(now.saturating_sub(sent));
                from = at + MARK_LEN;
            }
        }
        let ends = |what: &str| memmem::find(&self.held, what.as_bytes()).is_some();
        self.done = self.done || ends("[DONE]") || ends("message_stop");
        let keep = from.max(self.held.len().saturating_sub(Self::HOLD));
        self.held.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(ns: u64) -> Vec<u8> {
        let mut v = b"data: {\"content\":\" ".to_vec();
        crate::put_mark(&mut v, ns);
        v.extend_from_slice(b"\"}\n\n");
        v
    }

    #[test]
    fn marks_and_the_end_are_seen_however_a_stream_is_cut() {
        let mut all = Vec::new();
        for _ in 0..5 {
            all.extend(token(now_ns()));
        }
        all.extend_from_slice(b"data: [DONE]\n\n");
        for size in 1..all.len() {
            let mut scan = Scan::default();
            all.chunks(size).for_each(|part| scan.feed(part));
            assert_eq!((scan.delays.len(), scan.done), (5, true), "cut every {size} bytes");
        }
        let mut scan = Scan::default();
        scan.feed(&all[..all.len() - 14]);
        assert!(!scan.done);
    }
}

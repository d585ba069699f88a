//! Events as they are written: each with its type twice and a number.

use std::io::Write;

use crate::json::write_string;

/// Numbers them.
#[derive(Default)]
pub(super) struct Events {
    next: u64,
}

/// An event that is being written, its members one after the other.
pub(super) struct Event<'o> {
    out: &'o mut Vec<u8>,
}

impl Events {
    /// The next one has this number.
    pub(super) fn from(next: u64) -> Self {
        Self { next }
    }

    /// Begins an event.
    pub(super) fn event<'o>(&mut self, out: &'o mut Vec<u8>, name: &str) -> Event<'o> {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\ndata: {\"type\":\"");
        out.extend_from_slice(name.as_bytes());
        // Writing into memory does not fail.
        let _ = write!(out, "\",\"sequence_number\":{}", self.next);
        self.next += 1;
        Event { out }
    }
}

impl Event<'_> {
    /// A member that is a text.
    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        write_string(self.out, text);
        self
    }

    /// A member that is a text or `null`.
    pub(super) fn maybe(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self.raw(name, b"null"),
        }
    }

    /// A member that is a number.
    pub(super) fn number(mut self, name: &str, number: usize) -> Self {
        self.name(name);
        let _ = write!(self.out, "{number}");
        self
    }

    /// A member whose JSON there is.
    pub(super) fn raw(mut self, name: &str, json: &[u8]) -> Self {
        self.name(name);
        self.out.extend_from_slice(json);
        self
    }

    /// A member that is written by this.
    pub(super) fn with(mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.name(name);
        write(self.out);
        self
    }

    /// Ends it.
    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n\n");
    }

    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

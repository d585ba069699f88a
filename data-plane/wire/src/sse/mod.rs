//! Server-sent events: where one ends in a stream of bytes, and what it says. Writing them is a
//! line: `data: …` and a blank one.

mod event;
mod split;

pub use event::{Event, fields};
pub use split::Splitter;

/// An event with this data.
pub fn write_data(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// A comment, which readers skip: says that the sender lives.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

#[cfg(test)]
mod tests;

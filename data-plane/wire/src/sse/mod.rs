//! Server-sent events: where one ends in a stream of bytes, and what it says. Writing them is a
//! line: `data: …` and a blank one.

mod event;
mod reader;
mod split;

pub use event::{Event, fields};
pub use reader::{Reader, TooLarge};
pub use split::Splitter;

/// An event with this data.
pub fn write_data(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// An event with this name and data.
pub fn write_event(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    write_data(out, data);
}

/// A comment, which readers skip: says that the sender lives.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

#[cfg(test)]
mod tests;

//! Amazon's event streams (`application/vnd.amazon.eventstream`): binary frames with headers, a payload
//! and two checksums. Where a frame ends in a stream of bytes, what it says, and how one is written.
//!
//! A frame is, big endian: its length, the length of its headers, CRC-32 of these eight bytes, the
//! headers, the payload, and CRC-32 of all before.

mod frame;
mod header;
mod reader;

pub use frame::{Frame, FrameError, write_frame};
pub use header::{Headers, Value};
pub use reader::Reader;

/// The content type of such streams.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

#[cfg(test)]
mod tests;

//! Streams of events on their way to the caller: relayed as they are read, kept alive while they are
//! silent, ended with an event when they fail. What the events say is for a [`Relay`] to know.

mod cutoff;
mod pulse;
mod relayed;

pub use cutoff::Cutoff;
pub use pulse::{Pulse, Wake};
pub use relayed::{Relay, relayed};

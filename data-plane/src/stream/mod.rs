//! Streams of events on their way to the caller: relayed as they are read, kept alive while they are
//! silent, ended with an event when they fail. What the events say is for a [`Relay`] to know.

mod cutoff;
mod late;
mod pulse;
mod relayed;

pub use cutoff::Cutoff;
pub use late::Late;
pub use pulse::{Pulse, Wake};
pub use relayed::{Relay, relayed};

use crate::error::{Code, GatewayError};

/// What ends streams when the gateway stops.
pub(crate) fn stopping() -> GatewayError {
    GatewayError::new(Code::ShuttingDown, "the gateway stops")
}

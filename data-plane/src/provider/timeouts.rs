use std::num::NonZeroU64;
use std::time::Duration;

use sanmon_shared::resources::{Connection, TimeoutOverrides};

use crate::upstream::Deadlines;

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, where that differs from what the provider's connections have.
    pub connect: Option<Duration>,
    /// Until the first content of a streamed answer, where that has a limit of its own.
    pub first_token: Option<Duration>,
    /// The whole call, and the head of a streamed answer.
    pub total: Duration,
    /// Silence between pieces of a streamed answer.
    pub idle: Duration,
    /// A whole streamed answer.
    pub stream: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::of(&Connection::default())
    }
}

impl Timeouts {
    /// Of a provider's document.
    pub fn of(connection: &Connection) -> Self {
        Self {
            connect: None,
            first_token: connection.first_token_timeout.map(Duration::from_millis),
            total: Duration::from_millis(connection.timeout),
            idle: Duration::from_millis(connection.idle_timeout),
            stream: Duration::from_millis(connection.stream_timeout),
        }
    }

    /// Of a call whose answer comes as a whole.
    pub fn whole(&self) -> Deadlines {
        Deadlines { connect: self.connect, ..Deadlines::within(self.total) }
    }

    /// Of a call whose answer is streamed.
    pub fn streamed(&self) -> Deadlines {
        Deadlines {
            connect: self.connect,
            first_token: self.first_token,
            head: self.total,
            idle: self.idle,
            total: self.stream,
        }
    }

    /// The same, with what is said elsewhere over it.
    #[must_use]
    pub fn with(self, over: &TimeoutOverrides) -> Self {
        let time = |millis: Option<NonZeroU64>| Some(Duration::from_millis(millis?.get()));
        Self {
            connect: time(over.connect).or(self.connect),
            first_token: time(over.first_token).or(self.first_token),
            total: time(over.total).unwrap_or(self.total),
            idle: time(over.idle).unwrap_or(self.idle),
            stream: time(over.stream).unwrap_or(self.stream),
        }
    }
}

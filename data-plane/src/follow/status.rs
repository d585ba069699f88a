use std::time::Duration;

use jiff::Timestamp;
use sanmon_shared::Head;
use sanmon_shared::report::Refusal;

/// How a follower stands.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Requests can be served.
    pub ready: bool,
    /// What is served; none before the first snapshot.
    pub head: Option<Head>,
    /// When it began to be served.
    pub applied_at: Option<Timestamp>,
    /// How long the last change took from the answer of the source to the swap.
    pub apply_time: Option<Duration>,
    /// Documents served.
    pub documents: usize,
    /// Whether the source answered when it was last asked.
    pub source_healthy: bool,
    /// What could not be built and so is left in its last good form.
    pub refusals: Vec<Refusal>,
    /// What else is wrong, for people.
    pub alarms: Vec<String>,
}

impl Status {
    /// The revision served; 0 before the first snapshot.
    pub fn revision(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.revision)
    }
}

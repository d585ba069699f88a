//! What one worker of the server has for itself: nothing here is shared, nothing is locked.

use std::rc::Rc;

use crate::limits::Limits;
use crate::telemetry::Telemetry;
use crate::upstream::Upstream;

/// Upstream connections, limits, metrics and log buffer of one worker.
#[derive(Default)]
pub struct Worker {
    /// Opens connections, and keeps them.
    pub upstream: Upstream,
    /// What callers and upstreams may cost.
    pub limits: Limits,
    /// Where accounts go.
    pub(crate) telemetry: Rc<Telemetry>,
}

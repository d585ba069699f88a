//! What operators see: metrics, the access log, whether the data plane lives and is ready.

use crate::exchange::Record;

/// The metrics and the log buffer of one worker.
#[derive(Default)]
pub struct Telemetry {}

impl Telemetry {
    /// A request came in.
    pub(crate) fn began(&self) {}

    /// An exchange is over.
    pub(crate) fn ended(&self, _: &Record) {}
}

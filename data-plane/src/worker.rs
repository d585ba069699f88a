//! What one worker of the server has for itself: nothing here is shared, nothing is locked.

/// Upstream clients, metric handles, limits and the log buffer of one worker.
#[derive(Debug, Default)]
pub struct Worker {}

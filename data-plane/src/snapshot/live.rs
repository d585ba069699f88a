use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Snapshot;

/// The snapshot that new requests see. The swap is the only synchronization.
pub struct Live {
    snapshot: ArcSwap<Snapshot>,
}

impl Live {
    /// Begins with `snapshot`.
    pub fn new(snapshot: Snapshot) -> Self {
        Self { snapshot: ArcSwap::from_pointee(snapshot) }
    }

    /// Taken once at the door; the whole request then sees one revision.
    pub fn now(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// New requests see `next`; returns the old one, for the caller to free off the workers.
    pub fn swap(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        self.snapshot.swap(next)
    }
}

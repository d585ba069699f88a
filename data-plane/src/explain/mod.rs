//! What would become of a request, told by the code that would answer it: a snapshot of the configuration is
//! asked, plugins say what they would say, and nobody is called. Nothing is counted: the exchange has a
//! worker of its own.

mod dry;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use sanmon_shared::clock::Clock;
use sanmon_shared::explain::{Configured, Explain, ExplainRequest, Explanation};
use sanmon_shared::reference::Nowhere;
use sanmon_shared::{Change, Head};

use crate::plugin::BuildContext;
use crate::snapshot::Snapshot;

/// Explains requests by the configuration that it is given.
pub struct Explainer {
    clock: Clock,
    /// The last one, compiled.
    last: Mutex<Option<Arc<Snapshot>>>,
}

/// Explains requests at the time of this clock.
pub fn explainer(clock: Clock) -> Explainer {
    Explainer { clock, last: Mutex::default() }
}

impl Explain for Explainer {
    fn explain(&self, configured: &dyn Configured, request: &ExplainRequest) -> Explanation {
        dry::run(&self.snapshot(configured), request, &self.clock)
    }
}

impl Explainer {
    /// The configuration compiled. Secrets stay sealed: keys are known by their hashes.
    fn snapshot(&self, configured: &dyn Configured) -> Arc<Snapshot> {
        let head = configured.head();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(snapshot) = last.filter(|snapshot| snapshot.head == *head) {
            return snapshot;
        }
        let context = BuildContext { seal: None, elsewhere: &Nowhere, targets: None, owner: "" };
        let mut edit = Arc::new(Snapshot::empty(Head::empty(&head.lineage))).edit();
        configured.each(&mut |entry| {
            let change = Change {
                kind: entry.kind.clone(),
                id: Arc::clone(&entry.id),
                before: None,
                after: Some(Arc::clone(&entry.document)),
            };
            edit.apply(&change, entry.revision, &context);
        });
        let (snapshot, _) = edit.finish(head.clone());
        let snapshot = Arc::new(snapshot);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&snapshot));
        snapshot
    }
}

//! Deletes what was written with a time to live.
//!
//! The times stand in the documents, so they survive restarts, and every control plane may look: who
//! comes second finds nothing to delete. A full look happens once; then only what changes is looked
//! at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sanmon_shared::resources::Admin;
use sanmon_shared::store::Changes;
use sanmon_shared::task::Tasks;
use sanmon_shared::{Head, Resource as _};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::{info, warn};

use super::stamp::{self, EXPIRES};
use crate::configuration::{
    Author, Configuration, Match, Operation, Precondition, WriteError, WriteRequest,
};

/// How long at most until it is looked at again.
const PATIENCE: Duration = Duration::from_secs(5);
/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Change sets looked at at a time.
const BATCH: usize = 256;

/// Deletions in one revision.
const AT_ONCE: usize = 1_000;

/// Deletes expired documents until the control plane stops.
pub(crate) fn start(configuration: &Arc<Configuration>, tasks: &Tasks) {
    let mut sweeper = Sweeper::new(configuration);
    let stopping = tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stopping.stopping() => {}
            () = sweeper.run() => {}
        }
    });
}

/// Knows what expires when.
pub(super) struct Sweeper {
    configuration: Arc<Configuration>,
    /// By plural and id.
    due: BTreeMap<(String, String), Timestamp>,
    /// Up to where changes were looked at.
    seen: Option<Head>,
}

impl Sweeper {
    pub(super) fn new(configuration: &Arc<Configuration>) -> Self {
        Self { configuration: Arc::clone(configuration), due: BTreeMap::new(), seen: None }
    }

    async fn run(&mut self) {
        let mut told = None;
        loop {
            let failed = self.sweep().await.err().map(|error| error.to_string());
            if let Some(error) = failed.as_ref().filter(|_| failed != told) {
                warn!(error, "expired documents could not be deleted");
            }
            told = failed;
            let now = self.configuration.clock().now();
            let next = self.due.values().min().map(|due| due.duration_since(now));
            let next = next.and_then(|next| Duration::try_from(next).ok()).unwrap_or(PATIENCE);
            // A store that is away, or that others write to all the time, returns at once.
            tokio::time::sleep(PAUSE).await;
            if let Some(seen) = &self.seen {
                self.configuration.store().wait(seen, next.min(PATIENCE)).await;
            }
        }
    }

    /// Looks at what changed, and deletes what has expired.
    pub(super) async fn sweep(&mut self) -> Result<(), WriteError> {
        self.look().await?;
        let now = self.configuration.clock().now();
        let state = self.configuration.state();
        let expired = self.due.iter().filter(|(_, due)| **due <= now);
        let operations: Vec<Operation> = expired
            .filter_map(|((plural, id), _)| {
                // One that was written again meanwhile may have got more time.
                let revision = state.get(plural, id)?.revision;
                let if_match = Some(Match::Revisions(vec![revision]));
                let precondition = Precondition { if_match, if_none_match: None };
                Some(Operation::delete(plural, id, true).only_if(precondition))
            })
            .take(AT_ONCE)
            .collect();
        if operations.is_empty() {
            return Ok(());
        }
        let deleted = operations.len();
        let write = WriteRequest { operations, message: "expired".to_owned(), dry_run: false };
        match self.configuration.write(&Author::new("expiry"), write).await {
            Ok(_) => info!(deleted, "expired documents deleted"),
            // Somebody was quicker; the next look tells what is left.
            Err(WriteError::NotFound { .. } | WriteError::Precondition { .. }) => {}
            Err(error) => return Err(error),
        }
        self.look().await
    }

    async fn look(&mut self) -> Result<(), WriteError> {
        let store = Arc::clone(self.configuration.store());
        while let Some(seen) = &self.seen {
            let Changes::Sets(sets) = store.changes(seen, BATCH).await? else { break };
            let Some(last) = sets.last() else { return Ok(()) };
            self.seen = Some(last.head.clone());
            for change in sets.iter().flat_map(|set| &set.changes) {
                self.note(change.kind.as_str(), &change.id, change.after.as_deref());
            }
        }
        let fresh = self.configuration.fresh().await;
        if fresh.stale.is_some() {
            // The store is away, or holds another line that nobody follows.
            return Ok(());
        }
        let state = fresh.state;
        self.due.clear();
        for plural in state.plurals() {
            for entry in state.list(plural.as_str()) {
                self.note(plural.as_str(), &entry.id, Some(&entry.document));
            }
        }
        self.seen = Some(state.head().clone());
        Ok(())
    }

    /// Notes when a document expires, if it does.
    fn note(&mut self, plural: &str, id: &str, document: Option<&RawValue>) {
        let text = document.map_or("", RawValue::get);
        // Nearly none says so; those are not read.
        let due = text.contains(EXPIRES).then(|| {
            let document: Value = serde_json::from_str(text).unwrap_or_default();
            stamp::read(document.get("metadata")).1.expires
        });
        let key = (plural.to_owned(), id.to_owned());
        match due.flatten().filter(|_| plural != Admin::PLURAL) {
            Some(due) => drop(self.due.insert(key, due)),
            None => drop(self.due.remove(&key)),
        }
    }
}

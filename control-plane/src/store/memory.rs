//! A store that forgets, for tests: the same promises as the others, durability apart.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, CommitError, EntrySink, Source, Store, StoreError};
use sanmon_shared::{ChangeSet, Entry, Head, Kind};

use super::history::{Retention, follows};
use super::identity::{Given, Identity};
use super::local::{Reports, Waiters};
use super::token::DataPlaneToken;

/// Keeps a configuration as long as it lives.
pub struct MemoryStore {
    state: Mutex<State>,
    waiters: Waiters,
    reports: Reports,
    retention: Retention,
    clock: Clock,
    seal: Seal,
    token: DataPlaneToken,
}

struct State {
    head: Head,
    documents: BTreeMap<(Kind, Arc<str>), Entry>,
    history: VecDeque<Arc<ChangeSet>>,
}

impl MemoryStore {
    /// An empty one, at the beginning of a new lineage.
    pub fn new(given: &Given, retention: Retention, clock: Clock) -> Result<Self, StoreError> {
        let (identity, _) = Identity::fresh(given)?;
        let head = Head::empty(&identity.lineage);
        let state =
            State { head: head.clone(), documents: BTreeMap::new(), history: VecDeque::new() };
        Ok(Self {
            state: Mutex::new(state),
            waiters: Waiters::at(head),
            reports: Reports::new(clock.clone()),
            retention,
            clock,
            seal: identity.seal(given)?,
            token: identity.token(given)?,
        })
    }

    /// Whom it lets follow.
    pub fn token(&self) -> DataPlaneToken {
        self.token.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for MemoryStore {
    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state().head.clone())
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        let (head, entries) = {
            let state = self.state();
            (state.head.clone(), state.documents.values().cloned().collect::<Vec<_>>())
        };
        entries.into_iter().for_each(sink);
        Ok(head)
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        let state = self.state();
        if head.lineage != state.head.lineage || head.revision > state.head.revision {
            return Ok(Changes::Gone);
        }
        let oldest = state.history.front().map_or(u64::MAX, |set| set.head.revision);
        if head.revision < state.head.revision && head.revision + 1 < oldest {
            return Ok(Changes::Gone);
        }
        let after = |set: &&Arc<ChangeSet>| set.head.revision > head.revision;
        Ok(Changes::Sets(state.history.iter().filter(after).take(limit).cloned().collect()))
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        self.waiters.wait(head, patience).await;
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        Ok(self.seal.clone())
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        self.reports.add(report);
        Ok(ReportAnswer::default())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let cutoff = self.retention.cutoff(&self.clock);
        let mut state = self.state();
        if !follows(set, &state.head) {
            return Err(CommitError::Conflict(state.head.clone()));
        }
        for change in &set.changes {
            let key = (change.kind.clone(), Arc::clone(&change.id));
            match &change.after {
                Some(document) => {
                    let entry = Entry {
                        kind: change.kind.clone(),
                        id: Arc::clone(&change.id),
                        revision: set.head.revision,
                        document: Arc::clone(document),
                    };
                    state.documents.insert(key, entry);
                }
                None => drop(state.documents.remove(&key)),
            }
        }
        state.head = set.head.clone();
        state.history.push_back(Arc::new(set.clone()));
        for _ in 0..self.retention.per_commit {
            let goes = state.history.front().is_some_and(|oldest| {
                let (revision, at) = (oldest.head.revision, oldest.at.as_millisecond());
                self.retention.releases(set.head.revision, cutoff, revision, at)
            });
            if !goes {
                break;
            }
            state.history.pop_front();
        }
        drop(state);
        self.waiters.announce(&set.head);
        Ok(())
    }

    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError> {
        Ok(self.state().history.iter().find(|set| set.head.revision == revision).cloned())
    }

    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let state = self.state();
        let ends = state.history.front().zip(state.history.back());
        Ok(ends.map(|(oldest, newest)| (oldest.head.revision, newest.head.revision)))
    }

    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError> {
        Ok(self.reports.all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(retention: Retention, clock: Clock) -> std::future::Ready<(Arc<dyn Store>, ())> {
        let store = MemoryStore::new(&Given::default(), retention, clock).unwrap();
        std::future::ready((Arc::new(store), ()))
    }

    crate::store::suite::suite!(open);
}

//! Keeps a state in step with the store, which other control planes write to as well.
//!
//! A store that suddenly holds another line of revisions, or none, is not followed: an empty store
//! would mean "delete everything". The last state goes on being shown, writes are refused, and the
//! alarm stays until this process is restarted or the store is itself again.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, Store, StoreError};
use sanmon_shared::task::Tasks;
use sanmon_shared::{ChangeSet, Digest, Entry, Head};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::rules::Rules;
use super::state::State;

/// How long a missed hint goes unnoticed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause after a failure to reach the store.
const PAUSE: Duration = Duration::from_millis(500);

/// Change sets asked for at a time.
const BATCH: usize = 256;

/// Full loads before a store that does not agree with itself is called damaged.
const LOADS: usize = 3;

/// The state, following the store.
pub(super) struct Follower {
    store: Arc<dyn Store>,
    rules: Arc<Rules>,
    state: ArcSwap<State>,
    /// Of the lineage that is followed.
    seal: ArcSwap<Seal>,
    alarm: ArcSwapOption<String>,
    /// Held by whoever brings the state forward.
    catching: Mutex<()>,
}

impl Follower {
    /// Loads everything.
    pub(super) async fn open(
        store: Arc<dyn Store>,
        rules: Arc<Rules>,
    ) -> Result<Arc<Self>, StoreError> {
        let seal = ArcSwap::from_pointee(store.seal().await?);
        let state = load(&store, &rules).await?;
        info!(revision = state.head().revision, "configuration loaded");
        Ok(Arc::new(Self {
            store,
            rules,
            state: ArcSwap::from(state),
            seal,
            alarm: ArcSwapOption::empty(),
            catching: Mutex::new(()),
        }))
    }

    /// Follows until the plane stops.
    pub(super) fn start(self: &Arc<Self>, tasks: &Tasks) {
        let follower = Arc::clone(self);
        let stopping = tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = follower.follow() => {}
            }
        });
    }

    async fn follow(&self) {
        loop {
            let head = self.state.load().head().clone();
            self.store.wait(&head, PATIENCE).await;
            if self.catch_up().await.is_err() {
                // What is wrong is in the alarm.
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    pub(super) fn seal(&self) -> Arc<Seal> {
        self.seal.load_full()
    }

    /// What is wrong between the store and us; none when all is well.
    pub(super) fn alarm(&self) -> Option<Arc<String>> {
        self.alarm.load_full()
    }

    /// The state at the store's head as of now, or later.
    pub(super) async fn catch_up(&self) -> Result<Arc<State>, StoreError> {
        let result = self.advance().await;
        match &result {
            Ok(_) => {
                if let Some(alarm) = self.alarm.swap(None) {
                    info!(%alarm, "the store is itself again");
                }
            }
            Err(error) => {
                let text = error.to_string();
                let known = self.alarm.load().as_deref().is_some_and(|alarm| *alarm == text);
                if !known {
                    warn!(%error, "the configuration store cannot be followed");
                    self.alarm.store(Some(Arc::new(text)));
                }
            }
        }
        result
    }

    async fn advance(&self) -> Result<Arc<State>, StoreError> {
        let head = self.store.head().await?;
        let state = self.state();
        if *state.head() == head {
            return Ok(state);
        }
        let _catching = self.catching.lock().await;
        let state = self.state();
        // While we waited another one may have gone further than this head.
        let passed = state.head().lineage == head.lineage
            && state.head().revision >= head.revision
            && self.store.head().await? == *state.head();
        if passed {
            return Ok(state);
        }
        let head = self.store.head().await?;
        let next = match self.step(&state, &head).await? {
            Some(next) => next,
            None => load(&self.store, &self.rules).await?,
        };
        if next.head().lineage != state.head().lineage {
            self.seal.store(Arc::new(self.store.seal().await?));
        }
        self.state.store(Arc::clone(&next));
        Ok(next)
    }

    /// Follows the change sets up to `head`; none where only a full load leads there.
    async fn step(
        &self,
        state: &Arc<State>,
        head: &Head,
    ) -> Result<Option<Arc<State>>, StoreError> {
        let ours = state.head();
        let emptied = head.lineage != ours.lineage || head.revision == 0;
        if emptied && ours.revision > 0 {
            return Err(StoreError::Refused(format!(
                "it now holds revision {} of another line ({}) than the one that is served here \
                 (revision {} of {}); restart the control plane to take it as it is",
                head.revision, head.lineage, ours.revision, ours.lineage
            )));
        }
        if emptied || head.revision <= ours.revision {
            warn!(ours = ours.revision, theirs = head.revision, "the store went back; loading all");
            return Ok(None);
        }
        let mut state = Arc::clone(state);
        while state.head().revision < head.revision {
            let sets = match self.store.changes(state.head(), BATCH).await? {
                Changes::Sets(sets) if !sets.is_empty() => sets,
                Changes::Sets(_) | Changes::Gone => return Ok(None),
            };
            for set in sets {
                match state.after(&set, &self.rules.references) {
                    Some(next) => state = Arc::new(next),
                    None => return Ok(None),
                }
            }
        }
        Ok(Some(state))
    }

    /// Takes a set that was just committed, if nobody was quicker.
    pub(super) async fn committed(&self, set: &ChangeSet) {
        let _catching = self.catching.lock().await;
        let state = self.state.load();
        if let Some(next) = state.after(set, &self.rules.references) {
            self.state.store(Arc::new(next));
        }
    }
}

/// Everything the store has: a full scan, and then what changed during it.
async fn load(store: &Arc<dyn Store>, rules: &Arc<Rules>) -> Result<Arc<State>, StoreError> {
    for _ in 0..LOADS {
        let mut entries = Vec::new();
        let mut head = store.load(&mut |entry| entries.push(entry)).await?;
        let mut sets = Vec::new();
        // Should it move on so quickly that we fall out of its history, the digest tells.
        while let Changes::Sets(more) = store.changes(&head, BATCH).await? {
            let Some(last) = more.last() else { break };
            head = last.head.clone();
            sets.extend(more);
        }
        let rules = Arc::clone(rules);
        // Seconds of work for a large configuration, on no thread that serves.
        let built = tokio::task::spawn_blocking(move || build(entries, &sets, &head, &rules)).await;
        match built {
            Ok(Some(state)) => return Ok(Arc::new(state)),
            Ok(None) => warn!("the documents and the digest of the store differ; loading again"),
            Err(error) => return Err(StoreError::Unavailable(error.to_string())),
        }
    }
    Err(StoreError::Damaged("its documents do not add up to the digest of its head".to_owned()))
}

/// The state of these documents with these changes, if it is what the head says.
fn build(
    entries: Vec<Entry>,
    sets: &[Arc<ChangeSet>],
    head: &Head,
    rules: &Rules,
) -> Option<State> {
    let mut state = State::empty(head.clone());
    for entry in entries {
        state.insert(entry, &rules.references);
    }
    for set in sets {
        for change in &set.changes {
            state.change(change, set.head.revision, &rules.references);
        }
    }
    let digest = |digest: Digest, entry: &Arc<Entry>| {
        digest.plus(Digest::of(entry.kind.as_str(), &entry.id, &entry.document))
    };
    (state.all().fold(Digest::default(), digest) == head.digest).then_some(state)
}

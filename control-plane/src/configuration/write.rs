//! Commits: plan against the newest state, compare and swap the head, and again when somebody else
//! was first.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::store::{CommitError, StoreError};
use sanmon_shared::{ChangeSet, Document};
use tokio::time::Instant;
use tracing::info;

use super::Configuration;
use super::error::WriteError;
use super::operation::{Author, Operation, WriteRequest, Written};
use super::plan::{Plan, Planner, Trust};
use super::state::State;

/// How long a write tries to be first.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be planned. Shared with the thread that plans.
#[derive(Clone)]
pub(super) enum Intent {
    /// Do these.
    Operations(Arc<[Operation]>, Trust),
    /// Make these documents so: plural, id, document.
    Restore(Arc<[(String, String, Option<Document>)]>),
}

/// Who wants it, why, and whether in earnest.
pub(super) struct Occasion<'a> {
    pub(super) author: &'a Author,
    pub(super) message: String,
    pub(super) dry_run: bool,
}

impl Configuration {
    /// Checks the operations together and commits them as one revision, or none of them.
    pub async fn write(
        &self,
        author: &Author,
        request: WriteRequest,
    ) -> Result<Written, WriteError> {
        let intent = Intent::Operations(request.operations.into(), Trust::Client);
        let occasion = Occasion { author, message: request.message, dry_run: request.dry_run };
        self.commit(&occasion, |_| ready(Ok(intent.clone()))).await
    }

    /// Plans what `intent` makes of the newest state, and commits it.
    pub(super) async fn commit<F: Future<Output = Result<Intent, WriteError>>>(
        &self,
        occasion: &Occasion<'_>,
        intent: impl Fn(Arc<State>) -> F,
    ) -> Result<Written, WriteError> {
        let deadline = Instant::now() + PATIENCE;
        // Our own writes take turns; only those of other control planes meet in the store.
        let turn = tokio::time::timeout_at(deadline, self.writing.lock()).await;
        let _turn = turn.map_err(|_| WriteError::Deadline)?;
        while Instant::now() < deadline {
            let state = self.follower.catch_up().await?;
            let intent = intent(Arc::clone(&state)).await?;
            let plan = self.plan(&state, intent, occasion.dry_run).await?;
            if plan.changes.is_empty() {
                let Plan { outcomes, .. } = plan;
                return Ok(Written { head: state.head().clone(), changed: false, outcomes });
            }
            let set = ChangeSet::after(
                state.head(),
                self.clock.now(),
                Arc::clone(&occasion.author.0),
                occasion.message.clone(),
                plan.changes,
            );
            let written =
                Written { head: set.head.clone(), changed: true, outcomes: plan.outcomes };
            if occasion.dry_run || self.attempt(&set).await? {
                return Ok(written);
            }
        }
        Err(WriteError::Deadline)
    }

    async fn plan(
        &self,
        state: &Arc<State>,
        intent: Intent,
        dry_run: bool,
    ) -> Result<Plan, WriteError> {
        let (rules, state) = (Arc::clone(&self.rules), Arc::clone(state));
        let (seal, now) = (self.follower.seal(), self.clock.now());
        // Checking builds plugins and may hold many documents: not on a thread that serves.
        let planned = tokio::task::spawn_blocking(move || {
            let trust = match &intent {
                Intent::Operations(_, trust) => *trust,
                Intent::Restore(_) => Trust::Export,
            };
            let planner =
                Planner { rules: &rules, seal: &seal, state: &state, now, trust, show: !dry_run };
            match &intent {
                Intent::Operations(operations, _) => planner.operations(operations),
                Intent::Restore(documents) => planner.restore(documents),
            }
        });
        planned.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// Whether the set was committed; not if somebody else was first.
    async fn attempt(&self, set: &ChangeSet) -> Result<bool, WriteError> {
        match self.store.commit(set).await {
            Ok(()) => {}
            Err(CommitError::Conflict(_)) => return Ok(false),
            Err(CommitError::Store(error)) => {
                // The answer may have been lost, and not the commit.
                let stored = self.store.revision(set.head.revision).await.ok().flatten();
                let ours = stored.is_some_and(|stored| {
                    stored.head == set.head && stored.at == set.at && stored.author == set.author
                });
                if !ours {
                    return Err(error.into());
                }
            }
        }
        info!(revision = set.head.revision, author = %set.author, "configuration committed");
        self.follower.committed(set).await;
        Ok(true)
    }
}

//! The loop: ask the source where it stands, go there, wait for a hint.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::OptionFuture;
use jiff::Timestamp;
use sanmon_shared::reference::Elsewhere;
use sanmon_shared::report::Refusal;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, StoreError};
use sanmon_shared::task::Tasks;
use sanmon_shared::{ChangeSet, Head};
use tokio::sync::watch;

use super::alarms::{Alarm, Alarms};
use super::index::Index;
use super::last_good::Keeper;
use super::retire::Retired;
use super::status::Status;
use super::vain::Vain;
use super::{LastGood, Options};
use crate::plugin::BuildContext;
use crate::secrets::{Caller, Known, Sight};
use crate::snapshot::{Edit, Snapshot};

/// How long the source may take to say where it stands.
pub(super) const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to give change sets.
pub(super) const CHANGES_PATIENCE: Duration = Duration::from_mins(1);

/// Change sets that are asked for at once.
pub(super) const CHANGES: usize = 256;

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long the last good state stays unwritten before everything is loaded to write it.
const REBASE_EVERY: Duration = Duration::from_mins(1);

/// What is served.
pub(super) struct Served {
    pub(super) head: Head,
    pub(super) seal: Seal,
}

/// What to do after a look at the source.
pub(super) enum Next {
    /// Wait for something other than this head.
    Wait(Head),
    /// Look again soon.
    Retry,
}

/// A follower at work. It blocks now and then, so it runs on a thread of its own.
pub(super) struct Chase {
    pub(super) options: Arc<Options>,
    pub(super) served: Option<Served>,
    pub(super) index: Index,
    pub(super) alarms: Alarms,
    pub(super) keeper: Option<Keeper>,
    /// Full loads that failed in a row.
    pub(super) failed_loads: u32,
    /// Secrets that managers keep.
    pub(super) known: Known,
    /// Who asks for them.
    pub(super) caller: Rc<Caller>,
    status: Arc<watch::Sender<Arc<Status>>>,
    pub(super) tasks: Tasks,
    retired: Retired<Snapshot>,
    refusals: Vec<Refusal>,
    applied_at: Option<Timestamp>,
    apply_time: Option<Duration>,
    source_healthy: bool,
    pub(super) ready: bool,
    rebased: Instant,
}

impl Chase {
    pub(super) fn new(
        options: Arc<Options>,
        status: Arc<watch::Sender<Arc<Status>>>,
        tasks: Tasks,
    ) -> Self {
        Self {
            known: Known::default(),
            caller: Rc::new(Caller::new(options.clock.clone())),
            options,
            served: None,
            index: Index::default(),
            alarms: Alarms::default(),
            keeper: None,
            failed_loads: 0,
            status,
            tasks,
            retired: Retired::default(),
            refusals: Vec::new(),
            applied_at: None,
            apply_time: None,
            source_healthy: false,
            ready: false,
            rebased: Instant::now(),
        }
    }

    /// Follows until the plane stops.
    pub(super) async fn run(mut self) {
        if self.options.last_good == LastGood::Kept {
            self.restore();
            self.settle_restored().await;
        }
        let mut refreshing = None;
        let mut pause = Duration::ZERO;
        let mut vain = Vain::default();
        while !self.tasks.is_stopping() {
            let next = self.reconcile().await;
            self.ready |= self.served.is_some();
            self.tend();
            self.publish();
            let tasks = self.tasks.clone();
            let waiting = async {
                match next {
                    Next::Wait(head) => {
                        pause = Duration::ZERO;
                        let interval = self.options.interval;
                        tokio::time::sleep(vain.pause(&head)).await;
                        let began = Instant::now();
                        self.options.source.wait(&head, interval).await;
                        vain.woken(head, began.elapsed() < interval / 2);
                    }
                    Next::Retry => {
                        let most = self.options.interval * (1 + self.failed_loads.min(11));
                        pause = (pause * 2).clamp(self.options.interval / 16, LONGEST_PAUSE);
                        tokio::time::sleep(pause.min(most)).await;
                    }
                }
            };
            let due = self.known.due().filter(|_| refreshing.is_none());
            tokio::select! {
                () = tasks.stopping() => {}
                () = waiting => {}
                () = at(due) => refreshing = Some(self.refresh()),
                Some(fetched) = OptionFuture::from(refreshing.as_mut()) => {
                    refreshing = None;
                    self.refreshed(fetched).await;
                }
            }
        }
        self.tend();
    }

    /// Looks where the source stands and goes there, within the lineage and forwards only.
    async fn reconcile(&mut self) -> Next {
        let source = Arc::clone(&self.options.source);
        let head = match within(HEAD_PATIENCE, source.head()).await {
            Ok(head) => head,
            Err(error) => return self.source_failed(&error),
        };
        self.source_healthy = true;
        self.alarms.clear(Alarm::Source);
        let Some(served) = &self.served else { return self.full_load().await };
        let ours = &served.head;
        if head.lineage != ours.lineage {
            let text = format!(
                "the source has the lineage {} at revision {} instead of {}: it was emptied or \
                 replaced, and revision {} is served on; to follow it, remove the last good state \
                 and start again",
                head.lineage, head.revision, ours.lineage, ours.revision
            );
            self.alarms.raise(Alarm::Lineage, text);
            return Next::Wait(head);
        }
        if head.revision < ours.revision {
            let text = format!(
                "the source is behind, at revision {}: it lost commits or was restored, and \
                 revision {} is served on",
                head.revision, ours.revision
            );
            self.alarms.raise(Alarm::Lineage, text);
            return Next::Wait(head);
        }
        if head.revision == ours.revision && head.digest != ours.digest {
            let text = format!("revision {} of the source is another one than ours", head.revision);
            self.alarms.raise(Alarm::Lineage, text);
            return self.full_load().await;
        }
        self.catch_up(head).await
    }

    async fn catch_up(&mut self, head: Head) -> Next {
        let source = Arc::clone(&self.options.source);
        while let Some(ours) = self.served.as_ref().map(|served| served.head.clone()) {
            if ours.revision >= head.revision {
                self.alarms.clear(Alarm::Lineage);
                self.alarms.clear(Alarm::Digest);
                if self.keeper.as_ref().is_some_and(Keeper::needs_base)
                    && self.rebased.elapsed() > REBASE_EVERY
                {
                    self.rebased = Instant::now();
                    return self.full_load().await;
                }
                return Next::Wait(ours);
            }
            let began = Instant::now();
            let sets = match within(CHANGES_PATIENCE, source.changes(&ours, CHANGES)).await {
                Ok(Changes::Sets(sets)) if !sets.is_empty() => sets,
                Ok(_) => {
                    tracing::info!(revision = ours.revision, "too far behind: loading everything");
                    return self.full_load().await;
                }
                Err(error) => return self.source_failed(&error),
            };
            if !self.apply(&sets, began).await {
                let text = "the change sets of the source do not lead from what is served to \
                            where it stands: loading everything";
                self.alarms.raise(Alarm::Digest, text);
                return self.full_load().await;
            }
        }
        Next::Retry
    }

    /// Applies those of the change sets that follow; false where one does not.
    async fn apply(&mut self, sets: &[Arc<ChangeSet>], began: Instant) -> bool {
        let Some(served) = &self.served else { return false };
        let options = Arc::clone(&self.options);
        let mut edit = options.live.now().edit();
        let (mut head, seal) = (served.head.clone(), served.seal.clone());
        let mut applied = 0;
        let sight = sight(&self.known, &options);
        for set in sets {
            if !leads_on(&head, &self.index, set) {
                break;
            }
            make(set, &mut edit, &mut self.index, &context(&seal, &sight, &options));
            head = set.head.clone();
            applied += 1;
        }
        if applied > 0 {
            self.settle(&mut edit, &seal).await;
            self.swap(edit, Served { head, seal }, began);
            if let Some(keeper) = &mut self.keeper {
                keeper.append(sets.get(..applied).unwrap_or_default());
            }
        }
        applied == sets.len()
    }

    /// Requests see what was edited from now on.
    pub(super) fn swap(&mut self, edit: Edit, served: Served, began: Instant) {
        let (snapshot, refusals) = edit.finish(served.head.clone());
        let old = self.options.live.swap(Arc::new(snapshot));
        self.retired.push(old);
        for refusal in refusals.iter().filter(|refusal| !self.refusals.contains(refusal)) {
            tracing::warn!(
                kind = refusal.kind,
                id = refusal.id,
                revision = refusal.revision,
                reason = refusal.reason,
                "a document cannot be built and keeps its last good form"
            );
        }
        self.refusals = refusals;
        self.applied_at = Some(self.options.clock.now());
        self.apply_time = Some(began.elapsed());
        self.served = Some(served);
        // Before anything else: who waits for this revision is told by the report.
        self.ready = true;
        self.publish();
    }

    pub(super) fn source_failed(&mut self, error: &StoreError) -> Next {
        self.source_healthy = false;
        self.alarms.raise(Alarm::Source, format!("the source does not answer: {error}"));
        Next::Retry
    }

    fn tend(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            match keeper.tend() {
                Some(text) => self.alarms.raise(Alarm::LastGoodUnwritable, text),
                None => self.alarms.clear(Alarm::LastGoodUnwritable),
            }
        }
        self.retired.sweep();
    }

    pub(super) fn publish(&self) {
        self.status.send_replace(Arc::new(Status {
            ready: self.ready,
            head: self.served.as_ref().map(|served| served.head.clone()),
            applied_at: self.applied_at,
            apply_time: self.apply_time,
            documents: self.index.len(),
            source_healthy: self.source_healthy,
            refusals: self.refusals.clone(),
            alarms: self.alarms.texts(),
        }));
    }
}

/// Whether `set` is the next revision after `head` and makes of `index` what it says.
pub(super) fn leads_on(head: &Head, index: &Index, set: &ChangeSet) -> bool {
    set.head.lineage == head.lineage
        && set.head.revision == head.revision + 1
        && set.head.digest == index.after(set)
}

/// Where secrets are looked up.
pub(super) fn sight<'a>(known: &'a Known, options: &'a Options) -> Sight<'a> {
    Sight { environment: &*options.environment, known }
}

/// What building may look at.
pub(super) fn context<'a>(
    seal: &'a Seal,
    elsewhere: &'a dyn Elsewhere,
    options: &'a Options,
) -> BuildContext<'a> {
    BuildContext { owner: "", seal: Some(seal), elsewhere, targets: Some(&options.targets) }
}

/// Makes the changes of a revision.
pub(super) fn make(
    set: &ChangeSet,
    edit: &mut Edit,
    index: &mut Index,
    context: &BuildContext<'_>,
) {
    for change in &set.changes {
        index.apply(change);
        edit.apply(change, set.head.revision, context);
    }
}

/// Waits until then; for ever where there is no time.
async fn at(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// An answer of the source, or that it took too long.
pub(super) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("no answer within {} s", patience.as_secs())))
    })
}

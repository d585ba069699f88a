//! A full load: at the start, after a gap, and where the digests say so. It compares with what is
//! served, so that what did not change is neither built again nor loses its last good form.

use std::sync::Arc;
use std::time::Instant;

use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, StoreError};
use sanmon_shared::{Change, ChangeSet, Digest, Entry, Head};

use super::Options;
use super::alarms::Alarm;
use super::chase::{
    CHANGES, CHANGES_PATIENCE, Chase, HEAD_PATIENCE, Next, Served, context, make, sight, within,
};
use super::index::Index;
use super::last_good::Draft;
use crate::secrets::Sight;
use crate::snapshot::{Edit, Snapshot};

/// Loads whose digest is wrong before a plane that serves nothing yet takes what it has.
const PICKY: u32 = 3;

/// The change that brings a document.
pub(super) fn change_of(entry: Entry) -> Change {
    Change { kind: entry.kind, id: entry.id, before: None, after: Some(entry.document) }
}

/// A load on its way.
struct Loading<'a> {
    served: &'a Index,
    index: Index,
    edit: Edit,
    seal: Seal,
    sight: Sight<'a>,
    options: &'a Options,
    draft: Option<Draft>,
}

impl Loading<'_> {
    /// Makes a change.
    fn apply(&mut self, change: &Change, revision: u64) {
        let context = context(&self.seal, &self.sight, self.options);
        self.edit.apply(change, revision, &context);
    }

    /// A document of the scan; it may come twice, and newer than the head that was noted.
    fn take(&mut self, entry: Entry) {
        let digest = Digest::of(entry.kind.as_str(), &entry.id, &entry.document);
        let now = match self.index.get(&entry.kind, &entry.id) {
            None => self.served.get(&entry.kind, &entry.id),
            now => now,
        };
        self.index.put(&entry.kind, &entry.id, digest);
        if let Some(draft) = &mut self.draft {
            draft.entry(&entry);
        }
        if now != Some(digest) {
            let revision = entry.revision;
            self.apply(&change_of(entry), revision);
        }
    }

    /// What is served and was not among the documents is deleted.
    fn delete_missing(&mut self, head: &Head) {
        let context = context(&self.seal, &self.sight, self.options);
        for (kind, id) in self.served.missing_in(&self.index) {
            let (kind, id) = (kind.clone(), Arc::clone(id));
            let change = Change { kind, id, before: None, after: None };
            self.edit.apply(&change, head.revision, &context);
        }
    }
}

impl Chase {
    /// Loads everything, within the lineage that is served.
    pub(super) async fn full_load(&mut self) -> Next {
        let began = Instant::now();
        match self.try_load(began).await {
            Ok(Some(head)) => {
                self.failed_loads = 0;
                Next::Wait(head)
            }
            Ok(None) => {
                self.failed_loads = self.failed_loads.saturating_add(1);
                Next::Retry
            }
            Err(error) => {
                self.failed_loads = self.failed_loads.saturating_add(1);
                self.source_failed(&error)
            }
        }
    }

    /// The head that is served now; none, and an alarm, where what came may not be applied.
    async fn try_load(&mut self, began: Instant) -> Result<Option<Head>, StoreError> {
        let options = Arc::clone(&self.options);
        let source = Arc::clone(&options.source);
        let seal = within(HEAD_PATIENCE, source.seal()).await?;
        let snapshot = match &self.served {
            Some(_) => options.live.now(),
            None => Arc::new(Snapshot::empty(Head::empty(""))),
        };
        let mut loading = Loading {
            served: &self.index,
            index: Index::default(),
            edit: snapshot.edit(),
            draft: self.keeper.as_mut().map(|keeper| keeper.draft(&seal)),
            seal,
            sight: sight(&self.known, &options),
            options: &options,
        };
        let noted = source.load(&mut |entry| loading.take(entry)).await?;
        if let Some(served) = &self.served
            && (noted.lineage != served.head.lineage || noted.revision < served.head.revision)
        {
            // The next look at the head says what has happened.
            return Ok(None);
        }
        loading.delete_missing(&noted);
        let Some((head, sets)) = replay(&noted, &mut loading, &options).await? else {
            return Ok(None);
        };
        let Loading { index, mut edit, seal, draft, .. } = loading;
        if index.len() == 0 && self.index.len() > 0 {
            let text = "the source is empty all of a sudden: serving on";
            self.alarms.raise(Alarm::Lineage, text);
            return Ok(None);
        }
        if index.digest() == head.digest {
            self.alarms.clear(Alarm::Lineage);
            self.alarms.clear(Alarm::Digest);
        } else {
            let text = "the documents of the source do not have the digest that it tells";
            self.alarms.raise(Alarm::Digest, text);
            if self.served.is_some() || self.failed_loads + 1 < PICKY {
                return Ok(None);
            }
        }
        tracing::info!(revision = head.revision, documents = index.len(), "everything loaded");
        self.index = index;
        self.settle(&mut edit, &seal).await;
        self.swap(edit, Served { head: head.clone(), seal }, began);
        if let (Some(keeper), Some(draft)) = (&mut self.keeper, draft) {
            keeper.rebase(draft, &noted, sets);
        }
        Ok(Some(head))
    }
}

/// Applies what was committed during the scan; none where the history does not reach back to it.
async fn replay(
    noted: &Head,
    loading: &mut Loading<'_>,
    options: &Options,
) -> Result<Option<(Head, Vec<Arc<ChangeSet>>)>, StoreError> {
    let (mut head, mut replayed) = (noted.clone(), Vec::new());
    loop {
        let changes = within(CHANGES_PATIENCE, options.source.changes(&head, CHANGES)).await?;
        let Changes::Sets(sets) = changes else { return Ok(None) };
        if sets.is_empty() {
            return Ok(Some((head, replayed)));
        }
        for set in &sets {
            let context = context(&loading.seal, &loading.sight, options);
            make(set, &mut loading.edit, &mut loading.index, &context);
            head = set.head.clone();
        }
        replayed.extend(sets);
    }
}

//! The start from the disk: what was served last, until the source is asked.

use std::sync::Arc;
use std::time::Instant;

use sanmon_shared::Head;
use sanmon_shared::seal::Seal;

use super::Options;
use super::alarms::Alarm;
use super::chase::{Chase, Served, context, leads_on, make, sight};
use super::index::Index;
use super::last_good::{Keeper, Restored};
use super::load::change_of;
use crate::secrets::Sight;
use crate::snapshot::{Edit, Snapshot};

impl Chase {
    /// Serves what the disk has, until the source is asked.
    pub(super) fn restore(&mut self) {
        let began = Instant::now();
        let mut restoring = Restoring::default();
        let options = Arc::clone(&self.options);
        let (keeper, damage) = Keeper::open(
            &options.data_dir,
            options.seal.clone(),
            &options.clock,
            self.tasks.clone(),
            |restored| restoring.take(restored, &sight(&self.known, &options), &options),
        );
        self.keeper = Some(keeper);
        if !damage.is_empty() {
            self.alarms.raise(Alarm::LastGoodDamaged, damage.join("; "));
        }
        let Restoring { edit: Some(edit), index, seal: Some(seal), head: Some(head) } = restoring
        else {
            return;
        };
        if index.digest() != head.digest {
            let text = "the last good state does not have the digest that it should";
            self.alarms.raise(Alarm::LastGoodDamaged, text);
            return;
        }
        let live = self.options.live.now();
        if live.head.lineage == head.lineage && live.head.revision > head.revision {
            // After a panic: requests see something newer already.
            return;
        }
        tracing::info!(revision = head.revision, documents = index.len(), "last good state read");
        self.index = index;
        self.swap(edit, Served { head, seal }, began);
        // Until the source was asked once, or could not be.
        self.ready = false;
        self.publish();
    }
}

/// What the disk had so far.
#[derive(Default)]
struct Restoring {
    edit: Option<Edit>,
    index: Index,
    seal: Option<Seal>,
    head: Option<Head>,
}

impl Restoring {
    fn take(&mut self, restored: Restored, sight: &Sight<'_>, options: &Options) {
        match (restored, &mut self.edit, &self.seal) {
            (Restored::Begin(seal), ..) => {
                let empty = Arc::new(Snapshot::empty(Head::empty("")));
                *self = Self { edit: Some(empty.edit()), seal: Some(seal), ..Self::default() };
            }
            (Restored::Entry(entry), Some(edit), Some(seal)) => {
                let revision = entry.revision;
                let change = change_of(entry);
                self.index.apply(&change);
                edit.apply(&change, revision, &context(seal, sight, options));
            }
            (Restored::Base(head), ..) => self.head = Some(head),
            (Restored::Set(set), Some(edit), Some(seal)) => {
                let Some(head) = &mut self.head else { return };
                // A base that was written while others committed has documents that are newer than
                // its head. It fits again once those change sets are made; the end says whether.
                let unfinished = self.index.digest() != head.digest
                    && set.head.lineage == head.lineage
                    && set.head.revision == head.revision + 1;
                if unfinished || leads_on(head, &self.index, &set) {
                    make(&set, edit, &mut self.index, &context(seal, sight, options));
                    *head = set.head;
                }
            }
            (Restored::Entry(_) | Restored::Set(_), ..) => {}
        }
    }
}

//! The whole configuration at one revision, frozen: what reads are answered from and writes are
//! checked against. The next one shares all that did not change.

use std::ops::Bound;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync, RedBlackTreeSetSync};
use sanmon_shared::resources::Admin;
use sanmon_shared::{Change, ChangeSet, Digest, Entry, Head, Kind, Resource as _};
use serde_json::value::RawValue;

use super::admins::Admins;
use super::references::References;

type Entries = RedBlackTreeMapSync<Arc<str>, Arc<Entry>>;
/// Kind and id of a document.
type Key = (Kind, Arc<str>);

/// Every document at one head. Documents stay text: a parsed tree of each would not fit.
#[derive(Clone)]
pub struct State {
    head: Head,
    entries: RedBlackTreeMapSync<Kind, Entries>,
    /// Who refers to a document, which need not exist any more.
    referrers: HashTrieMapSync<Key, RedBlackTreeSetSync<Key>>,
    admins: Admins,
}

impl State {
    /// Without any document.
    pub(super) fn empty(head: Head) -> Self {
        Self {
            head,
            entries: RedBlackTreeMapSync::new_sync(),
            referrers: HashTrieMapSync::new_sync(),
            admins: Admins::default(),
        }
    }

    /// Where the configuration stands.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// One document.
    pub fn get(&self, plural: &str, id: &str) -> Option<&Arc<Entry>> {
        self.of(plural)?.get(id)
    }

    /// Every document of a kind, in the order of their ids (bytes).
    pub fn list(&self, plural: &str) -> impl Iterator<Item = &Arc<Entry>> {
        self.of(plural).into_iter().flat_map(|entries| entries.values())
    }

    /// The same, only those whose ids come after `id`.
    pub fn list_after<'a>(
        &'a self,
        plural: &str,
        id: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Entry>> {
        let after = (Bound::Excluded(id), Bound::Unbounded);
        let range = move |entries: &'a Entries| entries.range::<str, _>(after);
        self.of(plural).into_iter().flat_map(range).map(|(_, entry)| entry)
    }

    /// How many documents of a kind there are.
    pub fn count(&self, plural: &str) -> usize {
        self.of(plural).map_or(0, RedBlackTreeMapSync::size)
    }

    /// The plurals that have documents, those of other versions included.
    pub fn plurals(&self) -> impl Iterator<Item = &Kind> {
        self.entries.iter().filter(|(_, entries)| !entries.is_empty()).map(|(kind, _)| kind)
    }

    /// Kind and id of every document that refers to this one, which need not exist.
    pub fn referrers(&self, plural: &str, id: &str) -> impl Iterator<Item = (&Kind, &Arc<str>)> {
        let key = (Kind::named(plural), Arc::from(id));
        let found = self.referrers.get(&key);
        found.into_iter().flat_map(|keys| keys.iter()).map(|(kind, id)| (kind, id))
    }

    /// Who may call the admin API.
    pub fn admins(&self) -> &Admins {
        &self.admins
    }

    fn of(&self, plural: &str) -> Option<&Entries> {
        self.entries.get(&Kind::named(plural))
    }

    /// The state after `set`, or none where `set` does not follow it, or leads elsewhere than it
    /// says.
    pub(super) fn after(&self, set: &ChangeSet, references: &References) -> Option<Self> {
        let follows =
            set.head.lineage == self.head.lineage && set.head.revision == self.head.revision + 1;
        if !follows {
            return None;
        }
        let mut next = self.clone();
        let mut digest = self.head.digest;
        for change in &set.changes {
            let of = |document: &RawValue| Digest::of(change.kind.as_str(), &change.id, document);
            if let Some(before) = next.get(change.kind.as_str(), &change.id) {
                digest = digest.minus(of(&before.document));
            }
            if let Some(after) = &change.after {
                digest = digest.plus(of(after));
            }
            next.change(change, set.head.revision, references);
        }
        next.head = set.head.clone();
        (digest == set.head.digest).then_some(next)
    }

    /// Makes one change, whatever the head says.
    pub(super) fn change(&mut self, change: &Change, revision: u64, references: &References) {
        match &change.after {
            Some(document) => {
                let (kind, id) = (change.kind.clone(), Arc::clone(&change.id));
                let document = Arc::clone(document);
                self.insert(Entry { kind, id, revision, document }, references);
            }
            None => self.remove(&change.kind, &change.id, references),
        }
    }

    /// Puts a document in, in place of the one with its id.
    pub(super) fn insert(&mut self, mut entry: Entry, references: &References) {
        self.forget_references(&entry.kind, &entry.id, references);
        for (plural, id) in references.of(&entry) {
            let target = (Kind::named(&plural), Arc::from(id));
            let mut keys = self.referrers.get(&target).cloned().unwrap_or_default();
            keys.insert_mut((entry.kind.clone(), Arc::clone(&entry.id)));
            self.referrers.insert_mut(target, keys);
        }
        if entry.kind.as_str() == Admin::PLURAL {
            match serde_json::from_str::<Admin>(entry.document.get()) {
                Ok(admin) => self.admins.insert(admin),
                Err(_) => self.admins.remove(&entry.id),
            }
        }
        match self.entries.get_key_value(&entry.kind) {
            // One text for all of a kind: there may be a million.
            Some((kind, _)) => entry.kind = kind.clone(),
            None => self.entries.insert_mut(entry.kind.clone(), Entries::new_sync()),
        }
        if let Some(entries) = self.entries.get_mut(&entry.kind) {
            entries.insert_mut(Arc::clone(&entry.id), Arc::new(entry));
        }
    }

    fn remove(&mut self, kind: &Kind, id: &Arc<str>, references: &References) {
        self.forget_references(kind, id, references);
        if kind.as_str() == Admin::PLURAL {
            self.admins.remove(id);
        }
        if let Some(entries) = self.entries.get_mut(kind) {
            entries.remove_mut(id.as_ref());
        }
    }

    fn forget_references(&mut self, kind: &Kind, id: &Arc<str>, references: &References) {
        if !references.may_have(kind.as_str()) {
            return;
        }
        let Some(entry) = self.get(kind.as_str(), id).cloned() else { return };
        let key = (kind.clone(), Arc::clone(id));
        for (plural, id) in references.of(&entry) {
            let target = (Kind::named(&plural), Arc::from(id));
            let Some(mut keys) = self.referrers.get(&target).cloned() else { continue };
            keys.remove_mut(&key);
            if keys.is_empty() {
                self.referrers.remove_mut(&target);
            } else {
                self.referrers.insert_mut(target, keys);
            }
        }
    }

    /// Every document.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values().flat_map(|entries| entries.values())
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({:?})", self.head)
    }
}

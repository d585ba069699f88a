//! Which documents are served, each by its digest: enough to tell what a full load changes and
//! whether a change set leads where it says, without keeping the documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::{Change, ChangeSet, Digest, Kind};

/// Digests by kind and id. Ordered maps, because a million entries shall grow without doubling.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    kinds: BTreeMap<Kind, BTreeMap<Arc<str>, Digest>>,
    digest: Digest,
    documents: usize,
}

impl Index {
    /// Over all documents.
    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.documents
    }

    pub(super) fn get(&self, kind: &Kind, id: &str) -> Option<Digest> {
        self.kinds.get(kind)?.get(id).copied()
    }

    /// Puts a document in, in place of the one that was there.
    pub(super) fn put(&mut self, kind: &Kind, id: &Arc<str>, digest: Digest) {
        if !self.kinds.contains_key(kind) {
            self.kinds.insert(kind.clone(), BTreeMap::new());
        }
        let Some(ids) = self.kinds.get_mut(kind) else { return };
        self.digest = self.digest.plus(digest);
        match ids.insert(Arc::clone(id), digest) {
            Some(before) => self.digest = self.digest.minus(before),
            None => self.documents += 1,
        }
    }

    /// Takes a document out.
    pub(super) fn remove(&mut self, kind: &Kind, id: &str) {
        if let Some(before) = self.kinds.get_mut(kind).and_then(|ids| ids.remove(id)) {
            self.digest = self.digest.minus(before);
            self.documents -= 1;
        }
    }

    /// Makes the change.
    pub(super) fn apply(&mut self, change: &Change) {
        match &change.after {
            Some(after) => {
                let digest = Digest::of(change.kind.as_str(), &change.id, after);
                self.put(&change.kind, &change.id, digest);
            }
            None => self.remove(&change.kind, &change.id),
        }
    }

    /// The digest that `set` leads to from here; nothing changes.
    pub(super) fn after(&self, set: &ChangeSet) -> Digest {
        set.changes.iter().fold(self.digest, |digest, change| {
            let before = self.get(&change.kind, &change.id);
            let without = before.map_or(digest, |before| digest.minus(before));
            let after = change.after.as_ref();
            after.map_or(without, |after| {
                without.plus(Digest::of(change.kind.as_str(), &change.id, after))
            })
        })
    }

    /// Those that `other` does not have.
    pub(super) fn missing_in<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a Kind, &'a Arc<str>)> {
        self.kinds.iter().flat_map(move |(kind, ids)| {
            let others = other.kinds.get(kind);
            ids.keys()
                .filter(move |id| !others.is_some_and(|others| others.contains_key(&***id)))
                .map(move |id| (kind, id))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sanmon_shared::Head;
    use serde_json::value::RawValue;

    use super::*;

    fn change((kind, id, after): (bool, u8, Option<u8>)) -> Change {
        let after = after.map(|n| Arc::from(RawValue::from_string(n.to_string()).unwrap()));
        let kind = Kind::named(if kind { "routes" } else { "apikeys" });
        Change { kind, id: Arc::from(id.to_string()), before: None, after }
    }

    fn contents(index: &Index) -> Vec<(Kind, Arc<str>, Digest)> {
        let of = |(kind, ids): (&Kind, &BTreeMap<Arc<str>, Digest>)| {
            let kind = kind.clone();
            let rows = ids.clone().into_iter().map(move |(id, digest)| (kind.clone(), id, digest));
            rows.collect::<Vec<_>>()
        };
        index.kinds.iter().flat_map(of).collect()
    }

    proptest! {
        #[test]
        fn changes_of_different_documents_lead_to_one_digest_in_any_order(
            changes in proptest::collection::vec((any::<bool>(), 0_u8..8, any::<Option<u8>>()), 0..30),
            last in proptest::collection::hash_map((any::<bool>(), 0_u8..8), any::<Option<u8>>(), 0..12),
        ) {
            let mut base = Index::default();
            for c in changes {
                base.apply(&change(c));
            }
            let last: Vec<_> = last.into_iter().map(|((k, i), a)| change((k, i, a))).collect();
            let (mut there, mut back) = (base.clone(), base.clone());
            for (onward, backward) in last.iter().zip(last.iter().rev()) {
                there.apply(onward);
                back.apply(backward);
            }
            prop_assert_eq!(there.digest(), back.digest());
            prop_assert_eq!(contents(&there), contents(&back));
            prop_assert_eq!(there.len(), contents(&there).len());
            let sum = contents(&there).iter().fold(Digest::default(), |sum, row| sum.plus(row.2));
            prop_assert_eq!(there.digest(), sum);

            let head = Head { lineage: Arc::from("l"), revision: 1, digest: base.digest() };
            let set = ChangeSet::after(
                &head, jiff::Timestamp::UNIX_EPOCH, Arc::from(""), String::new(), last,
            );
            prop_assert_eq!(base.after(&set), there.digest());
        }
    }

    #[test]
    fn what_a_full_load_does_not_bring_is_missing() {
        let (mut old, mut new) = (Index::default(), Index::default());
        for id in 0..4 {
            old.apply(&change((true, id, Some(1))));
        }
        new.apply(&change((true, 2, Some(9))));
        let missing: Vec<_> = old.missing_in(&new).map(|(_, id)| id.to_string()).collect();
        assert_eq!(missing, ["0", "1", "3"]);
    }
}

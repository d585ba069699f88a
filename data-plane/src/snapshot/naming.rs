//! Which documents name secrets that managers keep. They are kept as they are, to be built again when a
//! secret has changed; those that name none cost nothing here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use sanmon_shared::reference::{Elsewhere, Managed};
use sanmon_shared::{Document, Kind};

use super::{Map, Set};

/// Kind and id of a document.
pub(super) type Place = (Kind, Arc<str>);

/// A document that names secrets.
pub(super) struct Naming {
    pub(super) document: Document,
    /// The revision that wrote it.
    pub(super) revision: u64,
    secrets: BTreeSet<Managed>,
}

/// Documents by place, and places by secret.
#[derive(Clone, Default)]
pub(super) struct Namings {
    documents: Map<Place, Arc<Naming>>,
    places: Map<Managed, Set<Place>>,
}

impl Namings {
    /// Notes what a document names now; nothing where it was deleted.
    pub(super) fn put(
        &mut self,
        place: &Place,
        document: Option<&Document>,
        revision: u64,
        secrets: BTreeSet<Managed>,
    ) {
        if secrets.is_empty() && self.documents.is_empty() {
            return;
        }
        self.remove(place);
        let Some(document) = document.filter(|_| !secrets.is_empty()) else { return };
        for secret in &secrets {
            let mut places = self.places.get(secret).cloned().unwrap_or_default();
            places.insert_mut(place.clone());
            self.places.insert_mut(secret.clone(), places);
        }
        let naming = Naming { document: Arc::clone(document), revision, secrets };
        self.documents.insert_mut(place.clone(), Arc::new(naming));
    }

    fn remove(&mut self, place: &Place) {
        let Some(naming) = self.documents.get(place).cloned() else { return };
        self.documents.remove_mut(place);
        for secret in &naming.secrets {
            let Some(mut places) = self.places.get(secret).cloned() else { continue };
            places.remove_mut(place);
            if places.is_empty() {
                self.places.remove_mut(secret);
            } else {
                self.places.insert_mut(secret.clone(), places);
            }
        }
    }

    /// The document at a place.
    pub(super) fn get(&self, place: &Place) -> Option<&Arc<Naming>> {
        self.documents.get(place)
    }

    /// Where a secret is named.
    pub(super) fn places(&self, secret: &Managed) -> impl Iterator<Item = &Place> {
        self.places.get(secret).into_iter().flat_map(Set::iter)
    }

    /// Every secret that is named.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Managed> {
        self.places.keys()
    }

    /// Whether a secret is named.
    pub(super) fn names(&self, secret: &Managed) -> bool {
        self.places.contains_key(secret)
    }
}

/// Looks secrets up for one document, and remembers which.
pub(super) struct Noting<'a> {
    elsewhere: &'a dyn Elsewhere,
    named: RefCell<BTreeSet<Managed>>,
}

impl<'a> Noting<'a> {
    pub(super) fn new(elsewhere: &'a dyn Elsewhere) -> Self {
        Self { elsewhere, named: RefCell::default() }
    }

    pub(super) fn named(self) -> BTreeSet<Managed> {
        self.named.into_inner()
    }
}

impl Elsewhere for Noting<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.elsewhere.variable(name)
    }

    fn managed(&self, secret: &Managed) -> Result<String, String> {
        self.named.borrow_mut().insert(secret.clone());
        self.elsewhere.managed(secret)
    }
}

//! The state as the operations so far would make it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::catalogue::Lookup;
use sanmon_shared::{Document, Entry};
use serde_json::Value;

use super::prepare::Prepared;
use super::secrets::Show;
use crate::configuration::rules::parsed;
use crate::configuration::state::State;

/// A state and what was changed in it.
pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    touched: BTreeMap<(String, Arc<str>), Touched>,
    /// Which document each operation touched, and where its own stood.
    pub(super) operations: Vec<Done>,
}

/// A document that was changed, perhaps into what it was.
pub(super) struct Touched {
    pub(super) before: Option<Arc<Entry>>,
    /// The document as it is stored; none once deleted.
    pub(super) after: Option<Stored>,
    /// Where what was sent of it last stands.
    pub(super) at: String,
    /// Whether it is as it once was: then it may refer to what there was, and is no more.
    pub(super) restored: bool,
    /// Whether it may be deleted although others refer to it.
    pub(super) force: bool,
    /// Whether it is known to be wrong already.
    pub(super) broken: bool,
}

/// A document in both its forms.
pub(super) struct Stored {
    pub(super) value: Value,
    pub(super) text: Document,
    /// What the answer shows of it once.
    pub(super) shows: Vec<Show>,
}

impl Touched {
    /// Whether the store would see a difference.
    pub(super) fn changed(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.document.get() != after.text.get(),
            (None, None) => false,
            _ => true,
        }
    }
}

/// One operation, done.
pub(super) struct Done {
    pub(super) plural: String,
    pub(super) id: Arc<str>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self { state, touched: BTreeMap::new(), operations: Vec::new() }
    }

    /// The revision that wrote a document last; none where there is none.
    pub(super) fn revision(&self, plural: &str, id: &str) -> Option<u64> {
        let before = self.state.get(plural, id).map(|entry| entry.revision);
        match self.touched(plural, id) {
            Some(touched) if touched.after.is_none() => None,
            Some(touched) if touched.changed() => Some(self.state.head().revision + 1),
            _ => before,
        }
    }

    /// A document with its secrets as stored.
    pub(super) fn document(&self, plural: &str, id: &str) -> Option<Value> {
        match self.touched(plural, id) {
            Some(touched) => touched.after.as_ref().map(|stored| stored.value.clone()),
            None => self.state.get(plural, id).map(|entry| parsed(&entry.document)),
        }
    }

    /// Whether there is such a document.
    pub(super) fn exists(&self, plural: &str, id: &str) -> bool {
        match self.touched(plural, id) {
            Some(touched) => touched.after.is_some(),
            None => self.state.get(plural, id).is_some(),
        }
    }

    pub(super) fn touched(&self, plural: &str, id: &str) -> Option<&Touched> {
        self.touched.get(&(plural.to_owned(), Arc::from(id)))
    }

    /// Every touched document: its plural, its id, and what became of it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Arc<str>, &Touched)> {
        self.touched.iter().map(|((plural, id), touched)| (plural.as_str(), id, touched))
    }

    /// Takes a document that was sent, standing at `at`.
    pub(super) fn put(&mut self, plural: &str, id: &str, prepared: Prepared, at: &str) {
        let Prepared { document: value, mut shows, problems } = prepared;
        let Ok(text) = serde_json::value::to_raw_value(&value) else { return };
        let touched = self.touch(plural, id);
        if let Some(earlier) = touched.after.take() {
            // What an earlier operation set and this one left alone is still to be shown.
            let same =
                |show: &Show| earlier.value.pointer(&show.pointer) == value.pointer(&show.pointer);
            shows.extend(earlier.shows.into_iter().filter(same));
        }
        touched.after = Some(Stored { value, text: Arc::from(text), shows });
        touched.broken = !problems.is_empty();
        at.clone_into(&mut touched.at);
    }

    pub(super) fn delete(&mut self, plural: &str, id: &str, force: bool, at: &str) {
        let touched = self.touch(plural, id);
        touched.after = None;
        touched.force = force;
        at.clone_into(&mut touched.at);
    }

    pub(super) fn restore(&mut self, plural: &str, id: &str, document: Option<Document>) {
        let touched = self.touch(plural, id);
        touched.restored = true;
        touched.force = true;
        touched.after =
            document.map(|text| Stored { value: parsed(&text), text, shows: Vec::new() });
    }

    fn touch(&mut self, plural: &str, id: &str) -> &mut Touched {
        let entry = self.state.get(plural, id);
        let id = entry.map_or_else(|| Arc::from(id), |entry| Arc::clone(&entry.id));
        self.operations.push(Done { plural: plural.to_owned(), id: Arc::clone(&id) });
        self.touched.entry((plural.to_owned(), id)).or_insert_with(|| Touched {
            before: entry.cloned(),
            after: None,
            at: String::new(),
            restored: false,
            force: false,
            broken: false,
        })
    }
}

impl Lookup for Draft<'_> {
    fn get(&self, plural: &str, id: &str) -> Option<Value> {
        self.document(plural, id)
    }
}

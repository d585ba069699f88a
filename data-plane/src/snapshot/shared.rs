use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::reference::Managed;
use sanmon_shared::resources::PluginSlot;

use super::Backend;
use super::apikey::{Access, Policy};
use super::map::Hashing;
use super::route::About;
use crate::plugin::{BuildContext, Slots, registry};

/// How many parts of each sort are remembered: enough for what is really shared, and little beside
/// the configuration that is loaded.
const REMEMBERED: usize = 4096;

/// Parts that documents of one edit have alike, so that a full load keeps each once. Forgotten with
/// the edit.
#[derive(Default)]
pub(super) struct Shared {
    slots: HashMap<String, Arc<Slots>, Hashing>,
    pub(super) policies: Table<Policy>,
    backends: HashSet<Arc<Backend>, Hashing>,
    groups: HashSet<Arc<[Box<str>]>, Hashing>,
    access: HashSet<Arc<Access>, Hashing>,
    about: HashSet<Arc<About>, Hashing>,
}

/// Parts by the text from which they are made.
pub(super) struct Table<T>(HashMap<String, Arc<T>, Hashing>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T> Table<T> {
    pub(super) fn get(&self, text: &str) -> Option<&Arc<T>> {
        self.0.get(text)
    }

    pub(super) fn insert(&mut self, text: String, part: Arc<T>) {
        if self.0.len() < REMEMBERED {
            self.0.insert(text, part);
        }
    }
}

/// The remembered equal of a part, or itself.
fn once<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>, Hashing>, part: Arc<T>) -> Arc<T> {
    if let Some(same) = known.get(&part) {
        return Arc::clone(same);
    }
    if known.len() < REMEMBERED {
        known.insert(Arc::clone(&part));
    }
    part
}

impl Shared {
    /// Slots of documents that say the same are the same, unless they are named after their document.
    pub(super) fn slots(
        &mut self,
        document: &[PluginSlot],
        context: &BuildContext<'_>,
    ) -> Result<Arc<Slots>, Vec<Problem>> {
        let derives = |slot: &PluginSlot| {
            let kind = slot.plugin.as_deref().and_then(registry::find);
            kind.is_some_and(|kind| kind.derives)
        };
        if document.iter().any(derives) {
            return Ok(Arc::new(Slots::build(document, context)?));
        }
        let text = serde_json::to_string(document).unwrap_or_default();
        if let Some(slots) = self.slots.get(&text) {
            return Ok(Arc::clone(slots));
        }
        let slots = Arc::new(Slots::build(document, context)?);
        // Each document that names a secret of a manager is noted when it is built.
        if self.slots.len() < REMEMBERED && !Managed::may_be_in(&text) {
            self.slots.insert(text, Arc::clone(&slots));
        }
        Ok(slots)
    }

    pub(super) fn backend(&mut self, backend: Backend) -> Arc<Backend> {
        once(&mut self.backends, Arc::new(backend))
    }

    pub(super) fn groups(&mut self, groups: &[String]) -> Arc<[Box<str>]> {
        once(&mut self.groups, groups.iter().map(|group| group.as_str().into()).collect())
    }

    pub(super) fn access(&mut self, access: Access) -> Arc<Access> {
        once(&mut self.access, Arc::new(access))
    }

    pub(super) fn about(&mut self, about: About) -> Arc<About> {
        once(&mut self.about, Arc::new(about))
    }
}

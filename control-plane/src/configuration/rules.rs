//! What documents are checked by and masked with. Fixed for the life of the process.

use std::sync::Arc;

use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::marks::{Mark, Marked, marks};
use sanmon_shared::reference::is_reference;
use sanmon_shared::seal::Seal;
use sanmon_shared::secret::{HashedSecret, placeholder};
use serde_json::Value;
use serde_json::value::RawValue;

use super::references::References;
use super::schemas::Schemas;

/// Schemas, and the plugins that go on where they end.
pub(super) struct Rules {
    pub(super) schemas: Arc<Schemas>,
    pub(super) catalogue: Arc<dyn PluginCatalogue>,
    pub(super) references: References,
}

impl Rules {
    pub(super) fn new(schemas: Arc<Schemas>, catalogue: Arc<dyn PluginCatalogue>) -> Self {
        let references = References::new(&schemas, &catalogue);
        Self { schemas, catalogue, references }
    }

    /// The marked places of a document; none of a kind that this version does not know.
    pub(super) fn marks(&self, plural: &str, document: &Value) -> Vec<Marked> {
        self.schemas.schema(plural).map_or_else(Vec::new, |schema| {
            marks(self.schemas.root(), schema, document, &*self.catalogue)
        })
    }

    /// A stored document as a read shows it.
    pub(super) fn shown(&self, plural: &str, document: &RawValue) -> Value {
        let mut document = parsed(document);
        self.mask(plural, &mut document);
        document
    }

    /// Puts placeholders in place of secrets.
    pub(super) fn mask(&self, plural: &str, document: &mut Value) {
        for marked in self.marks(plural, document) {
            if matches!(marked.mark, Mark::Secret | Mark::Hashed)
                && let Some(Value::String(text)) = document.pointer_mut(&marked.pointer)
                && !text.is_empty()
                && !(marked.mark == Mark::Secret && is_reference(text))
            {
                *text = placeholder(text);
            }
        }
        mask_stored_forms(document);
    }
}

/// A stored document as a tree; what cannot be read shows as nothing.
pub(super) fn parsed(document: &RawValue) -> Value {
    serde_json::from_str(document.get()).unwrap_or_default()
}

/// Also where no schema speaks of it (a plugin or a kind of another version), a stored secret is
/// not shown.
fn mask_stored_forms(value: &mut Value) {
    match value {
        Value::String(text) if Seal::is_sealed(text) || HashedSecret::is_hashed(text) => {
            *text = placeholder(text);
        }
        Value::Array(items) => items.iter_mut().for_each(mask_stored_forms),
        Value::Object(members) => members.values_mut().for_each(mask_stored_forms),
        _ => {}
    }
}

//! Which documents a document refers to, quickly: the schemas of all kinds and plugins, cut down to
//! what leads to a reference, or to a secret that a manager may keep. Kinds that cannot refer to anything are not even parsed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use sanmon_shared::catalogue::{Lookup, PluginCatalogue, PluginKindInfo, ProviderKindInfo};
use sanmon_shared::marks::{Mark, Marked, marks};
use sanmon_shared::reference::Managed;
use sanmon_shared::resources::SecretManager;
use sanmon_shared::{Entry, Problem, Resource as _};
use serde_json::{Map, Value};

use super::schemas::Schemas;

/// How deep schemas may refer to each other before they are taken to go in circles.
const DEPTH: usize = 32;

/// Finds the references of documents.
pub(super) struct References {
    kinds: HashMap<&'static str, Value>,
    plugins: Pruned,
}

impl References {
    pub(super) fn new(schemas: &Schemas, catalogue: &Arc<dyn PluginCatalogue>) -> Self {
        let kind = |plural: &'static str| {
            let pruned = prune(schemas.root(), schemas.schema(plural)?, DEPTH)?;
            Some((plural, pruned))
        };
        let kinds = schemas.kinds().filter_map(|info| kind(info.plural)).collect();
        let plugin = |info: &PluginKindInfo| {
            let schema = prune(&info.schema, &info.schema, DEPTH).unwrap_or_default();
            (info.name, PluginKindInfo { schema, examples: Vec::new(), ..info.clone() })
        };
        let known = catalogue.plugins().iter().map(plugin).collect();
        Self { kinds, plugins: Pruned { known, catalogue: Arc::clone(catalogue) } }
    }

    /// Whether documents of this kind can refer to anything.
    pub(super) fn may_have(&self, plural: &str) -> bool {
        self.kinds.contains_key(plural)
    }

    /// Plural and id of each document that this one refers to.
    pub(super) fn of(&self, entry: &Entry) -> Vec<(String, String)> {
        let Some(schema) = self.kinds.get(entry.kind.as_str()) else { return Vec::new() };
        let Ok(document) = serde_json::from_str::<Value>(entry.document.get()) else {
            return Vec::new();
        };
        let mut found: Vec<_> = self
            .walk(schema, &document)
            .into_iter()
            .map(|(_, plural, id)| (plural, id.into_owned()))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Pointer, plural and id of each reference in `document`.
    pub(super) fn at<'v>(
        &self,
        plural: &str,
        document: &'v Value,
    ) -> Vec<(String, String, Cow<'v, str>)> {
        self.kinds.get(plural).map_or_else(Vec::new, |schema| self.walk(schema, document))
    }

    fn walk<'v>(&self, schema: &Value, document: &'v Value) -> Vec<(String, String, Cow<'v, str>)> {
        let found = marks(schema, schema, document, &self.plugins);
        let reference = |marked: Marked| {
            let text = document.pointer(&marked.pointer)?.as_str()?;
            match marked.mark {
                Mark::Reference(plural) => Some((marked.pointer, plural, Cow::Borrowed(text))),
                // A secret that is kept elsewhere names who keeps it.
                Mark::Secret => {
                    let manager = Managed::named_by(text)?.manager().to_owned();
                    let plural = SecretManager::PLURAL.to_owned();
                    Some((marked.pointer, plural, Cow::Owned(manager)))
                }
                _ => None,
            }
        };
        found.into_iter().filter_map(reference).collect()
    }
}

/// `schema` without `$ref`s and without all that cannot lead to a reference; none if nothing is
/// left.
fn prune(root: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let mut left = Map::new();
    let hashed = schema.get("x-hash").is_some();
    for keyword in ["x-ref", "x-plugin-config", "writeOnly"] {
        // The hash of a secret refers to nothing.
        if keyword == "writeOnly" && hashed {
            continue;
        }
        if let Some(value) = schema.get(keyword) {
            left.insert(keyword.to_owned(), value.clone());
        }
    }
    let mut forms = Vec::new();
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|path| root.pointer(path));
        forms.extend(target.and_then(|target| prune(root, target, depth)));
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let listed = schema.get(keyword).and_then(Value::as_array);
        forms.extend(listed.into_iter().flatten().filter_map(|form| prune(root, form, depth)));
    }
    if !forms.is_empty() {
        left.insert("allOf".to_owned(), Value::Array(forms));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(pruned) = schema.get(keyword).and_then(|inner| prune(root, inner, depth)) {
            left.insert(keyword.to_owned(), pruned);
        }
    }
    let listed = schema.get("properties").and_then(Value::as_object);
    let properties: Map<String, Value> = listed
        .into_iter()
        .flatten()
        .filter_map(|(name, inner)| Some((name.clone(), prune(root, inner, depth)?)))
        .collect();
    if !properties.is_empty() {
        left.insert("properties".to_owned(), Value::Object(properties));
    }
    (!left.is_empty()).then_some(Value::Object(left))
}

/// The catalogue with schemas cut down in the same way.
struct Pruned {
    known: HashMap<&'static str, PluginKindInfo>,
    catalogue: Arc<dyn PluginCatalogue>,
}

impl PluginCatalogue for Pruned {
    fn plugins(&self) -> &[PluginKindInfo] {
        self.catalogue.plugins()
    }

    fn plugin(&self, name: &str) -> Option<&PluginKindInfo> {
        self.known.get(name).or_else(|| self.known.get(self.catalogue.plugin(name)?.name))
    }

    fn providers(&self) -> &[ProviderKindInfo] {
        self.catalogue.providers()
    }

    fn check(&self, plural: &str, document: &Value, lookup: &dyn Lookup) -> Vec<Problem> {
        self.catalogue.check(plural, document, lookup)
    }

    fn concerns_referrers(&self, plural: &str, before: &Value, after: &Value) -> bool {
        self.catalogue.concerns_referrers(plural, before, after)
    }
}

//! Who refers to what, once the operations are done.

use std::collections::HashMap;

use serde_json::Value;

use super::Planner;
use super::draft::Draft;
use crate::configuration::operation::Referrer;
use crate::configuration::rules::parsed;

/// The references of the touched documents, by what they refer to.
pub(super) struct Incoming(HashMap<(String, String), Vec<Referrer>>);

impl Planner<'_> {
    pub(super) fn incoming(&self, draft: &Draft<'_>) -> Incoming {
        let mut incoming: HashMap<_, Vec<_>> = HashMap::new();
        for (plural, id, touched) in draft.all() {
            let Some(after) = &touched.after else { continue };
            for (pointer, kind, target) in self.rules.references.at(plural, &after.value) {
                let referrer = Referrer { kind: plural.to_owned(), id: id.to_string(), pointer };
                incoming.entry((kind, target.into_owned())).or_default().push(referrer);
            }
        }
        Incoming(incoming)
    }

    /// Everybody who refers to this document in the end.
    pub(super) fn referrers(
        &self,
        draft: &Draft<'_>,
        incoming: &Incoming,
        plural: &str,
        id: &str,
    ) -> Vec<Referrer> {
        let key = (plural.to_owned(), id.to_owned());
        let mut found = incoming.0.get(&key).cloned().unwrap_or_default();
        for (kind, document) in self.untouched_referrers(draft, plural, id) {
            for (pointer, to, target) in self.rules.references.at(&kind.0, &document) {
                if to == plural && target == id {
                    found.push(Referrer { kind: kind.0.clone(), id: kind.1.clone(), pointer });
                }
            }
        }
        found.sort();
        found
    }

    /// Kind, id and text of those who refer to this document and are not themselves touched.
    pub(super) fn untouched_referrers<'d>(
        &'d self,
        draft: &'d Draft<'_>,
        plural: &str,
        id: &str,
    ) -> impl Iterator<Item = ((String, String), Value)> + use<'d> {
        let referrers: Vec<_> = self
            .state
            .referrers(plural, id)
            .filter(|(kind, id)| draft.touched(kind.as_str(), id).is_none())
            .map(|(kind, id)| (kind.as_str().to_owned(), id.to_string()))
            .collect();
        referrers.into_iter().filter_map(|(kind, id)| {
            let entry = self.state.get(&kind, &id)?;
            Some(((kind, id), parsed(&entry.document)))
        })
    }
}

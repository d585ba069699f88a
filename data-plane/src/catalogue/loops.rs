//! Providers that would come back to themselves, by way of targets and fallbacks.

use std::collections::HashSet;

use sanmon_shared::catalogue::Lookup;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::Provider;
use sanmon_shared::{Problem, Resource};
use serde_json::Value;

/// A problem for each reference of a provider that leads back to it.
pub(super) fn loops(document: &Value, lookup: &dyn Lookup) -> Vec<Problem> {
    let Some(own) = document.get("id").and_then(Value::as_str) else { return Vec::new() };
    references(document)
        .into_iter()
        .filter(|(_, id)| leads_to(id, own, lookup))
        .map(|(at, id)| {
            let text = if id == own {
                "a provider does not stand in for itself".to_owned()
            } else {
                format!("{id:?} leads back to this provider")
            };
            Problem::at(at, text)
        })
        .collect()
}

fn leads_to(from: &str, own: &str, lookup: &dyn Lookup) -> bool {
    let mut seen: HashSet<String> = HashSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(id) = next.pop() {
        if id == own {
            return true;
        }
        if let Some(document) = lookup.get(Provider::PLURAL, &id)
            && seen.insert(id)
        {
            next.extend(references(&document).into_iter().map(|(_, id)| id.to_owned()));
        }
    }
    false
}

/// Every reference of a provider to another, with its place.
fn references(document: &Value) -> Vec<(String, &str)> {
    let fallback = document.get("provider_fallback").and_then(Value::as_str);
    let mut found: Vec<(String, &str)> =
        fallback.map(|id| ("/provider_fallback".to_owned(), id)).into_iter().collect();
    for list in ["/targets", "/options/refs"] {
        let items = document.pointer(list).and_then(Value::as_array).into_iter().flatten();
        for (index, item) in items.enumerate() {
            let at = join_pointer(list, &index.to_string());
            match item {
                Value::String(id) => found.push((at, id)),
                target => {
                    let id = target.get("ref").and_then(Value::as_str);
                    found.extend(id.map(|id| (join_pointer(&at, "ref"), id)));
                }
            }
        }
    }
    found
}

//! What resources of this API have beside their members: labels, when they were made, and when they
//! expire. All of it stands in the `metadata` of our documents.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::documents::Labels;
use super::refusal::Refusal;

/// How the names of our own entries begin; labels cannot.
const OURS: &str = "sanmon.";
/// When the resource was made here.
const CREATED: &str = "sanmon.created_at";
/// When it is deleted.
pub(super) const EXPIRES: &str = "sanmon.expires_at";
/// A priority that is not its plugin's own, where documents have no place for it.
pub(super) const PRIORITY: &str = "sanmon.priority";

/// Times of a resource.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    /// None for one that was not made here.
    pub(super) created: Option<Timestamp>,
    /// None for one that stays.
    pub(super) expires: Option<Timestamp>,
}

/// The `metadata` of a document with these labels.
pub(super) fn metadata(
    labels: Option<&Labels>,
    stamp: &Stamp,
) -> Result<Map<String, Value>, Refusal> {
    let mut metadata = Map::new();
    for (name, value) in labels.into_iter().flatten() {
        let property = format!("labels.{name}");
        if name.starts_with(OURS) {
            return Err(Refusal::property(&property, "names of this kind are the gateway's own"));
        }
        if value.is_empty() || value.len() > 256 || value.contains(char::is_whitespace) {
            return Err(Refusal::property(
                &property,
                "a label has 1 to 256 characters and no blanks",
            ));
        }
        metadata.insert(name.clone(), Value::from(value.as_str()));
    }
    for (name, time) in [(CREATED, stamp.created), (EXPIRES, stamp.expires)] {
        if let Some(time) = time {
            metadata.insert(name.to_owned(), Value::from(time.to_string()));
        }
    }
    Ok(metadata)
}

/// The labels and times in the `metadata` of a document.
pub(super) fn read(metadata: Option<&Value>) -> (Option<Labels>, Stamp) {
    let entries = metadata.and_then(Value::as_object);
    let labels: Labels = entries
        .into_iter()
        .flatten()
        .filter(|(name, _)| !name.starts_with(OURS))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let time = |name: &str| entries?.get(name)?.as_str()?.parse().ok();
    let stamp = Stamp { created: time(CREATED), expires: time(EXPIRES) };
    ((!labels.is_empty()).then_some(labels), stamp)
}

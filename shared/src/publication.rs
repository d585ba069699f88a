//! How a control plane publishes over HTTP: what goes over the wire between it and the data planes
//! that follow it without Redis. The control plane serves it, the data plane asks for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::resource::Kind;
use crate::revision::{ChangeSet, Entry, Head};

/// Everything is below this path.
pub const BASE: &str = "/publication/v1";

/// The longest time that a poll waits for news, in milliseconds.
pub const LONGEST_PATIENCE: u64 = 30_000;

/// What a poll asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Poll {
    /// The lineage that the data plane serves.
    pub lineage: String,
    /// The revision that it serves.
    pub revision: u64,
    /// The most change sets wanted.
    pub limit: usize,
    /// How long to wait, in milliseconds, while the head is still that one.
    #[serde(default)]
    pub patience: u64,
}

/// What a poll is answered with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Where the configuration stands.
    pub head: Head,
    /// The change sets that were asked for cannot be given: everything has to be loaded.
    pub gone: bool,
    /// Those after the asked revision.
    pub sets: Vec<Arc<ChangeSet>>,
}

/// What opens the sealed secrets.
#[derive(Serialize, Deserialize)]
pub struct SealKey {
    /// 64 hexadecimal digits.
    pub key: String,
}

/// A line of a full load. A stream without its end was cut.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadLine {
    /// A document. Its text is a JSON string: it may hold line feeds, and the digest is over its
    /// bytes.
    Document {
        /// What it is one of.
        kind: Kind,
        /// Its id.
        id: Arc<str>,
        /// The revision that wrote it last.
        revision: u64,
        /// As stored.
        text: String,
    },
    /// All documents have been sent.
    End {
        /// As of this head, or newer.
        head: Head,
        /// How many there were.
        documents: u64,
    },
}

impl LoadLine {
    /// The line of a document.
    pub fn of(entry: &Entry) -> Self {
        Self::Document {
            kind: entry.kind.clone(),
            id: Arc::clone(&entry.id),
            revision: entry.revision,
            text: entry.document.get().to_owned(),
        }
    }

    /// The document of a line; none where its text is no JSON.
    pub fn entry(kind: Kind, id: Arc<str>, revision: u64, text: String) -> Option<Entry> {
        let document = RawValue::from_string(text).ok()?;
        Some(Entry { kind, id, revision, document: Arc::from(document) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_with_line_feeds_is_one_line_and_comes_back_as_it_was() {
        let text = "{\n  \"a\": \"\\n\"\n}";
        let entry =
            LoadLine::entry(Kind::named("routes"), Arc::from("a"), 3, text.to_owned()).unwrap();
        let line = serde_json::to_string(&LoadLine::of(&entry)).unwrap();
        assert!(!line.contains('\n'));
        let LoadLine::Document { kind, id, revision, text: back } =
            serde_json::from_str(&line).unwrap()
        else {
            panic!("{line}")
        };
        assert_eq!((kind.as_str(), &*id, revision, back.as_str()), ("routes", "a", 3, text));
    }
}

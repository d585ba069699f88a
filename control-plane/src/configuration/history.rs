//! The history as an answer shows it: revisions, what they changed, and how two of them differ.
//! Secrets are masked throughout.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::operation::Effect;

/// One revision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RevisionView {
    /// Its number.
    pub revision: u64,
    /// When it was committed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who committed it.
    #[schema(example = "admin")]
    pub author: String,
    /// Why, in the author's words; empty when nothing was said.
    pub message: String,
    /// Over all documents, after it.
    pub digest: String,
    /// What it changed.
    pub changes: Vec<ChangeView>,
}

/// What a revision, or all between two, did to one document.
#[derive(Clone, Serialize, ToSchema)]
pub struct ChangeView {
    /// The plural of its kind.
    #[schema(example = "routes")]
    pub kind: String,
    /// Its id.
    #[schema(example = "route_chat")]
    pub id: String,
    /// What happened to it.
    pub effect: Effect,
    /// The document before, masked; in lists of revisions left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The document after, masked; in lists of revisions left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// From one to the other, as a JSON Patch (RFC 6902), where both exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub patch: Option<Value>,
}

impl std::fmt::Debug for ChangeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}/{}", self.effect, self.kind, self.id)
    }
}

/// Some revisions, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RevisionPage {
    /// Without their documents.
    pub revisions: Vec<RevisionView>,
    /// Ask for those before this one next; none at the end of what is kept.
    pub before: Option<u64>,
    /// The oldest that is kept.
    pub oldest: Option<u64>,
    /// The newest.
    pub newest: Option<u64>,
}

/// How two revisions differ.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiffView {
    /// From this revision.
    pub from: u64,
    /// To this one, which may be older.
    pub to: u64,
    /// Each document that differs.
    pub changes: Vec<ChangeView>,
}

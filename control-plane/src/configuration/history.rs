//! The history as an answer shows it: revisions, what they changed, and how two of them differ.
//! Secrets are masked throughout.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use sanmon_shared::store::StoreError;
use sanmon_shared::{ChangeSet, Document, Kind};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Configuration;
use super::error::{ReadError, WriteError};
use super::operation::{Author, Effect, Written};
use super::state::State;
use super::write::{Intent, Occasion};

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
    /// How many documents it changed.
    pub changed: usize,
    /// What it changed, by kinds and ids; the first 1000.
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
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
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
    /// How many documents differ.
    pub changed: usize,
    /// Each of them, by kinds and ids; the first 1000.
    pub changes: Vec<ChangeView>,
}

/// The most revisions of a page.
const PAGE: usize = 100;

/// The most documents that one answer shows: an import may bring a million.
const DOCUMENTS: usize = 1_000;

/// Revisions asked of the store at a time.
const AT_ONCE: usize = 16;

/// A document that differs between two states: what it is one of, its id, before and after.
type Difference = BTreeMap<(Kind, Arc<str>), (Option<Document>, Option<Document>)>;

impl Configuration {
    /// One revision with its documents.
    pub async fn revision(&self, n: u64) -> Result<RevisionView, ReadError> {
        let Some(set) = self.store.revision(n).await? else {
            return Err(self.lost(n).await?);
        };
        Ok(self.view(&set, true))
    }

    /// At most `limit` revisions (100 at most) before `before`, or the newest ones; newest first
    /// and without their documents.
    pub async fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RevisionPage, ReadError> {
        let Some((oldest, newest)) = self.store.kept().await? else {
            return Ok(RevisionPage::default());
        };
        let end = before.map_or(newest, |before| before.saturating_sub(1).min(newest));
        let limit = u64::try_from(limit.clamp(1, PAGE)).unwrap_or(1);
        let begin = (end + 1).saturating_sub(limit).max(oldest);
        let sets: Vec<_> = self.sets(begin..=end).try_collect().await?;
        let revisions = sets.iter().rev().map(|set| self.view(set, false)).collect();
        let before = (begin > oldest && begin <= end).then_some(begin);
        Ok(RevisionPage { revisions, before, oldest: Some(oldest), newest: Some(newest) })
    }

    /// How revision `to` differs from revision `from`; 0 is the empty configuration.
    pub async fn diff(&self, from: u64, to: u64) -> Result<DiffView, ReadError> {
        let difference = self.difference(from, to).await?;
        let changed = difference.len();
        let changes = difference
            .into_iter()
            .take(DOCUMENTS)
            .map(|((kind, id), (before, after))| {
                self.change_view(kind.as_str(), &id, before.as_ref(), after.as_ref(), true)
            })
            .collect();
        Ok(DiffView { from, to, changed, changes })
    }

    /// Makes a new revision whose documents are those of revision `n`, secrets included.
    pub async fn rollback(
        &self,
        author: &Author,
        n: u64,
        message: String,
        dry_run: bool,
    ) -> Result<Written, WriteError> {
        let occasion = Occasion { author, message, dry_run };
        let restore = |state: Arc<State>| async move {
            let difference = self.difference(state.head().revision, n).await?;
            let document = |((kind, id), (_, after)): ((Kind, Arc<str>), (_, Option<Document>))| {
                (kind.as_str().to_owned(), id.to_string(), after)
            };
            Ok(Intent::Restore(difference.into_iter().map(document).collect()))
        };
        self.commit(&occasion, restore).await
    }

    /// The documents that differ, with their states at `from` and at `to`.
    async fn difference(&self, from: u64, to: u64) -> Result<Difference, ReadError> {
        let (older, newer) = (from.min(to), from.max(to));
        let mut difference = Difference::new();
        if newer > 0 {
            let (oldest, newest) = self.store.kept().await?.unwrap_or((1, 0));
            if newer > newest {
                return Err(ReadError::UnknownRevision(newer));
            }
            if older + 1 < oldest {
                return Err(ReadError::Gone(older));
            }
        }
        let mut sets = pin!(self.sets(older + 1..=newer));
        while let Some(set) = sets.try_next().await? {
            for change in &set.changes {
                let key = (change.kind.clone(), Arc::clone(&change.id));
                difference
                    .entry(key)
                    .and_modify(|(_, after)| after.clone_from(&change.after))
                    .or_insert_with(|| (change.before.clone(), change.after.clone()));
            }
        }
        if to < from {
            for (before, after) in difference.values_mut() {
                std::mem::swap(before, after);
            }
        }
        let text = |document: &Option<Document>| document.as_ref().map(|d| d.get().to_owned());
        difference.retain(|_, (before, after)| text(before) != text(after));
        Ok(difference)
    }

    /// These revisions, in order.
    fn sets(
        &self,
        range: RangeInclusive<u64>,
    ) -> impl Stream<Item = Result<Arc<ChangeSet>, ReadError>> {
        stream::iter(range)
            .map(move |n| async move {
                match self.store.revision(n).await? {
                    Some(set) => Ok(set),
                    None => Err(self.lost(n).await?),
                }
            })
            .buffered(AT_ONCE)
    }

    /// Why there is no such revision.
    async fn lost(&self, n: u64) -> Result<ReadError, StoreError> {
        let gone = matches!(self.store.kept().await?, Some((oldest, _)) if n > 0 && n < oldest);
        Ok(if gone { ReadError::Gone(n) } else { ReadError::UnknownRevision(n) })
    }

    fn view(&self, set: &ChangeSet, documents: bool) -> RevisionView {
        let change = |change: &sanmon_shared::Change| {
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            self.change_view(change.kind.as_str(), &change.id, before, after, documents)
        };
        RevisionView {
            revision: set.head.revision,
            at: set.at,
            author: set.author.to_string(),
            message: set.message.clone(),
            digest: set.head.digest.to_string(),
            changed: set.changes.len(),
            changes: set.changes.iter().take(DOCUMENTS).map(change).collect(),
        }
    }

    fn change_view(
        &self,
        kind: &str,
        id: &str,
        before: Option<&Document>,
        after: Option<&Document>,
        documents: bool,
    ) -> ChangeView {
        let effect = match (before, after) {
            (None, _) => Effect::Created,
            (_, None) => Effect::Deleted,
            _ => Effect::Updated,
        };
        let shown = |document: Option<&Document>| {
            document.filter(|_| documents).map(|document| self.rules.shown(kind, document))
        };
        let (before, after) = (shown(before), shown(after));
        let patch = before
            .as_ref()
            .zip(after.as_ref())
            .and_then(|(before, after)| serde_json::to_value(json_patch::diff(before, after)).ok());
        ChangeView { kind: kind.to_owned(), id: id.to_owned(), effect, before, after, patch }
    }
}

//! What came of writes, as answers show it, and what went wrong with them, as errors.

use actix_web::http::StatusCode;
use actix_web::http::header;
use sanmon_shared::Problem;
use sanmon_shared::store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::{Answer, REVISION};
use super::error::{ApiError, Code};
use super::query::WriteOptions;
use super::shared::Shared;
use super::wait::{self, Applied, Progress};
use crate::configuration::{Effect, Outcome, ReadError, Referrer, State, WriteError, Written};

/// What a write did, or in a dry run would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WriteResult {
    /// Where the configuration stands after it.
    pub revision: u64,
    /// Whether there is a new revision; a write that changes nothing makes none.
    pub changed: bool,
    /// Whether this is a plan, and nothing was stored.
    pub dry_run: bool,
    /// What happened to each document.
    pub results: Vec<DocumentResult>,
    /// Which data planes run it, where the request waited for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_planes: Option<Progress>,
}

/// What a write did to one document.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentResult {
    /// The plural of its kind.
    #[schema(example = "routes")]
    pub kind: String,
    /// Its id, also a generated one.
    #[schema(example = "route_chat")]
    pub id: String,
    /// What happened to it.
    pub effect: Effect,
    /// The revision that wrote it last.
    pub revision: u64,
    /// The document, secrets masked, except one that was just set and is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub document: Option<Value>,
    /// Members that are kept without effect yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Problem>)]
    pub warnings: Vec<Problem>,
    /// What refers to nothing after a forced deletion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken_references: Vec<Referrer>,
}

/// The document may show a secret once.
impl std::fmt::Debug for DocumentResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}/{}", self.effect, self.kind, self.id)
    }
}

/// How much of written documents an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All of each.
    Documents,
    /// Of each only the members whose secrets are shown this once.
    SecretsShownOnce,
}

impl WriteResult {
    pub(crate) fn of(written: Written, dry_run: bool, detail: Detail, shared: &Shared) -> Self {
        let state = shared.configuration.state();
        let result = |outcome| DocumentResult::of(outcome, detail, &state, shared);
        Self {
            revision: written.head.revision,
            changed: written.changed,
            dry_run,
            results: written.outcomes.into_iter().map(result).collect(),
            data_planes: None,
        }
    }
}

impl DocumentResult {
    pub(crate) fn of(outcome: Outcome, detail: Detail, state: &State, shared: &Shared) -> Self {
        let document = outcome.document.map(|shown| shown.0);
        let document = match detail {
            Detail::Documents => document,
            Detail::SecretsShownOnce => document.and_then(|document| {
                let entry = state.get(&outcome.plural, &outcome.id)?;
                shown_once(document, &shared.configuration.shown(entry))
            }),
        };
        Self {
            kind: outcome.plural,
            id: outcome.id.to_string(),
            effect: outcome.effect,
            revision: outcome.revision,
            document,
            warnings: outcome.warnings,
            broken_references: outcome.broken_references,
        }
    }
}

/// The members of the answer to a write that a read shows otherwise: secrets that were just set.
fn shown_once(written: Value, read: &Value) -> Option<Value> {
    let Value::Object(members) = written else { return None };
    let once: Map<_, _> =
        members.into_iter().filter(|(name, value)| read.get(name) != Some(value)).collect();
    (!once.is_empty()).then_some(Value::Object(once))
}

/// Answers a write of one document: the document itself with its warnings, its `ETag`, and 202
/// with the whole result where data planes were waited for in vain.
pub(crate) async fn answer_one(
    answer: Answer,
    written: Written,
    options: &WriteOptions,
    success: StatusCode,
    shared: &Shared,
) -> Result<actix_web::HttpResponse, ApiError> {
    let answer = answer.header(REVISION, written.head.revision.to_string());
    if options.dry_run {
        let result = WriteResult::of(written, true, Detail::Documents, shared);
        return answer.body(&result);
    }
    let progress = match options.wait {
        Some(patience) => Some(wait::applied(shared, &written, patience).await?),
        None => None,
    };
    let mut result = WriteResult::of(written, false, Detail::Documents, shared);
    if let Some(progress) = progress
        && progress.applied != Applied::Everywhere
    {
        result.data_planes = Some(progress);
        return answer.status(StatusCode::ACCEPTED).body(&result);
    }
    let Some(outcome) = result.results.pop() else {
        return Err(ApiError::new(Code::Internal, "the write has no outcome"));
    };
    let answer = answer.status(success);
    match outcome.document {
        Some(mut document) => {
            if !outcome.warnings.is_empty()
                && let (Some(members), Ok(warnings)) =
                    (document.as_object_mut(), serde_json::to_value(&outcome.warnings))
            {
                members.insert("warnings".to_owned(), warnings);
            }
            answer.header(header::ETAG, super::answer::etag(outcome.revision)).body(&document)
        }
        None if success == StatusCode::NO_CONTENT => Ok(answer.empty()),
        None => answer.body(&outcome),
    }
}

/// Answers a write of many documents.
pub(crate) async fn answer_many(
    answer: Answer,
    written: Written,
    options: &WriteOptions,
    detail: Detail,
    shared: &Shared,
) -> Result<actix_web::HttpResponse, ApiError> {
    let answer = answer.header(REVISION, written.head.revision.to_string());
    let progress = match options.wait {
        Some(patience) if !options.dry_run => {
            Some(wait::applied(shared, &written, patience).await?)
        }
        _ => None,
    };
    let status = match &progress {
        Some(progress) if progress.applied != Applied::Everywhere => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let mut result = WriteResult::of(written, options.dry_run, detail, shared);
    result.data_planes = progress;
    answer.status(status).body(&result)
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        let detail = error.to_string();
        match error {
            WriteError::Invalid(problems) => Self::invalid(problems),
            WriteError::UnknownKind(_)
            | WriteError::NotFound { .. }
            | WriteError::UnknownRevision(_) => Self::new(Code::NotFound, detail),
            WriteError::IdTaken { .. } => Self::new(Code::IdTaken, detail),
            WriteError::Precondition { revision, .. } => {
                let error = Self::new(Code::PreconditionFailed, detail);
                match revision {
                    Some(revision) => error.header(header::ETAG, &super::answer::etag(revision)),
                    None => error,
                }
            }
            WriteError::Referenced { by, .. } => {
                Self { referrers: by, ..Self::new(Code::Referenced, detail) }
            }
            WriteError::LastAdmin => Self::new(Code::LastAdmin, detail),
            WriteError::Gone(_) => Self::new(Code::Gone, detail),
            WriteError::Deadline => Self::new(Code::Contended, detail).retry_after(1),
            WriteError::Seal(error) => {
                Self::new(Code::Internal, "a secret could not be sealed").cause(error)
            }
            WriteError::Store(error) => error.into(),
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        WriteError::from(error).into()
    }
}

impl From<StoreError> for ApiError {
    /// The store's words may name its address; they are for the log.
    fn from(error: StoreError) -> Self {
        let detail = match error {
            StoreError::Unavailable(_) => "the store cannot be reached",
            StoreError::Refused(_) => "the store refuses the control plane",
            StoreError::Damaged(_) => "the store is damaged",
            StoreError::Disk(_) => "the store cannot write to its disk",
        };
        Self::new(Code::StoreUnavailable, detail).retry_after(1).cause(error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_a_read_hides_is_shown_once() {
        let written = json!({"clientId": "a", "clientSecret": "s", "bearer": "b", "tags": []});
        let read = json!({"clientId": "a", "clientSecret": "********-00112233", "tags": []});
        let once = shown_once(written, &read);
        assert_eq!(once, Some(json!({"clientSecret": "s", "bearer": "b"})));
        assert_eq!(shown_once(read.clone(), &read), None);
    }
}

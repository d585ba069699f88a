//! Writes of one document, and the one that deletes all of a kind. Each is one revision.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Problem;
use serde_json::{Value, json};

use super::answer::Answer;
use super::document::{completed, received, shown, taken_back};
use super::read::find;
use super::sent::Sent;
use super::sets::{self, Set};
use super::target::{Generation, Kept, Target};
use super::template;
use crate::admin::parts::{ApiError, Code, Identity, Query, Shared};
use crate::configuration::{
    Edit, Effect, Operation, Outcome, WriteError, WriteRequest, Written, apply_patch,
};

/// What a write is made of.
struct Asked {
    target: Target,
    kept: Kept,
    answer: Answer,
}

impl Asked {
    fn of(request: &HttpRequest, shared: &Shared) -> Result<Self, ApiError> {
        Self::about(Target::of(request)?, request, shared)
    }

    fn about(target: Target, request: &HttpRequest, shared: &Shared) -> Result<Self, ApiError> {
        let kept = target.kept(shared)?;
        let mut query = Query::of(request)?;
        let answer = Answer::to(request, &mut query)?;
        query.done()?;
        Ok(Self { target, kept, answer })
    }

    /// The document that a write made.
    fn wrote(self, status: StatusCode, written: Written) -> Result<HttpResponse, ApiError> {
        let outcome = only(written)?;
        let document = outcome.document.map(|shown| shown.0).unwrap_or_default();
        let mut document = shown(self.kept, document);
        if let (Some(members), false) = (document.as_object_mut(), outcome.warnings.is_empty()) {
            let warnings = serde_json::to_value(&outcome.warnings).unwrap_or_default();
            members.insert("warnings".to_owned(), warnings);
        }
        self.answer.status(status).document(self.kept.kind, document)
    }
}

fn only(mut written: Written) -> Result<Outcome, ApiError> {
    let outcome = written.outcomes.pop();
    outcome.ok_or_else(|| ApiError::new(Code::Internal, "the write has no outcome"))
}

/// `POST /{plural}`.
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    create_as(&request, payload, Target::of(&request)?, &shared, |_| Ok(())).await
}

/// Creates what is sent, once `finish` has seen it.
pub(super) async fn create_as(
    request: &HttpRequest,
    payload: Payload,
    target: Target,
    shared: &Shared,
    finish: impl FnOnce(&mut Value) -> Result<(), Vec<Problem>>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::about(target, request, shared)?;
    let mut document = new(asked.kept, Sent::by(request, payload).await?, shared)?;
    finish(&mut document).map_err(ApiError::invalid)?;
    let operation = Operation::create(asked.kept.kind.plural, document);
    let written = write(request, operation, asked.target.generation, shared).await?;
    asked.wrote(StatusCode::CREATED, written)
}

/// A document that does not exist yet.
fn new(kept: Kept, sent: Sent, shared: &Shared) -> Result<Value, ApiError> {
    match sent {
        Sent::Value(document) => Ok(received(kept, document, None)),
        Sent::Sets(sets) => {
            let mut document = template::of(kept, shared, None)?;
            sets::apply(&mut document, &sets).map_err(ApiError::invalid)?;
            Ok(received(kept, document, None))
        }
    }
}

/// `POST /{plural}/{id}`: creates or replaces.
pub(super) async fn upsert(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut asked = Asked::of(&request, &shared)?;
    let kept = asked.kept;
    let id = asked.target.id().to_owned();
    let sent = Sent::by(&request, payload).await?;
    // Made once: its id and secrets must not change when the write is planned again.
    let made = match &sent {
        Sent::Sets(_) => template::of(kept, &shared, None)?,
        Sent::Value(_) => Value::Null,
    };
    let path_id = id.clone();
    let edit = Edit::by(move |stored| match (&sent, stored) {
        (Sent::Value(document), stored) => {
            Ok(Some(replaced(kept, document.clone(), &path_id, stored.as_ref())))
        }
        (Sent::Sets(sets), Some(stored)) => set(kept, &stored, sets, &path_id).map(Some),
        (Sent::Sets(sets), None) => {
            let mut document = made.clone();
            sets::apply(&mut document, sets)?;
            Ok(Some(received(kept, document, Some(&path_id))))
        }
    });
    let operation = Operation::edit(kept.kind.plural, &id, edit);
    let written = write(&request, operation, asked.target.generation, &shared).await?;
    let effect = written.outcomes.first().map(|outcome| outcome.effect);
    if effect == Some(Effect::Created) {
        return asked.wrote(StatusCode::CREATED, written);
    }
    let updated = if effect == Some(Effect::Updated) { "true" } else { "false" };
    asked.answer = asked.answer.header("otoroshi-entity-updated", updated);
    asked.wrote(StatusCode::OK, written)
}

/// `PUT /{plural}/{id}`: replaces.
pub(super) async fn put(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&request, &shared)?;
    let id = asked.target.id().to_owned();
    let operation = match Sent::by(&request, payload).await? {
        Sent::Value(document) => replace(asked.kept, &id, document),
        Sent::Sets(sets) => change(asked.kept, &id, sets),
    };
    let written = write(&request, operation, asked.target.generation, &shared).await;
    let written = written.map_err(|error| match (error.code, asked.target.generation) {
        (Code::NotFound, Generation::Generic) => {
            ApiError::new(Code::NotFound, "resource does not exists")
        }
        _ => error,
    })?;
    asked.wrote(StatusCode::OK, written)
}

/// `PATCH /{plural}/{id}`.
pub(super) async fn patch(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::of(&request, &shared)?;
    let id = asked.target.id().to_owned();
    let operation = match Sent::by(&request, payload).await? {
        Sent::Value(patch) => patching(asked.kept, &id, patch),
        Sent::Sets(sets) => change(asked.kept, &id, sets),
    };
    let written = write(&request, operation, asked.target.generation, &shared).await?;
    asked.wrote(StatusCode::OK, written)
}

/// Replaces a document that has to exist.
pub(super) fn replace(kept: Kept, id: &str, document: Value) -> Operation {
    let path_id = id.to_owned();
    let edit = Edit::by(move |stored| {
        Ok(stored.map(|stored| replaced(kept, document.clone(), &path_id, Some(&stored))))
    });
    Operation::edit(kept.kind.plural, id, edit)
}

/// Changes a document by a JSON Patch on what a read shows of it.
pub(super) fn patching(kept: Kept, id: &str, patch: Value) -> Operation {
    let edit = Edit::by(move |stored| {
        let Some(stored) = stored else { return Ok(None) };
        let mut document = completed(kept, stored.clone());
        apply_patch(&mut document, &patch)?;
        Ok(Some(taken_back(kept, document, &stored)))
    });
    Operation::edit(kept.kind.plural, id, edit)
}

/// Changes a document value by value.
fn change(kept: Kept, id: &str, sets: Vec<Set>) -> Operation {
    let path_id = id.to_owned();
    let edit = Edit::by(move |stored| match stored {
        Some(stored) => set(kept, &stored, &sets, &path_id).map(Some),
        None => Ok(None),
    });
    Operation::edit(kept.kind.plural, id, edit)
}

fn set(kept: Kept, stored: &Value, sets: &[Set], id: &str) -> Result<Value, Vec<Problem>> {
    let mut document = completed(kept, stored.clone());
    sets::apply(&mut document, sets)?;
    Ok(taken_back(kept, received(kept, document, Some(id)), stored))
}

/// The document in place of the stored one.
fn replaced(kept: Kept, document: Value, id: &str, stored: Option<&Value>) -> Value {
    let document = received(kept, document, Some(id));
    match stored {
        Some(stored) => taken_back(kept, document, stored),
        None => document,
    }
}

/// `DELETE /{plural}/{id}`: answers what it deleted.
pub(super) async fn delete(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let kept = target.kept(&shared)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    let force = query.flag("force")?;
    query.done()?;
    let document = find(&target, &shared.fresh().await.state, &shared)?;
    let operation = Operation::delete(kept.kind.plural, target.id(), force);
    write(&request, operation, target.generation, &shared).await?;
    match target.generation {
        Generation::Generic => answer.document(kept.kind, document),
        Generation::Legacy => answer.value(json!({"deleted": true})),
    }
}

/// `DELETE /{plural}`: every document of the kind, in one revision.
pub(super) async fn delete_all(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let kept = target.kept(&shared)?;
    let mut query = Query::of(&request)?;
    let force = query.flag("force")?;
    query.done()?;
    let state = shared.fresh().await.state;
    let plural = kept.kind.plural;
    let delete = |id: &str| Operation::delete(plural, id, force);
    let operations = state.list(plural).map(|entry| delete(&entry.id)).collect();
    let write =
        WriteRequest { operations, ..Default::default() }.message(format!("all {plural} deleted"));
    let author = Identity::of(&request)?.author();
    let written = shared.configuration.write(&author, write).await;
    written.map_err(|error| refused(error, target.generation))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn write(
    request: &HttpRequest,
    operation: Operation,
    generation: Generation,
    shared: &Shared,
) -> Result<Written, ApiError> {
    let author = Identity::of(request)?.author();
    let written = shared.configuration.write(&author, WriteRequest::single(operation)).await;
    written.map_err(|error| refused(error, generation))
}

/// In Otoroshi's words, where scripts look for them.
fn refused(error: WriteError, generation: Generation) -> ApiError {
    match error {
        WriteError::NotFound { .. } => generation.missing(),
        WriteError::IdTaken { .. } => generation.taken(),
        other => other.into(),
    }
}

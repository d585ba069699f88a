//! `/{plural}/_bulk`: a line of the body is a write of its own, and a line of the answer says what
//! came of it, in the order of the lines.

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Problem;
use serde_json::{Value, json};

use super::document::received;
use super::error;
use super::target::{Kept, Target};
use super::write::{patching, replace};
use crate::admin::parts::{
    ApiError, Code, Identity, Query, Served, Shared, WriteOptions, bad_parameter,
    bulk::{self, BulkLine, Job},
};
use crate::configuration::{Effect, Operation};

/// The only content type.
const LINES: &str = "application/x-ndjson";

/// What is done with each line.
#[derive(Clone, Copy)]
enum Verb {
    Create,
    Put,
    Patch,
    Delete { force: bool },
}

/// `POST /{plural}/_bulk`: documents to create.
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &shared, Verb::Create).await
}

/// `PUT /{plural}/_bulk`: documents in place of those with their ids.
pub(super) async fn put(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &shared, Verb::Put).await
}

/// `PATCH /{plural}/_bulk`: `{"id": …, "patch": […]}`.
pub(super) async fn patch(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &shared, Verb::Patch).await
}

/// `DELETE /{plural}/_bulk`: `{"id": …}`.
pub(super) async fn delete(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &shared, Verb::Delete { force: false }).await
}

async fn run(
    request: HttpRequest,
    payload: Payload,
    shared: &Shared,
    verb: Verb,
) -> Result<HttpResponse, ApiError> {
    let kept = Target::of(&request)?.kept(shared)?;
    // Proxies that strip the type of a DELETE's body leave the other header.
    let named = [header::CONTENT_TYPE.as_str(), "x-content-type"].iter().any(|name| {
        let value = request.headers().get(*name).and_then(|value| value.to_str().ok());
        value.and_then(|value| value.split(';').next()).is_some_and(|kind| kind.trim() == LINES)
    });
    if !named {
        let detail = format!("Unsupported content type: the body has to be {LINES}");
        return Err(ApiError::new(Code::UnsupportedMediaType, detail));
    }
    let verb = asked(&request, verb)?;
    let served =
        Served { kind: kept.info.kind, plural: kept.info.plural, id_field: kept.info.id_field };
    let author = Identity::of(&request)?.author();
    let options = WriteOptions::default();
    let job = Job { served: &served, author: &author, options: &options, shared };
    let mut text = String::new();
    let mut add = |line: &Value| {
        text.push_str(&line.to_string());
        text.push('\n');
    };
    let read = |line: &[u8]| operation(kept, verb, line);
    let end = job.run(payload, read, |results| {
        for result in results {
            add(&line(kept, verb, result));
        }
    });
    let end = end.await;
    if let Some(why) = end.aborted {
        add(&json!({"status": 500, "error": "aborted", "error_description": why}));
    }
    Ok(HttpResponse::Ok().content_type(LINES).body(text))
}

/// The verb with what the query says of it. `_group` is how many lines Otoroshi writes at a time;
/// here up to a thousand of them are one revision.
fn asked(request: &HttpRequest, verb: Verb) -> Result<Verb, ApiError> {
    let mut query = Query::of(request)?;
    if query.number("_group")?.is_some_and(|group| !(1..10).contains(&group)) {
        return Err(bad_parameter("_group", "is not between 1 and 9"));
    }
    let verb = match verb {
        Verb::Delete { .. } => Verb::Delete { force: query.flag("force")? },
        other => other,
    };
    query.done()?;
    Ok(verb)
}

/// What a line asks for.
fn operation(kept: Kept, verb: Verb, line: &[u8]) -> Result<Operation, ApiError> {
    let mut value = bulk::value(line)?;
    let plural = kept.kind.plural;
    if matches!(verb, Verb::Create) {
        return Ok(Operation::create(plural, received(kept, value, None)));
    }
    if matches!(verb, Verb::Put) {
        value = received(kept, value, None);
    }
    let missing = |name: &str| {
        ApiError::invalid(vec![Problem::at(format!("/{name}"), "the member is missing")])
    };
    let id = [kept.info.id_field, "id"].iter().find_map(|name| value.get(name)?.as_str());
    let id = id.ok_or_else(|| missing(kept.info.id_field))?.to_owned();
    Ok(match verb {
        Verb::Create | Verb::Put => replace(kept, &id, value),
        Verb::Patch => {
            let patch = value.get("patch").cloned().ok_or_else(|| missing("patch"))?;
            patching(kept, &id, patch)
        }
        Verb::Delete { force } => Operation::delete(plural, &id, force),
    })
}

/// What came of a line, in Otoroshi's words. Unlike Otoroshi's it does not repeat the document, which
/// may hold a secret.
fn line(kept: Kept, verb: Verb, result: BulkLine) -> Value {
    let id_field = kept.info.id_field;
    let Some(error) = result.error else {
        let done = match (verb, result.effect) {
            (Verb::Delete { .. }, _) => "deleted",
            (_, Some(Effect::Created)) => "created",
            _ => "updated",
        };
        let mut line = json!({
            "status": result.status, done: true, "id": result.id, "id_field": id_field,
        });
        if let (Some(members), Some(once)) = (line.as_object_mut(), result.shown_once) {
            members.insert("shown_once".to_owned(), once);
        }
        if let (Some(members), false) = (line.as_object_mut(), result.warnings.is_empty()) {
            let warnings = serde_json::to_value(&result.warnings).unwrap_or_default();
            members.insert("warnings".to_owned(), warnings);
        }
        return line;
    };
    let (status, name, what) = if error.code == Code::IdTaken.as_str() {
        (400, "bad_entity", json!("entity already exists"))
    } else if error.code == Code::NotFound.as_str() {
        (404, "bad_entity", json!("entity does not exists"))
    } else if error.code == Code::Invalid.as_str() {
        (400, "bad_request", error::problems(&error.problems))
    } else {
        (result.status, "bad_entity", json!(error.detail))
    };
    json!({
        "status": status, "error": name, "error_description": what,
        "id": result.id, "id_field": id_field, "line": result.line,
    })
}

//! Create, read, replace, change and delete documents: the same for every kind.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::answer::{Answer, REVISION, STALE, etag};
use super::auth::Identity;
use super::body;
use super::error::ApiError;
use super::list::ListQuery;
use super::media::{DOCUMENT, Form, PATCH};
use super::preconditions::{not_modified, preconditions};
use super::query::{Query, WriteOptions};
use super::shared::Shared;
use super::write::answer_one;
use crate::configuration::{Effect, Operation, WriteRequest, Written};

/// The kind that a resource of the application serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// As in texts: `route`.
    pub(crate) kind: &'static str,
    /// As in paths: `routes`.
    pub(crate) plural: &'static str,
    /// The member that holds the id.
    pub(crate) id_field: &'static str,
}

/// `GET /{plural}`.
pub(super) async fn list(
    request: HttpRequest,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut answer = Answer::to(&request)?;
    let query = ListQuery::of(&request)?;
    let fresh = shared.fresh().await;
    let revision = fresh.state.head().revision;
    let configuration = std::sync::Arc::clone(&shared.configuration);
    let plural = served.plural;
    // A search looks at every document; that is nothing for a thread that serves others.
    let page = web::block(move || query.page(&fresh.state, plural, &configuration)).await.map_err(
        |error| ApiError::new(super::error::Code::Internal, "the list broke off").cause(error),
    )?;
    if let Some(after) = &page.next {
        answer = answer.header(header::LINK, next_link(&request, after));
    }
    if fresh.stale.is_some() {
        answer = answer.header(STALE, "true");
    }
    answer
        .header(header::HeaderName::from_static("x-total-count"), page.total.to_string())
        .header(REVISION, revision.to_string())
        .body(&page.items)
}

/// The same list after this page.
fn next_link(request: &HttpRequest, after: &str) -> String {
    let others = request.query_string().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.is_empty() && name != "after"
    });
    let query: Vec<_> = others.map(str::to_owned).chain([format!("after={after}")]).collect();
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}

/// `GET /{plural}/{id}`.
pub(super) async fn read(
    request: HttpRequest,
    id: web::Path<String>,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let mut answer = Answer::to(&request)?;
    let mut query = Query::of(&request)?;
    let fields = query.one("fields")?;
    query.done()?;
    let fresh = shared.fresh().await;
    let entry = fresh
        .state
        .get(served.plural, &id)
        .ok_or_else(|| ApiError::no_document(served.kind, &id))?;
    if fresh.stale.is_some() {
        answer = answer.header(STALE, "true");
    }
    let answer = answer.header(header::ETAG, etag(entry.revision));
    if not_modified(request.headers(), entry.revision)? {
        return Ok(answer.status(StatusCode::NOT_MODIFIED).empty());
    }
    let document = shared.configuration.shown(entry);
    let document = match fields {
        Some(_) => ListQuery::of(&request)?.projected(document),
        None => document,
    };
    answer.body(&document)
}

/// `POST /{plural}`.
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let options = WriteOptions::only(&request)?;
    let (_, document) = body::document(&request, payload, DOCUMENT).await?;
    let operation = Operation::create(served.plural, document);
    let written = write(&request, operation, &options, &shared).await?;
    let answer = match (options.dry_run, written.outcomes.first()) {
        (false, Some(outcome)) => {
            answer.header(header::LOCATION, location(served.plural, &outcome.id))
        }
        _ => answer,
    };
    answer_one(answer, written, &options, StatusCode::CREATED, &shared).await
}

/// `PUT /{plural}/{id}`.
pub(super) async fn put(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let options = WriteOptions::only(&request)?;
    let (_, document) = body::document(&request, payload, DOCUMENT).await?;
    let operation = Operation::put(served.plural, &id, document);
    let written = write(&request, operation, &options, &shared).await?;
    let created = written.outcomes.first().is_some_and(|one| one.effect == Effect::Created);
    let (answer, success) = if created && !options.dry_run {
        (answer.header(header::LOCATION, location(served.plural, &id)), StatusCode::CREATED)
    } else {
        (answer, StatusCode::OK)
    };
    answer_one(answer, written, &options, success, &shared).await
}

/// `PATCH /{plural}/{id}`.
pub(super) async fn patch(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let options = WriteOptions::only(&request)?;
    let (form, patch) = body::document(&request, payload, PATCH).await?;
    let operation = patching(served.plural, &id, form, patch);
    let written = write(&request, operation, &options, &shared).await?;
    answer_one(answer, written, &options, StatusCode::OK, &shared).await
}

/// No document is an array: in plain JSON or YAML, an array is the operations of a JSON Patch, as
/// Otoroshi's clients send it.
pub(super) fn patching(plural: &str, id: &str, form: Form, patch: Value) -> Operation {
    let is_patch = match form {
        Form::JsonPatch => true,
        Form::MergePatch => false,
        Form::Json | Form::Yaml | Form::Lines => patch.is_array(),
    };
    if is_patch { Operation::patch(plural, id, patch) } else { Operation::merge(plural, id, patch) }
}

/// `DELETE /{plural}/{id}`.
pub(super) async fn delete(
    request: HttpRequest,
    id: web::Path<String>,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let mut query = Query::of(&request)?;
    let force = query.flag("force")?;
    let options = WriteOptions::take(&request, &mut query)?;
    query.done()?;
    let operation = Operation::delete(served.plural, &id, force);
    let written = write(&request, operation, &options, &shared).await?;
    let success = if force { StatusCode::OK } else { StatusCode::NO_CONTENT };
    answer_one(answer, written, &options, success, &shared).await
}

async fn write(
    request: &HttpRequest,
    operation: Operation,
    options: &WriteOptions,
    shared: &Shared,
) -> Result<Written, ApiError> {
    let operation = operation.only_if(preconditions(request.headers())?);
    let write =
        WriteRequest::single(operation).message(options.message.clone()).dry_run(options.dry_run);
    let author = Identity::of(request)?.author();
    Ok(shared.configuration.write(&author, write).await?)
}

fn location(plural: &str, id: &str) -> String {
    let mut path = format!("/apis/v1/{plural}/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push_str(&hex::encode_upper([byte]));
        }
    }
    path
}

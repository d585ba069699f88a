//! Checks of documents that are not stored: what a write would say of them, references apart.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Problem;
use serde_json::{Value, json};

use super::crud::stores;
use super::kinds::Collection;
use super::refusal::{Body, Refusal};
use super::request::{self, Call};
use super::stamp::Stamp;
use super::view::{References, View};
use super::{answer, problems};
use crate::admin::Shared;
use crate::admin::parts::{Identity, json};
use crate::configuration::{Operation, WriteError, WriteRequest};

/// `POST schema/validate/{kind}`.
pub(super) async fn one(
    call: &Call,
    name: &str,
    request: &HttpRequest,
    payload: Payload,
    shared: &Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let collection = Collection::named(name)
        .or_else(|| Collection::of(name))
        .ok_or_else(|| Refusal::bad(format!("not found schema: {name}")))?;
    let document = request::read(request, payload).await?;
    let document = document.ok_or_else(|| Refusal::bad("missing configurations"))?;
    let errors = check(call, vec![(collection, 0, document)], request, shared).await?;
    match errors.into_iter().next() {
        None => Ok(HttpResponse::Ok().finish()),
        Some(error) => Err(Refusal::bad(error.text)),
    }
}

/// `POST configs/validate`: lists of documents by collection.
pub(super) async fn all(
    call: &Call,
    request: &HttpRequest,
    payload: Payload,
    shared: &Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let body = request::bytes(request, payload).await?;
    let media = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    let read = match media {
        Some(media) if media.contains("yaml") => json::read_yaml(&body),
        _ => json::read_json(&body),
    };
    let Value::Object(collections) = read.map_err(request::unreadable)? else {
        return Err(Refusal::bad("invalid configuration: the body is no object of collections"));
    };
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for (name, listed) in collections {
        let Some(collection) = Collection::named(&name) else {
            errors.push(Wrong {
                kind: name,
                id: Value::Null,
                index: 0,
                text: format!("unsupported resource type; there are {}", problems::collections()),
            });
            continue;
        };
        let Value::Array(listed) = listed else {
            let text = "wrong type: expected array".to_owned();
            errors.push(Wrong { kind: name, id: Value::Null, index: 0, text });
            continue;
        };
        let listed = listed.into_iter().enumerate();
        documents.extend(listed.map(|(index, one)| (collection.clone(), index, one)));
    }
    errors.extend(check(call, documents, request, shared).await?);
    if errors.is_empty() {
        return Ok(answer::json(StatusCode::OK, &json!({})));
    }
    let errors: Vec<Value> = errors.into_iter().map(Wrong::shown).collect();
    let body = json!({"error_msg": "Configuration validation failed", "errors": errors});
    Err(Refusal { status: StatusCode::BAD_REQUEST, body: Body::Json(body) })
}

/// What is wrong with one document.
struct Wrong {
    kind: String,
    id: Value,
    index: usize,
    text: String,
}

impl Wrong {
    fn shown(self) -> Value {
        let Self { kind, id, index, text } = self;
        json!({"resource_type": kind, "resource_id": id, "index": index, "error": text})
    }
}

/// A document on its way through the checks.
struct Checked {
    kind: &'static str,
    id: Value,
    index: usize,
    operations: Result<Vec<Operation>, Refusal>,
}

/// Everything that is wrong with these documents.
async fn check(
    call: &Call,
    documents: Vec<(Collection, usize, Value)>,
    request: &HttpRequest,
    shared: &Data<Shared>,
) -> Result<Vec<Wrong>, Refusal> {
    let state = shared.fresh().await.state;
    let configuration = Arc::clone(&shared.configuration);
    let manner = call.manner;
    let checked = web::block(move || {
        let references = References::LeftOut;
        let view = View { state: &state, configuration: &configuration, manner, references };
        documents.into_iter().map(|document| translated(&view, document)).collect::<Vec<_>>()
    });
    let checked = checked.await.map_err(|_| Refusal::unavailable("the work broke off"))?;
    // Only the plan is wanted: of documents alone, whatever is stored.
    let mut wrong = Vec::new();
    let mut operations = Vec::new();
    let mut owners = Vec::new();
    for (place, one) in checked.into_iter().enumerate() {
        match one.operations {
            Err(refusal) => wrong.push((place, one.kind, one.id, one.index, refusal.text())),
            Ok(made) => {
                for operation in made.into_iter().filter(stores) {
                    operations.push(operation);
                    owners.push((place, one.kind, one.id.clone(), one.index));
                }
            }
        }
    }
    let operations = problems::placed(operations);
    let author = Identity::of(request)?.author();
    let write =
        WriteRequest { operations: operations.clone(), message: String::new(), dry_run: true };
    match shared.configuration.write(&author, write).await {
        Ok(_) => {}
        Err(WriteError::Invalid(found)) => {
            for problem in found {
                let Some((place, kind, id, index)) = owner(&problem, &owners) else { continue };
                let text = problems::told(&operations, &problem);
                wrong.push((*place, *kind, id.clone(), *index, text));
            }
        }
        Err(error) => return Err(problems::refusal(&*Collection::credentials(""), &[], error)),
    }
    wrong.sort_by_key(|(place, ..)| *place);
    let shown = |(_, kind, id, index, text): (usize, &str, Value, usize, String)| Wrong {
        kind: kind.to_owned(),
        id,
        index,
        text,
    };
    Ok(wrong.into_iter().map(shown).collect())
}

fn translated(
    view: &View<'_>,
    (collection, index, document): (Collection, usize, Value),
) -> Checked {
    let kind = collection.collection();
    let id = document.get(collection.id_member()).cloned().unwrap_or_default();
    // Without one it is checked under one that nobody has.
    let stands = match &id {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => format!("_{index}"),
    };
    let operations = collection
        .check_id(&stands)
        .and_then(|()| collection.put(view, &stands, document, &Stamp::default()));
    Checked { kind, id, index, operations }
}

type Owner = (usize, &'static str, Value, usize);

/// Of which document a problem is.
fn owner<'o>(problem: &Problem, owners: &'o [Owner]) -> Option<&'o Owner> {
    let index = problem.pointer.strip_prefix('/')?.split('/').next()?;
    owners.get(index.parse::<usize>().ok()?)
}

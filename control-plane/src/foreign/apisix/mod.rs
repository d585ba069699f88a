//! The admin API of APISIX and API7, under `/apisix/admin`.
//!
//! A resource of theirs is made of one or more documents of ours, `kinds/` says which. Nothing else
//! is kept: labels and times stand in the `metadata` of our documents, ids tell what belongs
//! together. What our documents say beyond it is named in `_sanmon` when it is read, and such a
//! resource is not changed in part, which would lose it.

mod absent;
mod access;
mod answer;
mod balancing;
mod catalogue;
mod cors;
mod crud;
mod documents;
pub(crate) mod expiry;
mod frontend;
mod kinds;
mod list;
mod patch;
mod plugins;
mod problems;
mod refusal;
mod request;
mod secrets;
mod stamp;
mod validate;
mod vars;
mod view;

#[cfg(test)]
mod tests;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::admin::Shared;
use crud::Crud;
use kinds::Collection;
use refusal::Refusal;
use request::Call;

/// Everything below `/apisix/admin`.
pub(crate) fn mount(config: &mut ServiceConfig) {
    config.service(
        web::scope("/apisix/admin")
            .wrap(from_fn(access::authenticate))
            .default_service(web::to(serve)),
    );
}

async fn serve(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let answered = match Call::of(&request) {
        Ok(call) => route(call, &request, payload, shared).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| refusal.answer())
}

async fn route(
    call: Call,
    request: &HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, Refusal> {
    let configuration = &shared.configuration;
    if let Some(answered) = absent::serve(&call) {
        return answered;
    }
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let (collection, id, below) = match path.as_slice() {
        [] => return Err(Refusal::not_found("not found")),
        ["plugins", ..] => return catalogue::plugins(&call, &call.path[1..], configuration),
        ["schema", "validate", kind] if call.method == Method::POST => {
            return validate::one(&call, kind, request, payload, &shared).await;
        }
        ["schema", ..] => return catalogue::schema(&call, &call.path[1..], configuration),
        ["configs", "validate"] if call.method == Method::POST => {
            return validate::all(&call, request, payload, &shared).await;
        }
        ["consumers", name, "credentials", rest @ ..] => {
            (Some(Collection::credentials(name)), rest.first(), rest.get(1..))
        }
        ["secrets", sort, rest @ ..] => {
            (Some(Collection::secrets(sort)?), rest.first(), rest.get(1..))
        }
        [name, rest @ ..] => (Collection::named(name), rest.first(), rest.get(1..)),
    };
    let Some(collection) = collection else {
        let name = call.path.first().map_or("", String::as_str);
        return Err(Refusal::not_found(format!("Unsupported resource type: {name}")));
    };
    let id = id.map(|id| (*id).to_owned());
    let below: Vec<String> = below.into_iter().flatten().map(|part| (*part).to_owned()).collect();
    if !below.is_empty() && call.method != Method::PATCH {
        let text = match collection.singular() {
            "service" => "upstreams of a service stand in the service itself",
            _ => "not found",
        };
        return Err(Refusal::not_found(text));
    }
    Crud { call, collection, id, below, shared: shared.clone() }.run(request, payload).await
}

//! `/api/{plural}`, which most tutorials use: the generic API with a few other texts, and the keys of
//! a route or a group.

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, Scope};
use sanmon_shared::Problem;
use serde_json::{Value, json};

use super::answer::Answer;
use super::document::shown;
use super::list::ListQuery;
use super::target::{Generation, Target};
use super::{bulk, catalogue, quotas, read, schema, speak, template, write};
use crate::admin::parts::{ApiError, Code, Query, Shared, at, authenticate, nothing_here};

/// Everything below `/api`.
pub(super) fn scope() -> Scope<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    web::scope("/api")
        .wrap(from_fn(authenticate))
        .wrap(from_fn(speak))
        .app_data(Data::new(Generation::Legacy))
        .service(at!("/version", GET => catalogue::version))
        .service(at!("/plugins/all", GET => catalogue::plugins))
        .service(at!("/new/apikey", GET => template::apikey))
        .service(at!("/{owners:routes|groups}/{owner}/apikeys", GET => keys, POST => create_key))
        .service(at!("/{owners:routes|groups}/{owner}/{plural:apikeys}/{id}/quotas",
            GET => quotas::read, DELETE => quotas::reset))
        .service(at!("/apikeys/{id}/bearer", GET => bearer))
        .service(at!("/{plural:apikeys}/{id}/quotas", GET => quotas::read, DELETE => quotas::reset))
        .service(at!("/{plural}", GET => read::list, POST => write::create))
        .service(at!("/{plural}/_count", GET => read::count))
        .service(at!("/{plural}/_template", GET => template::read))
        .service(at!("/{plural}/_schema", GET => schema::read))
        .service(at!("/{plural}/_bulk", POST => bulk::create, PUT => bulk::put,
            PATCH => bulk::patch, DELETE => bulk::delete))
        .service(at!("/{plural}/{id}", GET => read::one, POST => write::upsert, PUT => write::put,
            PATCH => write::patch, DELETE => write::delete))
        .default_service(web::to(nothing_here))
}

/// `route_<id>` or `group_<id>`, as keys name what they may call.
pub(super) fn entity(owners: &str, owner: &str) -> String {
    let kind = if owners == "routes" { "route" } else { "group" };
    format!("{kind}_{owner}")
}

/// `GET /api/routes/{id}/apikeys`: the keys that name it.
async fn keys(
    request: HttpRequest,
    owner: Path<(String, String)>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let kept = Target::apikeys(Generation::Legacy).kept(&shared)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    let wanted = ListQuery::take(&mut query)?;
    query.done()?;
    let entity = entity(&owner.0, &owner.1);
    let state = shared.fresh().await.state;
    let found: Vec<_> = state
        .list(kept.kind.plural)
        .map(|entry| shown(kept, shared.configuration.shown(entry)))
        .filter(|key| names(key, &entity))
        .collect();
    let total = found.len();
    let page = wanted.page(total, found.into_iter().map(|key| move || key));
    answer.list(kept.kind, page.documents, page.pages)
}

/// Whether a key may call what `entity` names.
pub(super) fn names(key: &Value, entity: &str) -> bool {
    let items = |name: &str| key.get(name).and_then(Value::as_array).into_iter().flatten();
    items("authorizedEntities").any(|found| found == entity)
        || items("authorizations").any(|pair| {
            let text = |name: &str| pair.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{}_{}", text("kind"), text("id")) == entity
        })
}

/// `POST /api/routes/{id}/apikeys`: a key that may call it.
async fn create_key(
    request: HttpRequest,
    payload: Payload,
    owner: Path<(String, String)>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::apikeys(Generation::Legacy);
    let entity = entity(&owner.0, &owner.1);
    if owner.0 == "routes" && shared.fresh().await.state.get("routes", &owner.1).is_none() {
        return Err(target.generation.missing());
    }
    write::create_as(&request, payload, target, &shared, |key| {
        let Some(members) = key.as_object_mut() else { return Ok(()) };
        let entities = members.entry("authorizedEntities").or_insert_with(|| json!([]));
        let Some(entities) = entities.as_array_mut() else {
            return Err(vec![Problem::at("/authorizedEntities", "this is a list")]);
        };
        if !entities.iter().any(|found| *found == entity) {
            entities.push(json!(entity));
        }
        Ok(())
    })
    .await
}

/// `GET /api/apikeys/{id}/bearer`: there only when the secret is set.
async fn bearer() -> Result<HttpResponse, ApiError> {
    let detail = "secrets are hashed: the bearer is in the answer to the write that sets the \
                  secret, and nowhere later";
    Err(ApiError::new(Code::NotFound, detail))
}

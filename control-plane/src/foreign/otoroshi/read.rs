//! Reads: lists, single documents, and how many there are.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::answer::Answer;
use super::document::{labelled, shown};
use super::kinds::Holds;
use super::list::{ListQuery, Page};
use super::target::{Generation, Target};
use crate::admin::parts::{ApiError, Code, Query, Shared};
use crate::configuration::State;

/// `GET /{plural}`.
pub(super) async fn list(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    let wanted = ListQuery::take(&mut query)?;
    query.done()?;
    let fresh = shared.fresh().await;
    let answer = answer.stale(fresh.stale.is_some());
    let (kind, generation) = (target.kind, target.generation);
    // A search looks at every document; that is nothing for a thread that serves others.
    let page = web::block(move || page(&wanted, &target, &fresh.state, &shared)).await;
    let page =
        page.map_err(|error| ApiError::new(Code::Internal, "the list broke off").cause(error))??;
    let counts = [
        ("x-count", page.total),
        ("x-offset", (page.page - 1).saturating_mul(page.size)),
        ("x-page", page.page),
        ("x-page-size", page.size),
    ];
    let answer = counts
        .into_iter()
        .filter(|_| generation == Generation::Legacy)
        .fold(answer, |answer, (name, count)| answer.header(name, &count.to_string()));
    answer.list(kind, page.documents, page.pages)
}

fn page(
    wanted: &ListQuery,
    target: &Target,
    state: &State,
    shared: &Shared,
) -> Result<Page, ApiError> {
    match target.kind.holds {
        Holds::Fixed(make) => {
            let documents = make(state);
            let total = documents.len();
            let label = |document| move || labelled(target.kind, document);
            Ok(wanted.page(total, documents.into_iter().map(label)))
        }
        Holds::Documents => {
            let kept = target.kept(shared)?;
            let configuration = &shared.configuration;
            let entries = state.list(target.kind.plural);
            let show = |entry| move || shown(kept, configuration.shown(entry));
            let makers = entries.map(|entry| show(Arc::as_ref(entry)));
            Ok(wanted.page(state.count(target.kind.plural), makers))
        }
    }
}

/// `GET /{plural}/{id}`.
pub(super) async fn one(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    query.flag("in_mem")?;
    query.done()?;
    let fresh = shared.fresh().await;
    let document = find(&target, &fresh.state, &shared)?;
    answer.stale(fresh.stale.is_some()).document(target.kind, document)
}

/// The document that the path names.
pub(super) fn find(target: &Target, state: &State, shared: &Shared) -> Result<Value, ApiError> {
    let id = target.id();
    let found = match target.kind.holds {
        Holds::Fixed(make) => make(state)
            .into_iter()
            .find(|document| document.get("id").is_some_and(|found| found == id))
            .map(|document| labelled(target.kind, document)),
        Holds::Documents => {
            let kept = target.kept(shared)?;
            let entry = state.get(target.kind.plural, id);
            entry.map(|entry| shown(kept, shared.configuration.shown(entry)))
        }
    };
    found.ok_or_else(|| target.generation.missing())
}

/// `GET /{plural}/_count`.
pub(super) async fn count(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    query.done()?;
    let fresh = shared.fresh().await;
    let count = target.count(&fresh.state);
    let kind = format!("{}/{}", target.kind.group, target.kind.name);
    answer.stale(fresh.stale.is_some()).value(json!({"count": count, "kind": kind}))
}

//! Envelopes, in both manners.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use jiff::Timestamp;
use sanmon_shared::store::Store;
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::view::{Found, Manner};
use crate::configuration::Configuration;

/// Stands on every answer about resources.
const VERSION: (&str, &str) = ("X-API-VERSION", "v3");

/// Times of revisions that are remembered, by line and number: they never change.
const REMEMBERED: usize = 16_384;
static TIMES: LazyLock<Mutex<Times>> = LazyLock::new(Mutex::default);
/// By line and number of a revision.
type Times = HashMap<(Box<str>, u64), Timestamp>;

/// An answer about resources.
pub(super) fn json(status: StatusCode, body: &Value) -> HttpResponse {
    HttpResponse::build(status).insert_header(VERSION).json(body)
}

/// One resource, in its envelope.
pub(super) async fn one(
    kind: &dyn Kind,
    found: Found,
    manner: Manner,
    revisions: &Revisions<'_>,
    indexed: bool,
) -> Value {
    let (key, revision) = (kind.key(&found.id), found.revision);
    let value = value(kind, found, manner, revisions).await;
    match (manner, indexed) {
        (Manner::Api7, _) => json!({"value": value}),
        (Manner::Apisix, false) => json!({"key": key, "value": value}),
        (Manner::Apisix, true) => json!({
            "key": key, "value": value, "createdIndex": revision, "modifiedIndex": revision,
        }),
    }
}

/// A resource with its id, its times, and what of it has no form here.
pub(super) async fn value(
    kind: &dyn Kind,
    found: Found,
    manner: Manner,
    revisions: &Revisions<'_>,
) -> Value {
    let mut value = Map::new();
    value.insert(kind.id_member().to_owned(), Value::from(found.id));
    value.extend(found.value);
    let updated = revisions.at(found.revision).await;
    let (created_name, updated_name) = match manner {
        Manner::Apisix => ("create_time", "update_time"),
        Manner::Api7 => ("created_at", "updated_at"),
    };
    for (name, time) in [(created_name, found.stamp.created), (updated_name, updated)] {
        if let Some(time) = time {
            value.insert(name.to_owned(), Value::from(time.as_second()));
        }
    }
    if !found.hidden.is_empty() {
        value.insert("_sanmon".to_owned(), json!({"not_shown": found.hidden, "see": found.see}));
    }
    Value::Object(value)
}

/// When revisions were written.
pub(super) struct Revisions<'a> {
    store: &'a dyn Store,
    lineage: Box<str>,
}

impl<'a> Revisions<'a> {
    /// Those of the line that a configuration follows.
    pub(super) fn of(configuration: &'a Configuration) -> Self {
        let lineage = configuration.state().head().lineage.as_ref().into();
        Self { store: &**configuration.store(), lineage }
    }

    /// When one was written; none of one that is no longer kept.
    async fn at(&self, revision: u64) -> Option<Timestamp> {
        let key = (self.lineage.clone(), revision);
        let known = TIMES.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if known.is_some() {
            return known;
        }
        let at = self.store.revision(revision).await.ok()??.at;
        let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= REMEMBERED {
            times.clear();
        }
        times.insert(key, at);
        Some(at)
    }
}

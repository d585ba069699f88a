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
    store: &dyn Store,
    indexed: bool,
) -> Value {
    let (key, revision) = (kind.key(&found.id), found.revision);
    let value = value(kind, found, manner, store).await;
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
    store: &dyn Store,
) -> Value {
    let mut value = Map::new();
    value.insert(kind.id_member().to_owned(), Value::from(found.id));
    value.extend(found.value);
    let updated = written_at(store, found.revision).await;
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

/// When a revision was written; none of one that is no longer kept.
async fn written_at(store: &dyn Store, revision: u64) -> Option<Timestamp> {
    let lineage: Box<str> = store.head().await.ok()?.lineage.as_ref().into();
    let key = (lineage, revision);
    let known = TIMES.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    if known.is_some() {
        return known;
    }
    let at = store.revision(revision).await.ok()??.at;
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    if times.len() >= REMEMBERED {
        times.clear();
    }
    times.insert(key, at);
    Some(at)
}

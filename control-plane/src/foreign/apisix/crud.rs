//! Reads and writes of resources: the same for every kind.

use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::answer::Revisions;
use super::kinds::Collection;
use super::list::Wanted;
use super::refusal::Refusal;
use super::request::{self, Call};
use super::stamp::Stamp;
use super::view::{Found, Manner, References, View};
use super::{answer, patch, problems};
use crate::admin::Shared;
use crate::admin::parts::Identity;
use crate::configuration::{
    Action, Match, Operation, Outcome, Precondition, State, WriteRequest, Written,
};

/// Times that this API sets itself.
const TIMES: &[&str] = &["create_time", "update_time", "created_at", "updated_at"];

/// A call to a collection or one of its resources.
pub(super) struct Crud {
    pub(super) call: Call,
    pub(super) collection: Collection,
    pub(super) id: Option<String>,
    /// What follows the id in the path.
    pub(super) below: Vec<String>,
    pub(super) shared: Data<Shared>,
}

/// A resource before it is written, and what it is to be.
struct Change {
    id: String,
    document: Value,
    stamp: Stamp,
    /// Whether nobody may have changed it meanwhile.
    guarded: bool,
}

impl Crud {
    pub(super) async fn run(
        self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, Refusal> {
        let state = self.shared.fresh().await.state;
        if let Collection::Credentials(credentials) = &self.collection
            && state.get("consumers", &credentials.consumer).is_none()
        {
            return Err(Refusal::not_found("consumer not found"));
        }
        let refused = |method| Err(Refusal::method(method, self.collection.singular()));
        match self.call.method {
            Method::GET | Method::HEAD if self.id.is_none() => self.list(state).await,
            Method::GET | Method::HEAD => self.read(state).await,
            Method::POST if !self.collection.posts() => refused("POST"),
            Method::PATCH if !self.collection.patches() => refused("PATCH"),
            Method::POST => self.post(state, request, payload).await,
            Method::PUT => self.put(state, request, payload).await,
            Method::PATCH => self.patch(state, request, payload).await,
            Method::DELETE => self.delete(state, request).await,
            _ => Err(Refusal::not_found("not found")),
        }
    }

    /// The view of a state, for `work` on a thread that serves nobody.
    async fn on<T: Send + 'static>(
        &self,
        state: &Arc<State>,
        work: impl FnOnce(&Collection, &View<'_>) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let configuration = Arc::clone(&self.shared.configuration);
        let (state, manner) = (Arc::clone(state), self.call.manner);
        let collection = self.collection.clone();
        let done = web::block(move || {
            let references = References::Kept;
            let view = View { state: &state, configuration: &configuration, manner, references };
            work(&collection, &view)
        });
        done.await.map_err(|_| Refusal::unavailable("the work broke off"))
    }

    async fn find(&self, state: &Arc<State>, id: &str) -> Result<Option<Found>, Refusal> {
        let id = id.to_owned();
        self.on(state, move |collection, view| collection.find(view, &id)).await
    }

    async fn list(&self, state: Arc<State>) -> Result<HttpResponse, Refusal> {
        let wanted = Wanted::of(&self.call)?;
        let (total, page) = self
            .on(&state, move |collection, view| {
                let ids = collection.ids(view).into_iter();
                wanted.page(ids.filter_map(|id| collection.find(view, &id)).collect())
            })
            .await?;
        let revisions = Revisions::of(&self.shared.configuration);
        let mut list = Vec::with_capacity(page.len());
        for found in page {
            list.push(match self.call.manner {
                Manner::Api7 => {
                    answer::value(&*self.collection, found, Manner::Api7, &revisions).await
                }
                Manner::Apisix => {
                    answer::one(&*self.collection, found, Manner::Apisix, &revisions, true).await
                }
            });
        }
        Ok(answer::json(StatusCode::OK, &json!({"total": total, "list": list})))
    }

    async fn read(&self, state: Arc<State>) -> Result<HttpResponse, Refusal> {
        let id = self.id.as_deref().unwrap_or_default();
        let found = self.find(&state, id).await?.ok_or_else(Refusal::no_key)?;
        let revisions = Revisions::of(&self.shared.configuration);
        let body = answer::one(&*self.collection, found, self.call.manner, &revisions, true).await;
        Ok(answer::json(StatusCode::OK, &body))
    }

    async fn post(
        &self,
        state: Arc<State>,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, Refusal> {
        let document = self.document(request, payload).await?;
        if self.id.is_some() || self.written_id(&document).is_some() {
            let singular = self.collection.singular();
            return Err(Refusal::bad(format!("wrong {singular} id, do not need it")));
        }
        let now = self.shared.configuration.clock().now();
        let stamp = Stamp { created: Some(now), expires: self.call.expires(now)? };
        let chance = ulid::Ulid::generate().random() % 10_000_000;
        let id = format!("{:013}{chance:07}", now.as_millisecond());
        self.write(&state, Change { id, document, stamp, guarded: true }, request).await
    }

    async fn put(
        &self,
        state: Arc<State>,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, Refusal> {
        let document = self.document(request, payload).await?;
        let member = self.collection.id_member();
        let id = match (&self.id, self.written_id(&document)) {
            (Some(path), Some(written)) if *path != written => {
                return Err(Refusal::bad(match member {
                    "id" => format!("wrong {} id", self.collection.singular()),
                    member => format!("wrong {member}"),
                }));
            }
            (Some(id), _) => id.clone(),
            (None, Some(written)) => written,
            (None, None) => {
                return Err(Refusal::bad(format!("missing {} id", self.collection.singular())));
            }
        };
        let there = self.find(&state, &id).await?;
        if there.is_none() {
            self.collection.check_id(&id)?;
        }
        let now = self.shared.configuration.clock().now();
        let created = there.map_or(Some(now), |there| there.stamp.created);
        let stamp = Stamp { created, expires: self.call.expires(now)? };
        self.write(&state, Change { id, document, stamp, guarded: false }, request).await
    }

    async fn patch(
        &self,
        state: Arc<State>,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, Refusal> {
        let Some(id) = self.id.clone() else {
            return Err(Refusal::bad(self.collection.nothing_to_patch()));
        };
        let patch = request::read(request, payload).await?;
        let patch = patch.ok_or_else(|| Refusal::bad("missing new configuration"))?;
        let found = self.find(&state, &id).await?.ok_or_else(Refusal::no_key)?;
        if !found.hidden.is_empty() {
            return Err(Refusal::bad(format!(
                "this {} has members that have no form here and would be lost ({}); change it at {}",
                self.collection.singular(),
                found.hidden.join(", "),
                found.see
            )));
        }
        let now = self.shared.configuration.clock().now();
        let mut stamp = Stamp { created: found.stamp.created, expires: self.call.expires(now)? };
        let revisions = Revisions::of(&self.shared.configuration);
        let shown = answer::value(&*self.collection, found, self.call.manner, &revisions).await;
        let mut document = patch::apply(shown, &self.below, patch)?;
        if let Some(members) = document.as_object_mut() {
            for name in TIMES {
                let time = members.shift_remove(*name).and_then(|time| time.as_i64());
                if name.starts_with("create") && stamp.created.is_some() {
                    let time = time.and_then(|time| jiff::Timestamp::from_second(time).ok());
                    let second = stamp.created.map(jiff::Timestamp::as_second);
                    stamp.created =
                        time.filter(|t| Some(t.as_second()) != second).or(stamp.created);
                }
            }
        }
        if self.written_id(&document).is_some_and(|written| written != id) {
            return Err(Refusal::bad(format!("wrong {} id", self.collection.singular())));
        }
        self.write(&state, Change { id, document, stamp, guarded: true }, request).await
    }

    async fn delete(
        &self,
        state: Arc<State>,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Refusal> {
        let Some(id) = self.id.clone() else {
            return Err(Refusal::bad(format!("missing {} id", self.collection.singular())));
        };
        self.find(&state, &id).await?.ok_or_else(Refusal::no_key)?;
        let (key, force) = (self.collection.key(&id), self.call.flag("force"));
        let operations =
            self.on(&state, move |collection, view| collection.delete(view, &id, force)).await?;
        self.commit(operations, request).await?;
        Ok(answer::json(StatusCode::OK, &json!({"deleted": "1", "key": key})))
    }

    /// The document of a write, without times, which are not the caller's to say.
    async fn document(&self, request: &HttpRequest, payload: Payload) -> Result<Value, Refusal> {
        let document = request::read(request, payload).await?;
        let document = document.ok_or_else(|| Refusal::bad("missing configurations"))?;
        let places = [Some(&document), document.get("upstream"), document.get("plugins")];
        for place in places.into_iter().flatten() {
            if let Some(name) = TIMES.iter().find(|name| place.get(**name).is_some()) {
                return Err(Refusal::bad(format!("the property is forbidden:  {name}")));
            }
        }
        Ok(document)
    }

    /// The id that a document says.
    fn written_id(&self, document: &Value) -> Option<String> {
        match document.get(self.collection.id_member())? {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    async fn write(
        &self,
        state: &Arc<State>,
        change: Change,
        request: &HttpRequest,
    ) -> Result<HttpResponse, Refusal> {
        let Change { id, document, stamp, guarded } = change;
        let put = id.clone();
        let (existed, operations) = self
            .on(state, move |collection, view| {
                let existed = collection.find(view, &put).is_some();
                let operations = collection.put(view, &put, document, &stamp)?;
                let guard = |operation: Operation| guard(view.state, operation);
                let operations: Vec<Operation> =
                    if guarded { operations.into_iter().map(guard).collect() } else { operations };
                Ok::<_, Refusal>((existed, operations))
            })
            .await??;
        let written = self.commit(operations, request).await?;
        let state = self.shared.configuration.state();
        let found = self.find(&state, &id).await?.ok_or_else(Refusal::no_key)?;
        let revisions = Revisions::of(&self.shared.configuration);
        let mut body =
            answer::one(&*self.collection, found, self.call.manner, &revisions, false).await;
        if let (Some(warning), Some(members)) = (warning(&written), body.as_object_mut()) {
            members.insert("warning_msg".to_owned(), Value::from(warning));
        }
        let status = if existed { StatusCode::OK } else { StatusCode::CREATED };
        Ok(answer::json(status, &body))
    }

    /// One revision for all operations.
    async fn commit(
        &self,
        operations: Vec<Operation>,
        request: &HttpRequest,
    ) -> Result<Written, Refusal> {
        let author = Identity::of(request)?.author();
        let operations = problems::placed(operations);
        let message = format!("{} {}", self.call.method, request.path());
        let write = WriteRequest { operations: operations.clone(), message, dry_run: false };
        let written = self.shared.configuration.write(&author, write).await;
        written.map_err(|error| problems::refusal(&*self.collection, &operations, error))
    }
}

/// The operation, if its document is still as it is in this state.
fn guard(state: &State, operation: Operation) -> Operation {
    let id = operation.id.as_deref().unwrap_or_default();
    let precondition = match state.get(&operation.plural, id) {
        Some(entry) => Precondition {
            if_match: Some(Match::Revisions(vec![entry.revision])),
            if_none_match: None,
        },
        None => Precondition { if_match: None, if_none_match: Some(Match::Any) },
    };
    operation.only_if(precondition)
}

/// Members that are kept without effect yet, in one text.
fn warning(written: &Written) -> Option<String> {
    let of = |outcome: &Outcome| {
        let warnings = outcome.warnings.iter();
        // The order that it asks for is that of the slots.
        let warnings = warnings.filter(|warning| !warning.pointer.ends_with("/plugin_index"));
        warnings.map(|warning| format!("{}: {}", warning.pointer, warning.message)).collect()
    };
    let texts: Vec<Vec<String>> = written.outcomes.iter().map(of).collect();
    let text = texts.concat().join("; ");
    (!text.is_empty()).then_some(text)
}

/// Whether an operation stores a document, for whoever only checks it.
pub(super) fn stores(operation: &Operation) -> bool {
    matches!(operation.action, Action::Put(_))
}

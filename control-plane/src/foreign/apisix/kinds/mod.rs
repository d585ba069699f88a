//! The resources of this API, a file each: what our documents look like as one, and which operations
//! on our documents make one.

mod bundle;
mod consumer;
mod consumer_group;
mod credential;
mod global_rule;
mod plugin_config;
mod route;
mod secret;
mod service;
mod upstream;

use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value};
use utoipa::PartialSchema;

use super::documents::{Id, Labels};
use super::refusal::Refusal;
use super::stamp::{self, Stamp};
use super::view::{Found, Members, View, check_id};
use crate::configuration::Operation;

pub(super) use credential::Credentials;
use secret::Secrets;

/// A kind of resource.
pub(super) trait Kind: Send + Sync {
    /// Many of them, as in paths.
    fn collection(&self) -> &'static str;

    /// One of them, as in texts.
    fn singular(&self) -> &'static str;

    /// The member that holds the id.
    fn id_member(&self) -> &'static str {
        "id"
    }

    /// Whether ids are made up on request.
    fn posts(&self) -> bool {
        false
    }

    /// Whether they can be changed in part.
    fn patches(&self) -> bool {
        true
    }

    /// What is told of a change in part that names none.
    fn nothing_to_patch(&self) -> String {
        format!("missing {} id", self.singular())
    }

    /// Refuses a text that cannot be the id of one of them.
    fn check_id(&self, id: &str) -> Result<(), Refusal> {
        check_id(id)
    }

    /// The key of one of them.
    fn key(&self, id: &str) -> String {
        format!("/apisix/{}/{id}", self.collection())
    }

    /// What documents have to look like.
    fn schema(&self) -> Value;

    /// One of them.
    fn find(&self, view: &View<'_>, id: &str) -> Option<Found>;

    /// The ids of all.
    fn ids(&self, view: &View<'_>) -> Vec<String>;

    /// What makes this document the one with the id.
    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal>;

    /// What deletes the one with the id, which exists.
    fn delete(&self, view: &View<'_>, id: &str, force: bool) -> Vec<Operation>;
}

/// Every collection but the credentials, which are each consumer's own, and the secrets, which
/// have a sort in their paths.
pub(super) const KINDS: &[&dyn Kind] = &[
    &route::Routes,
    &service::Services,
    &upstream::Upstreams,
    &consumer::Consumers,
    &consumer_group::ConsumerGroups,
    &plugin_config::PluginConfigs,
    &global_rule::GlobalRules,
];

/// The collection that a path names.
#[derive(Clone)]
pub(super) enum Collection {
    /// One of [`KINDS`].
    Whole(&'static dyn Kind),
    /// That of a consumer.
    Credentials(Arc<Credentials>),
    /// Managers of secrets, of a sort or all.
    Secrets(Arc<Secrets>),
}

impl Collection {
    /// The one with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == Secrets::ALL.collection() {
            return Some(Self::Secrets(Arc::new(Secrets::ALL)));
        }
        KINDS.iter().find(|kind| kind.collection() == name).map(|kind| Self::Whole(*kind))
    }

    /// The one of which the parts are called so, with `_` for blanks.
    pub(super) fn of(singular: &str) -> Option<Self> {
        let kind = KINDS.iter().find(|kind| kind.singular().replace(' ', "_") == singular);
        kind.map(|kind| Self::Whole(*kind))
    }

    /// The credentials of a consumer.
    pub(super) fn credentials(consumer: &str) -> Self {
        Self::Credentials(Arc::new(Credentials { consumer: consumer.to_owned() }))
    }

    /// The managers of secrets of a sort.
    pub(super) fn secrets(sort: &str) -> Result<Self, Refusal> {
        Ok(Self::Secrets(Arc::new(Secrets::of(sort)?)))
    }
}

impl Deref for Collection {
    type Target = dyn Kind;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Whole(kind) => *kind,
            Self::Credentials(credentials) => &**credentials,
            Self::Secrets(secrets) => &**secrets,
        }
    }
}

fn schema_of<D: utoipa::ToSchema + PartialSchema>() -> Value {
    let mut parts = Vec::new();
    D::schemas(&mut parts);
    let mut schema = serde_json::to_value(D::schema()).unwrap_or_default();
    let parts: Map<String, Value> = parts
        .into_iter()
        .map(|(name, part)| (name, serde_json::to_value(part).unwrap_or_default()))
        .collect();
    if let Some(members) = schema.as_object_mut() {
        members.insert("components".to_owned(), serde_json::json!({"schemas": parts}));
    }
    schema
}

/// A document of ours that begins with what all have.
fn begun(
    id: &str,
    name: Option<&String>,
    desc: Option<&String>,
    labels: Option<&Labels>,
    stamp: &Stamp,
) -> Result<Map<String, Value>, Refusal> {
    if name.is_some_and(|name| name.is_empty() || name.chars().count() > 256) {
        let reason = "string length has to be between 1 and 256";
        return Err(Refusal::property("name", reason));
    }
    if let Some(length) = desc.map(|desc| desc.chars().count()).filter(|length| *length > 256) {
        let reason = format!("string too long, expected at most 256, got {length}");
        return Err(Refusal::property("desc", &reason));
    }
    let mut document = Map::new();
    document.insert("id".to_owned(), Value::from(id));
    for (member, text) in [("name", name), ("description", desc)] {
        if let Some(text) = text {
            document.insert(member.to_owned(), Value::from(text.as_str()));
        }
    }
    let metadata = stamp::metadata(labels, stamp)?;
    if !metadata.is_empty() {
        document.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Ok(document)
}

/// Takes what all documents have, and begins to show it.
fn shown(members: &mut Members, id: &str, see: &str, revision: u64) -> Found {
    members.take("id");
    let (labels, stamp) = stamp::read(members.take("metadata").as_ref());
    let mut value = Map::new();
    put(&mut value, "name", members.text("name"));
    put(&mut value, "desc", members.text("description"));
    let labels = labels.and_then(|labels| serde_json::to_value(labels).ok());
    put(&mut value, "labels", labels);
    let see = format!("/apis/v1/{see}");
    Found { id: id.to_owned(), value, hidden: Vec::new(), see, revision, stamp }
}

/// Inserts what is there.
fn put(members: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

/// Refuses what would have to be a WebSocket.
fn no_websocket(enable: Option<bool>) -> Result<(), Refusal> {
    match enable {
        Some(true) => Err(Refusal::property("enable_websocket", "WebSockets are not proxied")),
        _ => Ok(()),
    }
}

/// Whether `status` says that something is on.
fn is_on(status: Option<u8>) -> Result<bool, Refusal> {
    match status {
        None | Some(1) => Ok(true),
        Some(0) => Ok(false),
        Some(_) => Err(Refusal::property("status", "matches none of the enum values")),
    }
}

fn text(id: Option<&Id>) -> Option<&str> {
    id.map(|id| id.0.as_str())
}

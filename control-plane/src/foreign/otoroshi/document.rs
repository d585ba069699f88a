//! Documents on their way in and out. They are kept as they were written; a read adds what every
//! entity of Otoroshi has, and a write takes that back.

use sanmon_shared::Resource as _;
use sanmon_shared::resources::{
    Apikey, EmbeddingModel, Prompt, PromptContext, PromptTemplate, Provider, Route, Service,
};
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::target::Kept;

/// As a read shows it: with what tools take for granted, whether it was written or not.
pub(super) fn shown(kept: Kept, document: Value) -> Value {
    labelled(kept.kind, completed(kept, document))
}

/// With tenant and kind around.
pub(super) fn labelled(kind: &Kind, document: Value) -> Value {
    let mut shown = Map::new();
    shown.insert("_loc".to_owned(), json!({"tenant": "default", "teams": ["default"]}));
    if let Value::Object(members) = document {
        shown.extend(members);
    }
    shown.insert("kind".to_owned(), json!(format!("{}/{}", kind.group, kind.name)));
    Value::Object(shown)
}

/// With the members that every entity has.
pub(super) fn completed(kept: Kept, mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        for (name, value) in taken_for_granted(kept) {
            let member = members.entry(name).or_insert(Value::Null);
            if member.is_null() {
                *member = value;
            }
        }
    }
    document
}

/// `document` without what only [`completed`] added to `stored`: reading and writing back changes
/// nothing.
pub(super) fn taken_back(kept: Kept, mut document: Value, stored: &Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        for (name, value) in taken_for_granted(kept) {
            match stored.get(&name) {
                None if members.get(&name) == Some(&value) => drop(members.shift_remove(&name)),
                Some(Value::Null) if members.get(&name) == Some(&value) => {
                    members.insert(name, Value::Null);
                }
                _ => {}
            }
        }
    }
    document
}

/// What an entity of Otoroshi always has, and what it is where a document says nothing: what our
/// types take for it too.
fn taken_for_granted(kept: Kept) -> Vec<(String, Value)> {
    let mut members = vec![
        (kept.info.name_field, json!("")),
        ("description", json!("")),
        ("tags", json!([])),
        ("metadata", json!({})),
    ];
    members.extend(match kept.kind.plural {
        Route::PLURAL => vec![
            ("enabled", json!(true)),
            ("groups", json!(["default"])),
            ("frontend", json!({"domains": []})),
            ("backend", json!({"targets": []})),
            ("plugins", json!([])),
        ],
        Service::PLURAL => {
            vec![("enabled", json!(true)), ("domains", json!([])), ("plugins", json!([]))]
        }
        Apikey::PLURAL => vec![("enabled", json!(true)), ("authorizedEntities", json!([]))],
        Provider::PLURAL => vec![("connection", json!({})), ("options", json!({}))],
        EmbeddingModel::PLURAL => vec![("config", json!({}))],
        Prompt::PLURAL => vec![("prompt", json!(""))],
        PromptContext::PLURAL => vec![("pre_messages", json!([])), ("post_messages", json!([]))],
        PromptTemplate::PLURAL => vec![("template", json!("[]"))],
        _ => Vec::new(),
    });
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A document as it was sent, made one of ours: out of its Kubernetes envelope, under the id of the
/// path, and without the one member that Otoroshi writes on every backend and never reads.
pub(super) fn received(kept: Kept, document: Value, id: Option<&str>) -> Value {
    let mut document = unwrapped(kept, document);
    if let Some(members) = document.as_object_mut() {
        if let Some(id) = id {
            let at = members.contains_key(kept.info.id_field);
            let value = Value::from(id);
            if at {
                members.insert(kept.info.id_field.to_owned(), value);
            } else {
                members.shift_insert(0, kept.info.id_field.to_owned(), value);
            }
        }
        if let Some(backend) = members.get_mut("backend").and_then(Value::as_object_mut)
            && backend.get("target_refs").is_some_and(|refs| *refs == json!([]))
        {
            backend.shift_remove("target_refs");
        }
    }
    document
}

/// `spec`, with the name from `metadata` where it has none.
fn unwrapped(kept: Kept, document: Value) -> Value {
    let is_wrapped = document.get("apiVersion").is_some_and(Value::is_string)
        && document.get("spec").is_some_and(Value::is_object);
    if !is_wrapped {
        return document;
    }
    let name = document.pointer("/metadata/name").cloned();
    let mut spec = document.get("spec").cloned().unwrap_or_default();
    if let (Some(members), Some(name)) = (spec.as_object_mut(), name) {
        members.entry(kept.info.name_field).or_insert(name);
    }
    spec
}

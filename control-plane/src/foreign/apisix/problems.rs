//! What our own service says of a write, in the words of this API.

use actix_web::http::StatusCode;
use sanmon_shared::Problem;
use serde_json::Value;

use super::kinds::{KINDS, Kind};
use super::plugins;
use super::refusal::Refusal;
use super::vars;
use super::view::unknown;
use crate::admin::parts::ApiError;
use crate::configuration::{Action, Operation, Referrer, WriteError};

/// What members of our documents are called here.
const NAMES: &[(&str, &str)] = &[
    ("/frontend/paths", "uris"),
    ("/frontend/domains", "hosts"),
    ("/frontend/domain", "host"),
    ("/frontend/addresses", "remote_addrs"),
    ("/frontend/methods", "methods"),
    ("/domains", "hosts"),
    ("/description", "desc"),
    ("/metadata", "labels"),
    ("/backend/targets", "upstream.nodes"),
    ("/backend/client", "timeout"),
    ("/clientSecret", "plugins.key-auth.key"),
    ("/clientName", "name"),
];

/// Members that name other documents.
const REFERENCES: &[(&str, &str)] =
    &[("/service_ref", "service_id"), ("/backend_ref", "upstream_id"), ("/group_ref", "group_id")];

/// Operations of which each knows its place among them.
pub(super) fn placed(operations: Vec<Operation>) -> Vec<Operation> {
    let at = |(index, operation): (usize, Operation)| operation.at(format!("/{index}"));
    operations.into_iter().enumerate().map(at).collect()
}

/// Why a write was refused.
pub(super) fn refusal(kind: &dyn Kind, operations: &[Operation], error: WriteError) -> Refusal {
    match error {
        WriteError::Invalid(problems) => {
            let texts: Vec<String> =
                problems.iter().map(|problem| told(operations, problem)).collect();
            Refusal::bad(texts.join("; "))
        }
        WriteError::Referenced { by, .. } => {
            let directly = if kind.collection() == "services" { " directly" } else { "" };
            let users: Vec<String> = by.iter().map(user).collect();
            Refusal::bad(format!(
                "can not delete this {}{directly}, {} still using it now",
                kind.singular(),
                if users.len() == 1 {
                    format!("{} is", users.concat())
                } else {
                    format!("{} are", users.join(", "))
                }
            ))
        }
        WriteError::NotFound { .. } => Refusal::no_key(),
        WriteError::Precondition { .. } | WriteError::Deadline => {
            Refusal::unavailable("value changed before overwritten")
        }
        error => {
            let error = ApiError::from(error);
            let status = match error.code.status() {
                status if status.is_server_error() => StatusCode::SERVICE_UNAVAILABLE,
                status => status,
            };
            Refusal { status, ..Refusal::from(error) }
        }
    }
}

/// Who refers to what should go.
fn user(referrer: &Referrer) -> String {
    let kinds: &[(&str, &str)] = &[
        ("routes", "route"),
        ("services", "service"),
        ("consumers", "consumer"),
        ("apikeys", "API key"),
    ];
    let known = kinds.iter().find(|(plural, _)| *plural == referrer.kind);
    let kind = known.map_or(referrer.kind.as_str(), |(_, kind)| kind);
    format!("{kind} [{}]", referrer.id)
}

/// A problem of one of the operations. Without the prefix of its operation its pointer goes into the
/// document.
pub(super) fn told(operations: &[Operation], problem: &Problem) -> String {
    let rest = problem.pointer.strip_prefix('/').unwrap_or(&problem.pointer);
    let (index, pointer) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let operation = index.parse::<usize>().ok().and_then(|index| operations.get(index));
    let document = operation.and_then(|operation| match &operation.action {
        Action::Put(document) | Action::Create(document) => Some(document),
        _ => None,
    });
    let text = document.and_then(|document| of_document(document, pointer, &problem.message));
    text.unwrap_or_else(|| {
        let property = pointer.trim_start_matches('/').replace('/', ".");
        Refusal::property(&property, &problem.message).text()
    })
}

fn of_document(document: &Value, pointer: &str, message: &str) -> Option<String> {
    let config = |plugin: &str, below: &str| {
        let property = below.trim_start_matches('/').replace('/', ".");
        let reason = match property.as_str() {
            "" => message.to_owned(),
            property => format!("property \"{property}\" validation failed: {message}"),
        };
        plugins::wrong(plugin, &reason).text()
    };
    if let Some((_, property)) = REFERENCES.iter().find(|(member, _)| *member == pointer) {
        let id = document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        return Some(unknown(property, id).text());
    }
    if let Some(rest) = pointer.strip_prefix("/plugins/") {
        let (index, below) = rest.split_once('/').unwrap_or((rest, ""));
        let plugin = document.pointer(&format!("/plugins/{index}/plugin"))?.as_str()?;
        return Some(config(plugin, below.strip_prefix("config").unwrap_or(below)));
    }
    if let (Some(below), Some(plugin)) = (pointer.strip_prefix("/config"), document.get("plugin")) {
        return Some(config(plugin.as_str()?, below));
    }
    if let Some(below) = pointer.strip_prefix("/frontend/vars") {
        return Some(vars::wrong(below, message).text());
    }
    let below = |manager: &&str| {
        let below = pointer.strip_prefix('/')?.strip_prefix(*manager)?.strip_prefix('/')?;
        document.get(*manager).map(|_| below.replace('/', "."))
    };
    if let Some(property) = ["vault", "aws", "gcp"].iter().find_map(below) {
        return Some(Refusal::property(&property, message).text());
    }
    let (_, name) = NAMES.iter().find(|(member, _)| {
        pointer.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })?;
    Some(Refusal::property(name, message).text())
}

/// The collections, for whoever asks for another one.
pub(super) fn collections() -> String {
    KINDS.iter().map(|kind| kind.collection()).collect::<Vec<_>>().join(", ")
}

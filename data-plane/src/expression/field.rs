//! What has one value: a name each, and where it is found. `None` stands for what the request lacks.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::Scope;
use crate::snapshot::{Apikey, Consumer};

/// Finds a value.
pub(super) type Field = for<'a> fn(&Scope<'a>) -> Option<Cow<'a, str>>;

/// Every name. What is left out (`user.…`, `plan.…`, `api.…`, client certificates, listeners) has no
/// counterpart here, and so never has a value.
pub(super) const FIELDS: &[(&str, Field)] = &[
    ("req.id", |s| Some(s.exchange.request_id.as_str().into())),
    ("req.fullUrl", |s| Some(full_url(s).into())),
    ("req.uri", |s| Some(uri(s))),
    ("req.path", |s| Some(s.exchange.path().into())),
    ("req.host", |s| Some(host(s))),
    ("req.domain", |s| Some(s.exchange.host())),
    ("req.method", |s| Some(s.exchange.request.method().as_str().into())),
    ("req.version", |s| Some(format!("{:?}", s.exchange.request.version()).into())),
    ("req.protocol", |s| Some(protocol(s).into())),
    ("req.secured", |s| Some(if s.exchange.secure { "true" } else { "false" }.into())),
    ("req.ip", |s| Some(s.exchange.client.to_string().into())),
    ("req.ip_address", |s| Some(s.exchange.client.to_string().into())),
    ("route.id", |s| Some(s.exchange.matched.route.id.as_str().into())),
    ("route.name", |s| Some((&*s.exchange.matched.route.name).into())),
    ("route.json", |s| Some(route(s).to_string().into())),
    ("route.json.pretty", |s| pretty(&route(s))),
    ("service.id", |s| Some(s.exchange.matched.route.id.as_str().into())),
    ("service.name", |s| Some((&*s.exchange.matched.route.name).into())),
    ("apikey.id", |s| Some(key(s)?.id.as_str().into())),
    ("apikey.clientId", |s| Some(key(s)?.id.as_str().into())),
    ("apikey.name", |s| Some(key(s)?.name().into())),
    ("apikey.json", |s| Some(key_json(key(s)?).to_string().into())),
    ("apikey.json.pretty", |s| pretty(&key_json(key(s)?))),
    ("consumer.id", |s| Some(consumer_of(s).map_or(key(s)?.id.as_str(), |c| c.id.as_str()).into())),
    ("consumer.long_id", |s| Some(key(s)?.id.as_str().into())),
    ("consumer.name", |s| Some(consumer_of(s).map_or(key(s)?.name(), Consumer::name).into())),
    ("consumer.kind", |s| Some(if key(s).is_some() { "apikey" } else { "public" }.into())),
    ("consumer.json", |s| Some(consumer(key(s)?).to_string().into())),
    ("consumer.json.pretty", |s| pretty(&consumer(key(s)?))),
];

/// The value of a field.
pub(super) fn find<'a>(name: &str, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
    FIELDS.iter().find(|(known, _)| *known == name).and_then(|(_, field)| field(scope))
}

fn key<'a>(scope: &Scope<'a>) -> Option<&'a Apikey> {
    scope.exchange.key.as_deref()
}

/// Whose key it is; elsewhere the key itself is the consumer.
fn consumer_of<'a>(scope: &Scope<'a>) -> Option<&'a Consumer> {
    scope.exchange.consumer.as_deref()
}

fn protocol(scope: &Scope<'_>) -> &'static str {
    if scope.exchange.secure { "https" } else { "http" }
}

/// As the caller named it, port included.
fn host<'a>(scope: &Scope<'a>) -> Cow<'a, str> {
    let exchange = scope.exchange;
    let own = exchange.request.headers().get(actix_web::http::header::HOST);
    match own.and_then(|host| host.to_str().ok()) {
        Some(host) if exchange.forwarded_host.is_none() => host.into(),
        _ => exchange.host(),
    }
}

fn uri<'a>(scope: &Scope<'a>) -> Cow<'a, str> {
    match scope.exchange.query() {
        Some(query) => format!("{}?{query}", scope.exchange.path()).into(),
        None => scope.exchange.path().into(),
    }
}

fn full_url(scope: &Scope<'_>) -> String {
    format!("{}://{}{}", protocol(scope), host(scope), uri(scope))
}

fn pretty<'a>(value: &Value) -> Option<Cow<'a, str>> {
    serde_json::to_string_pretty(value).ok().map(Cow::Owned)
}

/// The route without what only its gateway should know: plugins, their configs, and targets.
pub(super) fn route(scope: &Scope<'_>) -> Value {
    let route = &scope.exchange.matched.route;
    let metadata: Map<String, Value> = route
        .about
        .iter()
        .flat_map(|about| &about.metadata)
        .map(|(name, value)| (name.to_string(), (**value).into()))
        .collect();
    let tags: &[Box<str>] = route.about.as_ref().map_or(&[], |about| &about.tags);
    json!({
        "id": route.id,
        "name": route.name,
        "tags": tags,
        "metadata": metadata,
        "groups": *route.groups
    })
}

pub(super) fn key_json(key: &Apikey) -> Value {
    let metadata: Map<String, Value> =
        key.all_metadata().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "clientId": key.id,
        "clientName": key.name(),
        "metadata": metadata,
        "tags": key.tags()
    })
}

fn consumer(key: &Apikey) -> Value {
    json!({"kind": "apikey", "consumer": key_json(key)})
}

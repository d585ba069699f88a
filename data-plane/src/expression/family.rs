//! What has many members or items: a prefix each, how a member is found, and the word for one that
//! is not there.

use std::borrow::Cow;

use sanmon_wire::json::Object;

use super::{Found, Path, Scope, path};

/// A key of a family.
#[derive(Debug)]
pub(super) struct Key {
    text: Box<str>,
    /// The same as a way into a document; none where it is no such way.
    path: Option<Path>,
}

impl Key {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), path: Path::parse(text) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Names that begin alike.
#[derive(Debug)]
pub(super) struct Family {
    /// How they begin.
    pub(super) prefix: &'static str,
    /// The word for what is not there, before its key.
    pub(super) marker: &'static str,
    /// Finds one.
    pub(super) find: for<'a> fn(&Scope<'a>, &Key) -> Found<'a>,
    /// Whether what follows the last colon is a default.
    pub(super) has_defaults: bool,
    /// Whether there are `.replace(…)`, `.replaceAll(…)` and `x|family.y`.
    pub(super) has_functions: bool,
    /// Whether it is the body that is looked at.
    pub(super) reads_body: bool,
}

impl Family {
    const fn new(
        prefix: &'static str,
        marker: &'static str,
        find: for<'a> fn(&Scope<'a>, &Key) -> Found<'a>,
    ) -> Self {
        Self { prefix, marker, find, has_defaults: true, has_functions: false, reads_body: false }
    }

    const fn without_defaults(self) -> Self {
        Self { has_defaults: false, ..self }
    }

    const fn with_functions(self) -> Self {
        Self { has_functions: true, ..self }
    }

    const fn of_body(self) -> Self {
        Self { reads_body: true, ..self }
    }
}

/// Every family. Those that find nothing are known so that their defaults count: there are no users
/// and no verifiers of tokens here, and the environment and the settings are nobody's to read.
#[rustfmt::skip]
pub(super) const FAMILIES: &[Family] = &[
    Family::new("req.headers.", "no-header-", |s, key| found(s.header(key.text()))),
    // As the product's guides write it.
    Family::new("req.header.", "no-header-", |s, key| found(s.header(key.text()))),
    Family::new("req.query.", "no-query-", |s, key| found(s.query(key.text()))),
    Family::new("req.cookies.", "no-cookie-", |s, key| found(s.cookie(key.text()))),
    Family::new("req.pathparams.", "no-path-param-", |s, key| {
        found(s.exchange.matched.param(s.exchange.path(), key.text()).map(Cow::Borrowed))
    }),
    Family::new("req.body.", "no-body-", body).of_body(),
    Family::new("route.metadata.", "no-meta-", route_metadata),
    Family::new("service.metadata.", "no-meta-", route_metadata),
    Family::new("apikey.metadata.", "no-meta-", key_metadata),
    Family::new("consumer.metadata.", "no-meta-", consumer_metadata),
    Family::new("apikeyjwt.", "no-path-at-", claim),
    Family::new("user.tokens.", "no-", |_, _| Found::Nothing),
    Family::new("user.metadata.", "no-meta-", |_, _| Found::Nothing),
    Family::new("user.profile.", "no-profile-", |_, _| Found::Nothing),
    Family::new("in_jwt.", "no-jwt-", |_, _| Found::Nothing),
    Family::new("out_jwt.", "no-jwt-", |_, _| Found::Nothing),
    Family::new("env.", "no-env-var-", |_, _| Found::Nothing),
    Family::new("config.", "no-config-", |_, _| Found::Nothing),
    Family::new("token.", "no-token-", |_, _| Found::Missing).with_functions(),
    Family::new("ctx.", "no-ctx-", context).with_functions(),
    Family::new("item.", "no-item-", |_, _| Found::Missing).without_defaults(),
    Family::new("params.", "no-params-", |_, _| Found::Missing).without_defaults(),
];

fn found(value: Option<Cow<'_, str>>) -> Found<'_> {
    value.map_or(Found::Missing, Found::Value)
}

fn body<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    let body = scope.body.as_ref();
    let value = body.zip(key.path.as_ref()).and_then(|(body, path)| path.find(body));
    found(value.and_then(path::text))
}

fn route_metadata<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    let about = scope.exchange.matched.route.about.as_ref();
    let value = about.and_then(|about| about.metadata.get(key.text()));
    found(value.map(|value| Cow::Borrowed(&**value)))
}

fn key_metadata<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    let Some(apikey) = &scope.exchange.key else { return Found::Nothing };
    found(apikey.metadata(key.text()).map(Cow::Borrowed))
}

/// Of whose key it is, then of the key.
fn consumer_metadata<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    let consumer = scope.exchange.consumer.as_ref();
    match consumer.and_then(|consumer| consumer.metadata(key.text())) {
        Some(value) => Found::Value(Cow::Borrowed(value)),
        None => key_metadata(scope, key),
    }
}

fn claim<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    let Some(claims) = &scope.exchange.claims else { return Found::Nothing };
    let claims = Object::scan(claims.as_bytes()).ok();
    let value = claims.zip(key.path.as_ref()).and_then(|(claims, path)| path.find(&claims));
    found(value.and_then(path::text))
}

/// What the context of every request has.
fn context<'a>(scope: &Scope<'a>, key: &Key) -> Found<'a> {
    match key.text() {
        "requestId" | "requestSnowflake" => Found::Value(scope.exchange.request_id.as_str().into()),
        "requestTimestamp" => found(super::date::now(scope)),
        _ => Found::Missing,
    }
}

/// A list whose items are named by number.
#[derive(Debug)]
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) item: for<'a> fn(&Scope<'a>, usize) -> Option<Cow<'a, str>>,
}

/// Every list.
pub(super) const LISTS: &[List] = &[
    List {
        name: "route.domains",
        item: |s, index| Some(s.exchange.matched.route.domains.get(index)?.to_string().into()),
    },
    List {
        name: "service.groups",
        item: |s, index| Some((&**s.exchange.matched.route.groups.get(index)?).into()),
    },
    List {
        name: "apikey.tags",
        item: |s, index| Some((&**s.exchange.key.as_ref()?.tags().get(index)?).into()),
    },
];

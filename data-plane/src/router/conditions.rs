use std::collections::BTreeMap;
use std::str::FromStr as _;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, COOKIE, HeaderName, HeaderValue, ORIGIN,
};
use regex::Regex;
use sanmon_shared::network::Network;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::{Problem, resources};

use super::RouteQuery;
use super::glob::glob;
use super::vars::{Body, Vars};
use crate::snapshot::compile;

/// What a route expects of a request beside its host and path. Most routes expect nothing.
#[derive(Debug, Default)]
pub struct Conditions {
    pub(crate) exact: bool,
    methods: Box<[Method]>,
    headers: Box<[(HeaderName, Expected)]>,
    query: Box<[(Box<str>, Expected)]>,
    cookies: Box<[(Box<str>, Expected)]>,
    addresses: Box<[Network]>,
    vars: Option<Vars>,
}

/// What a value has to be.
#[derive(Debug)]
enum Expected {
    Literal(Box<str>),
    Present,
    Absent,
    Expression(Regex),
    Glob(Box<str>),
}

/// How a request meets conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    No,
    Yes,
    /// As far as can be said without the body.
    Open,
    /// Not its own method, but the one for which it asks permission.
    Preflight,
}

impl Conditions {
    /// Compiles them; none where nothing is expected. Problems point into the route.
    pub(crate) fn build(
        frontend: &resources::Frontend,
        problems: &mut Vec<Problem>,
    ) -> Option<Box<Self>> {
        let mut methods = Vec::with_capacity(frontend.methods.len());
        for (index, method) in frontend.methods.iter().enumerate() {
            match Method::from_str(&method.to_ascii_uppercase()) {
                Ok(method) => methods.push(method),
                Err(_) => problems.push(Problem::at(
                    join_pointer("/frontend/methods", &index.to_string()),
                    "not a method",
                )),
            }
        }
        let mut headers = Vec::with_capacity(frontend.headers.len());
        for (name, expected) in &frontend.headers {
            let at = join_pointer("/frontend/headers", name);
            match HeaderName::from_str(name) {
                Ok(header) => headers
                    .extend(Expected::build(expected, &at, problems).map(|value| (header, value))),
                Err(_) => problems.push(Problem::at(at, "not the name of a header")),
            }
        }
        let mut named = |values: &BTreeMap<String, String>, at: &str| {
            let mut built = Vec::with_capacity(values.len());
            for (name, expected) in values {
                let expected = Expected::build(expected, &join_pointer(at, name), problems);
                built.extend(expected.map(|expected| (Box::from(name.as_str()), expected)));
            }
            built.into_boxed_slice()
        };
        let query = named(&frontend.query, "/frontend/query");
        let cookies = named(&frontend.cookies, "/frontend/cookies");
        let mut addresses = Vec::with_capacity(frontend.addresses.len());
        for (index, address) in frontend.addresses.iter().enumerate() {
            match address.parse::<Network>() {
                Ok(network) => addresses.push(network),
                Err(error) => {
                    let at = join_pointer("/frontend/addresses", &index.to_string());
                    problems.push(Problem::at(at, error.to_string()));
                }
            }
        }
        let conditions = Self {
            exact: frontend.exact,
            methods: methods.into(),
            headers: headers.into(),
            query,
            cookies,
            addresses: addresses.into(),
            vars: Vars::build(&frontend.vars, "/frontend/vars", problems),
        };
        (conditions.rank() != (0, false, false)).then(|| Box::new(conditions))
    }

    /// The larger, the sooner it is tried.
    pub(super) fn rank(&self) -> (usize, bool, bool) {
        let values = self.headers.len()
            + self.query.len()
            + self.cookies.len()
            + usize::from(!self.addresses.is_empty())
            + self.vars.as_ref().map_or(0, Vars::len);
        (values, self.exact, !self.methods.is_empty())
    }

    /// `rest` is what of the path follows the matched prefix.
    pub(super) fn met(&self, query: &RouteQuery<'_>, rest: &str) -> Met {
        let values = (!self.exact || rest.is_empty() || rest == "/")
            && self.headers.iter().all(|(name, expected)| {
                expected.is_met(query.headers.get_all(name).map(HeaderValue::as_bytes))
            })
            && self.query.iter().all(|(name, expected)| {
                let pairs = url::form_urlencoded::parse(query.query().as_bytes());
                expected.is_met(
                    pairs.filter(|(key, _)| **key == **name).map(|(_, value)| value.into_owned()),
                )
            })
            && self.cookies.iter().all(|(name, expected)| expected.is_met(cookies(query, name)))
            && (self.addresses.is_empty()
                || self.addresses.iter().any(|network| network.contains(query.client)));
        if !values {
            return Met::No;
        }
        let vars = self.vars.as_ref().map_or(Some(true), |vars| vars.hold(query, None));
        if vars == Some(false) {
            return Met::No;
        }
        if self.methods.is_empty() || self.methods.contains(query.method) {
            return match vars {
                Some(_) => Met::Yes,
                // It is sent before the body that decides.
                None if preflight(query).is_some() => Met::Preflight,
                None => Met::Open,
            };
        }
        let asks = |asked: &str| self.methods.iter().any(|method| method.as_str() == asked);
        if preflight(query).is_some_and(asks) { Met::Preflight } else { Met::No }
    }

    /// Whether a request that met them but for its body meets them.
    pub(crate) fn met_by(&self, query: &RouteQuery<'_>, body: &Body<'_>) -> bool {
        self.vars.as_ref().is_none_or(|vars| vars.hold(query, Some(body)) == Some(true))
    }
}

/// The method for which a browser asks permission.
fn preflight<'a>(query: &RouteQuery<'a>) -> Option<&'a str> {
    let asked = query.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (query.method == Method::OPTIONS && query.headers.contains_key(ORIGIN))
        .then(|| asked.to_str().ok())?
}

/// The values that the request's cookies have under a name.
pub(super) fn cookies<'a>(query: &RouteQuery<'a>, name: &str) -> impl Iterator<Item = &'a str> {
    query
        .headers
        .get_all(COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value)
}

impl Expected {
    fn build(text: &str, at: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        Some(match text {
            "Exists()" | "IsDefined()" => Self::Present,
            "NotDefined()" => Self::Absent,
            _ => match (inner("Regex"), inner("Wildcard")) {
                (Some(expression), _) => Self::Expression(
                    compile::whole(expression)
                        .map_err(|error| problems.push(Problem::at(at, error)))
                        .ok()?,
                ),
                (None, Some(pattern)) => Self::Glob(pattern.into()),
                (None, None) => Self::Literal(text.into()),
            },
        })
    }

    /// Whether one of the values is as expected, or there is none where none is expected.
    fn is_met<V: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = V>) -> bool {
        let fits = |value: &V, fits: &dyn Fn(&str) -> bool| {
            std::str::from_utf8(value.as_ref()).is_ok_and(fits)
        };
        match self {
            Self::Present => values.next().is_some(),
            Self::Absent => values.next().is_none(),
            Self::Literal(literal) => values.any(|value| value.as_ref() == literal.as_bytes()),
            Self::Expression(expression) => {
                values.any(|value| fits(&value, &|text| expression.is_match(text)))
            }
            Self::Glob(pattern) => values.any(|value| fits(&value, &|text| glob(pattern, text))),
        }
    }
}

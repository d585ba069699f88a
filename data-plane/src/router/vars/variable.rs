//! What of a request is looked at.

use actix_web::http::header::HeaderName;

use super::{Body, Found};
use crate::expression::Path;
use crate::router::RouteQuery;
use crate::router::conditions::cookies;

/// A variable.
#[derive(Debug)]
pub(super) enum Variable {
    Arg(Box<str>),
    Header(HeaderName),
    Cookie(Box<str>),
    Uri,
    RequestUri,
    QueryString,
    Host,
    Scheme,
    Method,
    RemoteAddr,
    /// A place in a JSON body.
    Member(Path),
    /// A field of a form.
    Field(Box<str>),
}

/// A path has no more steps than this.
const LONGEST: usize = 32;

impl Variable {
    /// Reads a name.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let named = |prefix: &str| name.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(path) = named("post_arg.") {
            return member(path);
        }
        if let Some(field) = named("post_arg_") {
            return Ok(Self::Field(field.into()));
        }
        if let Some(parameter) = named("arg_") {
            return Ok(Self::Arg(parameter.into()));
        }
        if let Some(cookie) = named("cookie_") {
            return Ok(Self::Cookie(cookie.into()));
        }
        if let Some(header) = named("http_") {
            let name = HeaderName::try_from(header.replace('_', "-"));
            return name.map(Self::Header).map_err(|_| format!("{header:?} is no header"));
        }
        Ok(match name {
            "uri" => Self::Uri,
            "request_uri" => Self::RequestUri,
            "query_string" => Self::QueryString,
            "host" => Self::Host,
            "scheme" => Self::Scheme,
            "request_method" | "method" => Self::Method,
            "remote_addr" => Self::RemoteAddr,
            _ => {
                return Err(format!(
                    "there is no variable {name:?}; there are arg_<parameter>, http_<header>, \
                     cookie_<name>, uri, request_uri, query_string, host, scheme, request_method, \
                     remote_addr, post_arg.<path> and post_arg_<field>"
                ));
            }
        })
    }

    /// Whether only the body says it.
    pub(super) fn is_of_body(&self) -> bool {
        matches!(self, Self::Member(_) | Self::Field(_))
    }

    /// Shows its values to `see` until one is enough; whether one was.
    pub(super) fn visit(
        &self,
        query: &RouteQuery<'_>,
        body: Option<&Body<'_>>,
        see: &mut dyn FnMut(Found<'_>) -> bool,
    ) -> bool {
        match self {
            Self::Arg(name) => url::form_urlencoded::parse(query.query().as_bytes())
                .filter(|(key, _)| **key == **name)
                .any(|(_, value)| see(Found::Text(value))),
            Self::Header(name) => {
                query.headers.get_all(name).any(|value| see(Found::bytes(value.as_bytes())))
            }
            Self::Cookie(name) => cookies(query, name).any(|value| see(text(value))),
            Self::Uri => see(text(query.path)),
            Self::RequestUri => match query.uri.path_and_query() {
                Some(uri) => see(text(uri.as_str())),
                None => see(text(query.uri.path())),
            },
            Self::QueryString => see(text(query.query())),
            Self::Host => see(text(query.host)),
            Self::Scheme => see(text(if query.secure { "https" } else { "http" })),
            Self::Method => see(text(query.method.as_str())),
            Self::RemoteAddr => see(Found::Address(query.client)),
            Self::Member(path) => body.is_some_and(|body| see(body.member(path))),
            Self::Field(name) => {
                body.is_some_and(|body| body.field(name).any(|value| see(Found::Text(value))))
            }
        }
    }
}

fn text(text: &str) -> Found<'_> {
    Found::Text(text.into())
}

/// `a.b.0`: a member's member's first element.
fn member(path: &str) -> Result<Variable, String> {
    let steps = path.split('.');
    if path.starts_with('/')
        || path.contains(['[', ']', '$', '*'])
        || steps.clone().any(str::is_empty)
    {
        return Err(format!("{path:?} is no path of members and indexes: a.b.0"));
    }
    if steps.count() > LONGEST {
        return Err(format!("a path has at most {LONGEST} steps"));
    }
    Path::parse(path)
        .map(Variable::Member)
        .ok_or_else(|| format!("{path:?} is no path of members and indexes: a.b.0"))
}

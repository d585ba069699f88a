//! Texts of APISIX's configs in which variables of the request stand: `$remote_addr`, `${http_user}`,
//! `${http_count ?? 10}`.

use std::borrow::Cow;
use std::str::FromStr as _;

use actix_web::http::header::{COOKIE, HOST, HeaderName};

use crate::exchange::Exchange;

/// A text, compiled.
#[derive(Debug)]
pub(crate) struct ApisixText(Box<[Piece]>);

#[derive(Debug)]
enum Piece {
    Text(Box<str>),
    Variable { variable: Variable, default: Option<Box<str>> },
}

/// What a text is for one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The text with the values of its variables.
    pub(crate) text: String,
    /// How many of them the request has, defaults not counted.
    pub(crate) found: usize,
}

/// Something of a request, as nginx and APISIX name it.
#[derive(Debug)]
pub(crate) enum Variable {
    RemoteAddress,
    Consumer,
    Group,
    Route,
    Service,
    Host,
    Uri,
    RequestUri,
    QueryString,
    Method,
    Scheme,
    RequestId,
    Header(HeaderName),
    Argument(Box<str>),
    Cookie(Box<str>),
}

impl ApisixText {
    /// Reads a text. The error names a variable that is not known.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            push(&mut pieces, before);
            let (name, default, after) = if let Some(inner) = after.strip_prefix('{') {
                let (inner, after) =
                    inner.split_once('}').ok_or("a \"${\" has no \"}\"".to_owned())?;
                let (name, default) = match inner.split_once("??") {
                    Some((name, default)) => (name, Some(default.trim())),
                    None => (inner, None),
                };
                (name.trim(), default, after)
            } else {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                (name, None, after)
            };
            let variable = Variable::named(name)?;
            pieces.push(Piece::Variable { variable, default: default.map(Into::into) });
            rest = after;
        }
        push(&mut pieces, rest);
        Ok(Self(pieces.into()))
    }

    /// Whether it is not the same for all requests.
    pub(crate) fn has_variables(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    /// The text for a request; what it lacks is empty.
    pub(crate) fn resolve(&self, exchange: &Exchange) -> Resolved {
        let mut resolved = Resolved { text: String::new(), found: 0 };
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => resolved.text.push_str(text),
                Piece::Variable { variable, default } => match variable.value(exchange) {
                    Some(value) => {
                        resolved.found += 1;
                        resolved.text.push_str(&value);
                    }
                    None => resolved.text.push_str(default.as_deref().unwrap_or_default()),
                },
            }
        }
        resolved
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}

impl Variable {
    /// The variable of this name. The error is for whoever wrote it.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "remote_addr" => Self::RemoteAddress,
            "consumer_name" => Self::Consumer,
            "consumer_group_id" => Self::Group,
            "route_id" => Self::Route,
            "service_id" => Self::Service,
            "host" | "http_host" => Self::Host,
            "uri" => Self::Uri,
            "request_uri" => Self::RequestUri,
            "args" | "query_string" => Self::QueryString,
            "request_method" => Self::Method,
            "scheme" => Self::Scheme,
            "request_id" => Self::RequestId,
            _ => {
                let rest =
                    |prefix| name.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
                if let Some(header) = rest("http_") {
                    let header = HeaderName::from_str(&header.replace('_', "-"));
                    Self::Header(header.map_err(|_| format!("{name:?} names no header"))?)
                } else if let Some(argument) = rest("arg_") {
                    Self::Argument(argument.into())
                } else if let Some(cookie) = rest("cookie_") {
                    Self::Cookie(cookie.into())
                } else {
                    return Err(format!("there is no variable {name:?}"));
                }
            }
        })
    }

    /// Its value; `None` where the request lacks it.
    pub(crate) fn value<'a>(&self, exchange: &'a Exchange) -> Option<Cow<'a, str>> {
        let request = &exchange.request;
        let found: Cow<'a, str> = match self {
            Self::RemoteAddress => exchange.client.to_string().into(),
            Self::Consumer => exchange.consumer.as_ref()?.id.as_str().into(),
            Self::Group => exchange.consumer.as_ref()?.group.as_ref()?.as_str().into(),
            Self::Route => exchange.matched.route.id.as_str().into(),
            Self::Service => exchange.matched.route.service.as_ref()?.as_str().into(),
            Self::Host => {
                request.headers().get(HOST)?;
                exchange.host()
            }
            Self::Uri => exchange.path().into(),
            Self::RequestUri => match request.uri().query() {
                Some(query) => format!("{}?{query}", exchange.path()).into(),
                None => exchange.path().into(),
            },
            Self::QueryString => request.uri().query()?.into(),
            Self::Method => request.method().as_str().into(),
            Self::Scheme => if exchange.secure { "https" } else { "http" }.into(),
            Self::RequestId => exchange.request_id.as_str().into(),
            Self::Header(name) => String::from_utf8_lossy(request.headers().get(name)?.as_bytes()),
            Self::Argument(name) => {
                let query = request.uri().query()?;
                let mut pairs = url::form_urlencoded::parse(query.as_bytes());
                pairs.find_map(|(key, value)| (*key == **name).then_some(value))?
            }
            Self::Cookie(name) => request
                .headers()
                .get_all(COOKIE)
                .filter_map(|header| header.to_str().ok())
                .flat_map(|header| header.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(key, value)| (*key == **name).then_some(Cow::Borrowed(value)))?,
        };
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn variables_stand_for_what_the_request_has() {
        let request = TestRequest::with_uri("/v1/chat?team=red")
            .insert_header(("x-user", "ann"))
            .insert_header(("cookie", "a=1; sid=s"));
        let exchange = Exchange::for_test(request);
        for (text, expected, found) in [
            ("plain", "plain", 0),
            ("$remote_addr", "127.0.0.1", 1),
            ("$remote_addr $http_x_user", "127.0.0.1 ann", 2),
            ("${http_x_user}-${arg_team}-${cookie_sid}", "ann-red-s", 3),
            ("${http_x_count ?? 10}", "10", 0),
            ("$consumer_name", "", 0),
            ("$request_method $uri $request_uri", "GET /v1/chat /v1/chat?team=red", 3),
        ] {
            let resolved = ApisixText::compile(text).unwrap().resolve(&exchange);
            assert_eq!(resolved, Resolved { text: expected.to_owned(), found }, "{text}");
        }
        for (text, problem) in [
            ("$nothing", "there is no variable \"nothing\""),
            ("${http_a", "a \"${\" has no \"}\""),
            ("$", "there is no variable \"\""),
            ("$arg_", "there is no variable \"arg_\""),
        ] {
            assert_eq!(ApisixText::compile(text).unwrap_err(), problem);
        }
    }
}

use std::borrow::Cow;

use sanmon_wire::json::{Object, is_utf8};

use crate::error::{Code, GatewayError};
use crate::exchange::{Credential, Exchange};

/// What expressions see: a request on its way.
pub struct Scope<'a> {
    /// The request, its route, its key.
    pub exchange: &'a Exchange,
    /// The members of its body, where that is a JSON object.
    pub body: Option<Object<'a>>,
}

impl<'a> Scope<'a> {
    /// Of a request and its body, which is empty where nobody looks at it.
    pub fn new(exchange: &'a Exchange, body: &'a [u8]) -> Self {
        let body = if is_utf8(body) { Object::scan(body).ok() } else { None };
        Self { exchange, body }
    }

    /// The largest text that is made.
    pub(crate) fn limit(&self) -> usize {
        self.exchange.worker.limits.body_bytes
    }

    /// The error of a text that would be larger.
    pub(crate) fn too_large(&self) -> GatewayError {
        let text = format!("the prompt would be larger than {} bytes", self.limit());
        GatewayError::new(Code::BodyTooLarge, text)
    }

    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        let exchange = self.exchange;
        let wiped = exchange.wiped.iter().any(|credential| match credential {
            Credential::Header(wiped) => wiped.as_str().eq_ignore_ascii_case(name),
            // It has more than the credential in it, and nobody asks for all cookies at once.
            Credential::Cookie(_) => name.eq_ignore_ascii_case("cookie"),
            Credential::Query(_) => false,
        });
        if wiped {
            return None;
        }
        let value = exchange.request.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()))
    }

    /// The first query parameter of this name.
    pub(super) fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        if self.exchange.wiped.iter().any(|at| matches!(at, Credential::Query(it) if it == name)) {
            return None;
        }
        let query = self.exchange.request.uri().query()?;
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The cookie of this name.
    pub(super) fn cookie(&self, name: &str) -> Option<Cow<'a, str>> {
        if self.exchange.wiped.iter().any(|at| matches!(at, Credential::Cookie(it) if it == name)) {
            return None;
        }
        self.exchange
            .request
            .headers()
            .get_all(actix_web::http::header::COOKIE)
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(Cow::Borrowed(value)))
    }
}

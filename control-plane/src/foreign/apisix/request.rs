//! What a call asks for: path, query and body.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{self, Payload};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::refusal::Refusal;
use super::view::Manner;
use crate::admin::parts::{Code, Unreadable, body, json};

/// The largest body.
const LIMIT: usize = 3 << 19;
/// The longest time to live, in seconds: ten years.
const LONGEST: i64 = 315_360_000;

/// A call.
pub(super) struct Call {
    pub(super) method: Method,
    /// What follows `/apisix/admin`, segment by segment.
    pub(super) path: Vec<String>,
    pub(super) manner: Manner,
    query: Vec<(String, String)>,
}

impl Call {
    /// Reads the path and the query.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map(web::Query::into_inner)
            .map_err(|_| Refusal::bad("the query cannot be read"))?;
        let below = request.path().strip_prefix("/apisix/admin").unwrap_or_default();
        let path: Vec<String> = below
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(decoded)
            .collect::<Result<_, _>>()?;
        let group = query.iter().find(|(name, _)| name == "gateway_group_id");
        let manner = match group {
            None => Manner::Apisix,
            Some((_, group)) if group == "default" => Manner::Api7,
            Some((_, group)) => {
                let text = format!("gateway group [{group}] not found: there is one, \"default\"");
                return Err(Refusal::not_found(text));
            }
        };
        Ok(Self { method: request.method().clone(), path, manner, query })
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(found, _)| found == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// Whether a query parameter is `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("true")
    }

    /// When what is written now expires.
    pub(super) fn expires(&self, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
        let Some(ttl) = self.parameter("ttl") else { return Ok(None) };
        let ttl: i64 =
            ttl.parse().map_err(|_| Refusal::bad("invalid argument ttl: should be a number"))?;
        if !(1..=LONGEST).contains(&ttl) {
            return Err(Refusal::bad("invalid argument ttl: should be between 1 and 315360000"));
        }
        Ok(now.checked_add(SignedDuration::from_secs(ttl)).ok())
    }
}

/// A segment of a path, of which the codes stand for bytes.
fn decoded(segment: &str) -> Result<String, Refusal> {
    let pairs = format!("s={}", segment.replace('+', "%2B"));
    let decoded = web::Query::<Vec<(String, String)>>::from_query(&pairs);
    let decoded = decoded.ok().and_then(|pairs| pairs.into_inner().pop());
    decoded.map(|(_, text)| text).ok_or_else(|| Refusal::bad("the path cannot be read"))
}

/// The body, whatever its media type says; none where it is empty.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Option<Value>, Refusal> {
    match bytes(request, payload).await? {
        bytes if bytes.trim_ascii().is_empty() => Ok(None),
        bytes => json::read_json(&bytes).map(Some).map_err(unreadable),
    }
}

/// The body as it came.
pub(super) async fn bytes(request: &HttpRequest, payload: Payload) -> Result<web::Bytes, Refusal> {
    body::read(request, payload, LIMIT).await.map_err(|error| match error.code {
        Code::TooLarge => {
            let length = request.headers().get("content-length");
            let length = length.and_then(|length| length.to_str().ok()).unwrap_or("unknown");
            Refusal::bad(format!(
                "invalid request body: request size {length} is greater than the maximum size \
                 {LIMIT} allowed"
            ))
        }
        _ => Refusal::from(error),
    })
}

/// What is told of a body that cannot be read. It is not told back: it may hold secrets.
pub(super) fn unreadable(error: Unreadable) -> Refusal {
    let text = match error {
        Unreadable::TooDeep => "it is nested too deep".to_owned(),
        Unreadable::Malformed(text) => text,
    };
    Refusal::bad(format!("invalid request body: {text}"))
}

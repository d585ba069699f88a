//! What every request passes first and every answer last: the request id, errors written as
//! problem documents, the access log, metrics and security headers.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, web};

use super::auth::Identity;
use super::error::{ApiError, Code, Dialect};
use super::shared::Shared;

/// The header of the request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps the whole application.
pub(super) async fn envelope(
    shared: web::Data<Shared>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let id = request_id(request.headers());
    // The request is not kept aside: routing wants to be the only one who holds it.
    let response = next.call(request).await?.map_into_boxed_body();
    let (mut response, cause) = with_problem(response, &id);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    secure(headers);
    account(&shared, response.request(), response.status(), started, &id, cause.as_ref());
    Ok(response)
}

/// What an error was, for the log.
struct Cause {
    code: &'static str,
    detail: String,
    internal: Option<Box<str>>,
}

/// Writes an error, ours or the framework's, as a problem document, or in the path's dialect.
fn with_problem(
    response: ServiceResponse<BoxBody>,
    id: &str,
) -> (ServiceResponse<BoxBody>, Option<Cause>) {
    let Some(error) = response.response().error() else { return (response, None) };
    let request = response.request();
    let dialect = request.extensions().get::<Dialect>().copied();
    let written = |error: &ApiError| match dialect {
        Some(Dialect(write)) => (write(error, request), cause(error)),
        None => (error.answer(id), cause(error)),
    };
    let (answer, cause) = match error.as_error::<ApiError>() {
        Some(error) => written(error),
        None => written(&from_framework(response.status(), error)),
    };
    let (http, _) = response.into_parts();
    (ServiceResponse::new(http, answer), Some(cause))
}

fn cause(error: &ApiError) -> Cause {
    Cause {
        code: error.code.as_str(),
        detail: error.detail.to_string(),
        internal: error.cause.clone(),
    }
}

/// The framework refuses what it cannot read; its words may quote the request.
fn from_framework(status: StatusCode, error: &actix_web::Error) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(Code::TooLarge, "the body is too large"),
        StatusCode::NOT_FOUND => ApiError::new(Code::PathUnknown, "there is nothing at this path"),
        status if status.is_client_error() => {
            ApiError::new(Code::BadParameter, "the request cannot be read")
        }
        _ => ApiError::new(Code::Internal, "something is broken here; the log tells more")
            .cause(error),
    }
}

/// The caller's id where it is a plain word, so that logs of several systems can be joined.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(plain) {
        Some(id) => id.to_owned(),
        None => ulid::Ulid::generate().to_string().to_lowercase(),
    }
}

fn secure(headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    // An answer may show a secret once.
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
}

/// One line and one count per request. The query is left out: a filter may hold what is not for
/// logs.
fn account(
    shared: &Shared,
    http: &HttpRequest,
    status: StatusCode,
    started: Instant,
    id: &str,
    cause: Option<&Cause>,
) {
    let elapsed = started.elapsed();
    let pattern = http.match_pattern().unwrap_or_default();
    let kind = kind_of(&pattern);
    shared.metrics.answered(kind, http.method().as_str(), status.as_u16(), elapsed.as_secs_f64());
    let extensions = http.extensions();
    let author = extensions.get::<Identity>().map_or("", |identity| &*identity.id);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let (code, detail) = cause.map_or(("", ""), |cause| (cause.code, cause.detail.as_str()));
    let path: String = http.path().chars().take(256).collect();
    tracing::info!(
        target: "sanmon::admin",
        request_id = id,
        method = %http.method(),
        path,
        status = status.as_u16(),
        micros,
        author,
        code,
        detail,
        "admin request"
    );
    if let Some(internal) = cause.and_then(|cause| cause.internal.as_deref()) {
        tracing::error!(target: "sanmon::admin", request_id = id, code, cause = internal, "admin request failed");
    }
}

/// The label of a path: the segment after the base of the API, else the first one.
fn kind_of(pattern: &str) -> &str {
    let path = pattern.strip_prefix("/apis/v1").unwrap_or(pattern);
    match path.trim_start_matches('/').split('/').next() {
        Some(segment) if !segment.is_empty() && !segment.starts_with('{') => segment,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_from_patterns_and_never_from_paths() {
        assert_eq!(kind_of("/apis/v1/routes/{id}"), "routes");
        assert_eq!(kind_of("/metrics"), "metrics");
        assert_eq!(kind_of(""), "other");
        assert_eq!(kind_of("/apis/v1"), "other");
    }

    #[test]
    fn a_request_id_is_taken_only_when_it_is_a_plain_word() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(text).unwrap());
            request_id(&headers)
        };
        assert_eq!(id("job-7.a_b"), "job-7.a_b");
        for odd in ["", "a b", "{\"a\":1}", &"a".repeat(65)] {
            assert_eq!(id(odd).len(), 26);
        }
    }
}

//! Errors of Google's APIs: `{"error":{code, message, status, details}}`, alone or in an array.

use serde::Deserialize;

use crate::canonical::{ErrorKind, ProviderError};
use crate::json::ObjectWriter;
use crate::lenient::{TextOr, null_as_default};

/// The body of an error. Streams without `alt=sse` put it into an array.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Option<Status>,
}

/// `google.rpc.Status`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    code: Option<u16>,
    #[serde(deserialize_with = "null_as_default")]
    message: String,
    status: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    details: Vec<Detail>,
}

/// `ErrorInfo`, `RetryInfo` and `BadRequest` in one.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    reason: Option<String>,
    retry_delay: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: Option<String>,
}

/// What a body says; whatever it is, something is made of it.
pub(super) fn read(http: u16, body: &[u8]) -> ProviderError {
    let envelope = serde_json::from_slice::<TextOr<Envelope>>(body).ok();
    let status = envelope.and_then(|envelope| match envelope {
        TextOr::List(list) => list.into_iter().find_map(|one| one.error),
        TextOr::Text(_) => None,
    });
    let Some(status) = status else {
        let text = String::from_utf8_lossy(body);
        return of(
            http,
            Status { message: text.trim().chars().take(500).collect(), ..Status::default() },
        );
    };
    of(http, status)
}

/// What the value of `error` says.
pub(super) fn read_status(http: u16, error: &str) -> ProviderError {
    of(http, serde_json::from_str(error).unwrap_or_default())
}

fn of(http: u16, error: Status) -> ProviderError {
    let named = error.status.as_deref().and_then(status_of);
    // A status of success is not the error's own.
    let status = if http >= 400 { Some(http) } else { error.code.filter(|code| *code >= 400) };
    let status = status.or(named).unwrap_or(500);
    let reason = |wanted: &str| error.details.iter().any(|d| d.reason.as_deref() == Some(wanted));
    let (kind, status) = if reason("API_KEY_INVALID") || reason("API_KEY_EXPIRED") {
        (ErrorKind::Authentication, 401)
    } else if status == 400 && error.message.contains("token count") {
        (ErrorKind::ContextLength, 400)
    } else {
        (ErrorKind::of_status(status), status)
    };
    let mut violations = error.details.iter().flat_map(|detail| &detail.field_violations);
    ProviderError {
        kind,
        status,
        code: error.status,
        param: violations.find_map(|violation| violation.field.clone()),
        retry_after: error.details.iter().find_map(|d| milliseconds(d.retry_delay.as_deref()?)),
        message: error.message,
    }
}

/// `12s`, `0.5s`.
fn milliseconds(delay: &str) -> Option<u64> {
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and a day"
    )]
    (0.0..=86_400.0).contains(&seconds).then_some((seconds * 1_000.0).ceil() as u64)
}

fn status_of(name: &str) -> Option<u16> {
    Some(match name {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ALREADY_EXISTS" | "ABORTED" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" => 500,
        "UNIMPLEMENTED" => 501,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => return None,
    })
}

/// An error as Google's clients read it.
pub(super) fn write(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::with_capacity(error.message.len() + 128);
    let mut envelope = ObjectWriter::open(&mut out);
    let mut object = envelope.object("error");
    object.value("code", &error.status);
    object.text("message", &error.message);
    object.text("status", name_of(error));
    if let Some(delay) = error.retry_after {
        let mut details = object.list("details");
        let mut retry = details.object();
        retry.text("@type", "type.googleapis.com/google.rpc.RetryInfo");
        retry.text("retryDelay", &format!("{}s", delay.div_ceil(1_000)));
        retry.close();
        details.close();
    }
    object.close();
    envelope.close();
    out
}

fn name_of(error: &ProviderError) -> &str {
    if let Some(code) = error.code.as_deref().filter(|code| status_of(code).is_some()) {
        return code;
    }
    match error.kind {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFilter
        | ErrorKind::TooLarge => "INVALID_ARGUMENT",
        ErrorKind::Authentication => "UNAUTHENTICATED",
        ErrorKind::Billing | ErrorKind::Permission => "PERMISSION_DENIED",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::RateLimit => "RESOURCE_EXHAUSTED",
        ErrorKind::Overloaded => "UNAVAILABLE",
        ErrorKind::Timeout => "DEADLINE_EXCEEDED",
        ErrorKind::Server => "INTERNAL",
    }
}

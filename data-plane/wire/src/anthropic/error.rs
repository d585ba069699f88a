//! Errors: `{"type":"error","error":{"type","message"},"request_id"}`.

use crate::canonical::{ErrorKind, ProviderError};
use crate::json::{Object, ObjectWriter};

/// What clients that shorten a conversation and try again look for.
const TOO_LONG: &str = "capability_rejected: prompt_too_long";

/// The `type` of an error.
pub fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::ContextLength | ErrorKind::ContentFilter => {
            "invalid_request_error"
        }
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::Billing => "billing_error",
        ErrorKind::Permission => "permission_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::TooLarge => "request_too_large",
        ErrorKind::RateLimit => "rate_limit_error",
        ErrorKind::Overloaded => "overloaded_error",
        ErrorKind::Timeout => "timeout_error",
        ErrorKind::Server => "api_error",
    }
}

/// The status with which Anthropic's clients are told of an error.
pub fn error_status(kind: ErrorKind, status: u16) -> u16 {
    match kind {
        ErrorKind::Overloaded => 529,
        // 409 is a status of its own, and no kind.
        _ if (400..600).contains(&status) && status != 422 => status,
        _ => kind.status(),
    }
}

/// Reads an error, or whatever came with the status of one.
pub(super) fn decode(status: u16, body: &[u8]) -> ProviderError {
    let object = Object::scan(body).ok();
    let inner = object.as_ref().and_then(|object| object.first("error")?.object());
    let error = inner.as_ref().or(object.as_ref());
    let text = |name: &str| Some(error?.first(name)?.text()?.into_owned());
    // An edge server may answer with a page.
    let message = text("message").unwrap_or_default();
    let code = inner.as_ref().and_then(|error| Some(error.first("type")?.text()?.into_owned()));
    let kind = code.as_deref().and_then(kind_of);
    // An error event comes with the status of a success.
    let failed = (400..600).contains(&status);
    let mut kind = match (kind, failed) {
        // The own word for a status that says more.
        (Some(ErrorKind::InvalidRequest), true) if !matches!(status, 400 | 422) => {
            ErrorKind::of_status(status)
        }
        (Some(kind), _) => kind,
        (None, true) => ErrorKind::of_status(status),
        (None, false) => ErrorKind::Server,
    };
    if kind == ErrorKind::InvalidRequest && is_too_long(&message) {
        kind = ErrorKind::ContextLength;
    }
    let status = if failed { status } else { error_status(kind, 0) };
    ProviderError { kind, status, message, code, param: None, retry_after: None }
}

fn kind_of(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "invalid_request_error" | "conflict_error" => ErrorKind::InvalidRequest,
        "authentication_error" => ErrorKind::Authentication,
        "billing_error" => ErrorKind::Billing,
        "permission_error" => ErrorKind::Permission,
        "not_found_error" => ErrorKind::NotFound,
        "request_too_large" => ErrorKind::TooLarge,
        "rate_limit_error" => ErrorKind::RateLimit,
        "overloaded_error" => ErrorKind::Overloaded,
        "timeout_error" => ErrorKind::Timeout,
        "api_error" => ErrorKind::Server,
        _ => return None,
    })
}

fn is_too_long(message: &str) -> bool {
    message.contains("prompt is too long")
        || message.contains("prompt_too_long")
        || message.contains("exceed context limit")
}

/// Writes an error as Anthropic's clients read it.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::with_capacity(error.message.len() + 96);
    let mut object = ObjectWriter::open(&mut out);
    object.text("type", "error");
    let mut inner = object.object("error");
    inner.text("type", error_type(error.kind));
    if error.kind == ErrorKind::ContextLength && !is_too_long(&error.message) {
        inner.text("message", &format!("{TOO_LONG}: {}", error.message));
    } else {
        inner.text("message", &error.message);
    }
    inner.close();
    object.close();
    out
}

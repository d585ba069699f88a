use serde::Deserialize;
use serde_json::value::RawValue;

use super::Dialect;
use super::types::{Raw, some_text};
use crate::canonical::{ErrorKind, ProviderError};
use crate::chat::write_error;

/// An error wherever it stands: in an envelope, in an event, in an answer that failed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadError<'a> {
    #[serde(borrow)]
    message: Raw<'a>,
    #[serde(borrow)]
    r#type: Raw<'a>,
    #[serde(borrow)]
    code: Raw<'a>,
    #[serde(borrow)]
    param: Raw<'a>,
}

/// The body of an answer that did not succeed.
pub(super) fn decode(status: u16, body: &[u8]) -> ProviderError {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    let failed = Some(status).filter(|status| *status >= 400);
    let envelope = serde_json::from_slice::<Envelope<'_>>(body).ok();
    let error = envelope.and_then(|envelope| read(envelope.error, failed)).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        let message: String = text.trim().chars().take(1_000).collect();
        ProviderError::new(failed.map_or(ErrorKind::Server, ErrorKind::of_status), message)
    });
    ProviderError { status: failed.unwrap_or(error.status), ..error }
}

/// `None` where it is neither an object nor a text. A status is believed where the words are general.
pub(super) fn read(raw: &RawValue, status: Option<u16>) -> Option<ProviderError> {
    if raw.get().starts_with('"') {
        let kind = status.map_or(ErrorKind::Server, ErrorKind::of_status);
        return Some(ProviderError::new(kind, some_text(Some(raw))?));
    }
    if !raw.get().starts_with('{') {
        return None;
    }
    let error = serde_json::from_str::<ReadError<'_>>(raw.get()).ok()?;
    let code = some_text(error.code);
    // An event that holds an error flat has its own type there.
    let r#type = some_text(error.r#type).filter(|word| word != "error");
    let words = || [code.as_deref(), r#type.as_deref()].into_iter().flatten();
    let kind = words().find_map(particular).unwrap_or_else(|| match status {
        Some(status) => ErrorKind::of_status(status),
        None => words().find_map(general).unwrap_or(ErrorKind::Server),
    });
    let mut out = ProviderError::new(kind, some_text(error.message).unwrap_or_default());
    out.param = some_text(error.param);
    out.code = code.or(r#type);
    Some(out)
}

/// Codes and types that say more than a status does.
fn particular(word: &str) -> Option<ErrorKind> {
    Some(match word {
        "context_length_exceeded" => ErrorKind::ContextLength,
        "content_filter"
        | "content_policy_violation"
        | "moderation_blocked"
        | "bio_policy"
        | "misalignment_policy_violation"
        | "image_content_policy_violation" => ErrorKind::ContentFilter,
        "invalid_api_key" | "authentication_error" => ErrorKind::Authentication,
        "insufficient_quota" | "credit_balance_exhausted" => ErrorKind::Billing,
        "permission_error" | "unsupported_country_region_territory" => ErrorKind::Permission,
        "model_not_found" | "not_found" | "previous_response_not_found" => ErrorKind::NotFound,
        "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" => ErrorKind::RateLimit,
        "server_is_overloaded" | "slow_down" | "service_unavailable_error" => ErrorKind::Overloaded,
        "vector_store_timeout" => ErrorKind::Timeout,
        _ => return None,
    })
}

/// Others, where there is no status.
fn general(word: &str) -> Option<ErrorKind> {
    match word {
        "server_error" | "model_error" => Some(ErrorKind::Server),
        word if word.starts_with("invalid_") || word.contains("image") => {
            Some(ErrorKind::InvalidRequest)
        }
        _ => None,
    }
}

/// As a body has it.
pub(super) fn encode(dialect: Dialect, error: &ProviderError) -> Vec<u8> {
    let code = error.code.as_deref().or(code(error.kind));
    write_error(&error.message, type_of(dialect, error.kind), error.param.as_deref(), code)
}

/// The word for a kind.
pub(super) fn type_of(dialect: Dialect, kind: ErrorKind) -> &'static str {
    use ErrorKind as E;
    match (dialect, kind) {
        (Dialect::Open, E::NotFound) => "not_found",
        (Dialect::Open, E::RateLimit | E::Billing) => "too_many_requests",
        (Dialect::Open, E::Server | E::Overloaded | E::Timeout) => "server_error",
        (Dialect::Open, _) => "invalid_request",
        (_, E::Authentication) => "authentication_error",
        (_, E::Permission) => "permission_error",
        (_, E::Billing) => "insufficient_quota",
        (_, E::RateLimit) => "rate_limit_error",
        (_, E::Overloaded) => "service_unavailable_error",
        (_, E::Server | E::Timeout) => "server_error",
        (
            _,
            E::InvalidRequest | E::ContextLength | E::ContentFilter | E::NotFound | E::TooLarge,
        ) => "invalid_request_error",
    }
}

/// The code that says more than the type.
pub(super) fn code(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::ContextLength => "context_length_exceeded",
        ErrorKind::ContentFilter => "content_policy_violation",
        ErrorKind::Authentication => "invalid_api_key",
        ErrorKind::Billing => "insufficient_quota",
        ErrorKind::RateLimit => "rate_limit_exceeded",
        ErrorKind::Overloaded => "server_is_overloaded",
        _ => return None,
    })
}

/// The code of an answer that failed, which has no type.
pub(super) fn failed_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::ContentFilter => "invalid_prompt",
        kind => code(kind).unwrap_or("server_error"),
    }
}

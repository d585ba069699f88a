use serde::Deserialize;

use crate::canonical::{ErrorKind, ProviderError, failed};
use crate::json::ObjectWriter;

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default, alias = "Message")]
    message: Option<String>,
    #[serde(default, rename = "__type")]
    kind: Option<String>,
    #[serde(default, rename = "originalStatusCode")]
    original_status: Option<u16>,
}

/// The names of Bedrock's exceptions: in an answer, in a stream (as a shape of a stream begins with a
/// small letter), and what they mean.
const EXCEPTIONS: &[(&str, u16, ErrorKind)] = &[
    ("ValidationException", 400, ErrorKind::InvalidRequest),
    ("ThrottlingException", 429, ErrorKind::RateLimit),
    ("ModelNotReadyException", 429, ErrorKind::Overloaded),
    ("ServiceUnavailableException", 503, ErrorKind::Overloaded),
    ("InternalServerException", 500, ErrorKind::Server),
    ("ModelStreamErrorException", 502, ErrorKind::Server),
    ("ModelErrorException", 502, ErrorKind::Server),
    ("ModelTimeoutException", 504, ErrorKind::Timeout),
    ("AccessDeniedException", 403, ErrorKind::Permission),
    ("ResourceNotFoundException", 404, ErrorKind::NotFound),
    ("ServiceQuotaExceededException", 429, ErrorKind::RateLimit),
    ("ConflictException", 409, ErrorKind::InvalidRequest),
    ("UnrecognizedClientException", 401, ErrorKind::Authentication),
    ("ExpiredTokenException", 401, ErrorKind::Authentication),
    ("InvalidSignatureException", 401, ErrorKind::Authentication),
    ("SignatureDoesNotMatch", 401, ErrorKind::Authentication),
    ("RequestExpired", 401, ErrorKind::Authentication),
];

/// What an exception's name means. It may have a namespace before it and an address after it.
fn known(name: &str) -> Option<(u16, ErrorKind)> {
    let name = name.rsplit('#').next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default().trim();
    let mut rows = EXCEPTIONS.iter();
    rows.find(|(known, _, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, status, kind)| (*status, *kind))
}

/// An error by the name of its exception, which may be empty, and the status that stands for it where
/// the name is not known.
pub(super) fn of(name: &str, status: u16, body: &[u8]) -> ProviderError {
    let body: Body = serde_json::from_slice(body).unwrap_or_else(|_| Body {
        message: std::str::from_utf8(body).ok().map(str::to_owned),
        ..Body::default()
    });
    let named = if name.is_empty() { body.kind.as_deref() } else { Some(name) };
    let (status, kind) = named.and_then(known).unwrap_or_else(|| match status {
        // The model failed, or took too long; neither is the caller's fault.
        424 => {
            (body.original_status.filter(|status| *status >= 500).unwrap_or(502), ErrorKind::Server)
        }
        408 => (504, ErrorKind::Timeout),
        _ => (failed(status), ErrorKind::of_status(failed(status))),
    });
    let message = body.message.unwrap_or_default();
    let code = named.map(|name| name.rsplit('#').next().unwrap_or(name).to_owned());
    let kind = if kind == ErrorKind::InvalidRequest && is_too_long(&message) {
        ErrorKind::ContextLength
    } else {
        kind
    };
    ProviderError { status, code, ..ProviderError::new(kind, message) }
}

/// Bedrock has no name for it: these are words of its models.
fn is_too_long(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["too long", "too many input tokens", "maximum context length", "context window"]
        .iter()
        .any(|words| message.contains(words))
}

/// An error of an answer. The name of the exception stands in a header as a rule, so the status decides.
pub(super) fn decode(status: u16, body: &[u8]) -> ProviderError {
    of("", status, body)
}

/// The exception that says it.
pub(super) const fn exception(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFilter
        | ErrorKind::TooLarge => "ValidationException",
        ErrorKind::Authentication => "UnrecognizedClientException",
        ErrorKind::Permission => "AccessDeniedException",
        ErrorKind::Billing => "ServiceQuotaExceededException",
        ErrorKind::NotFound => "ResourceNotFoundException",
        ErrorKind::RateLimit => "ThrottlingException",
        ErrorKind::Overloaded => "ServiceUnavailableException",
        ErrorKind::Timeout => "ModelTimeoutException",
        ErrorKind::Server => "InternalServerException",
    }
}

/// The same within a stream, which knows five.
pub(super) const fn stream_exception(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFilter
        | ErrorKind::TooLarge
        | ErrorKind::NotFound
        | ErrorKind::Authentication
        | ErrorKind::Permission => "validationException",
        ErrorKind::RateLimit | ErrorKind::Billing => "throttlingException",
        ErrorKind::Overloaded => "serviceUnavailableException",
        ErrorKind::Timeout => "modelStreamErrorException",
        ErrorKind::Server => "internalServerException",
    }
}

/// An error as clients read it where no header names the exception.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::open(&mut out);
    body.text("__type", exception(error.kind));
    body.text("message", &error.message);
    body.close();
    out
}

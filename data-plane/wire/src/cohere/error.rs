use serde::Deserialize;

use crate::canonical::{ErrorKind, ProviderError, failed};
use crate::json::ObjectWriter;

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: Option<String>,
}

/// Reads an error: `{"message": …}` beside a status.
pub(super) fn decode(status: u16, body: &[u8]) -> ProviderError {
    let body: Body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Body { message: std::str::from_utf8(body).ok().map(str::to_owned) });
    of(failed(status), body.message.unwrap_or_default())
}

/// An error of this status.
pub(super) fn of(status: u16, message: String) -> ProviderError {
    let kind = match status {
        // The token is not valid, or is blocked.
        498 => ErrorKind::Authentication,
        400 | 422 if is_too_long(&message) => ErrorKind::ContextLength,
        _ => ErrorKind::of_status(status),
    };
    // Statuses of Cohere's own become those that everybody knows.
    let status = match status {
        498 => 401,
        // It was cancelled at Cohere's side.
        499 => 500,
        other => other,
    };
    let kind = if status == 500 { ErrorKind::Server } else { kind };
    ProviderError { status, ..ProviderError::new(kind, message) }
}

/// Cohere has no code for it: these are its words.
fn is_too_long(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("too many tokens") || message.contains("context length")
}

/// Writes an error.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::open(&mut out);
    body.text("message", &error.message);
    body.close();
    out
}

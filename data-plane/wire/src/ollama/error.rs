use serde::Deserialize;

use crate::canonical::{ErrorKind, ProviderError, failed};
use crate::json::ObjectWriter;

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<String>,
}

/// Reads an error: `{"error": …}` beside a status.
pub(super) fn decode(status: u16, body: &[u8]) -> ProviderError {
    let body: Body = serde_json::from_slice(body)
        .unwrap_or_else(|_| Body { error: std::str::from_utf8(body).ok().map(str::to_owned) });
    of(failed(status), body.error.unwrap_or_default())
}

/// An error of this status. One within a stream has none, and is the server's own.
pub(super) fn of(status: u16, message: String) -> ProviderError {
    let kind = match status {
        400 if message.contains("context length") || message.contains("exceeds the available") => {
            ErrorKind::ContextLength
        }
        _ => ErrorKind::of_status(status),
    };
    ProviderError { status, ..ProviderError::new(kind, message) }
}

/// Writes an error, which is a line of a stream as well.
pub(super) fn encode(error: &ProviderError) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = ObjectWriter::open(&mut out);
    body.text("error", &error.message);
    body.close();
    out
}

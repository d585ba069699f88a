//! The one writer of errors: each dialect's envelope, headers and event.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use bytes::Bytes;
use sanmon_wire::anthropic::{MESSAGES, error_status};
use sanmon_wire::canonical::{ErrorKind, ProviderError};
use sanmon_wire::format::Codec;
use sanmon_wire::json::write_string;
use serde::Serialize;

use sanmon_wire::responses::OPEN;
use sanmon_wire::sse::{write_data, write_event};

use super::Dialect;
use crate::error::{Code, GatewayError};
use crate::exchange::RequestId;

pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// `{"error": {…}}`: clients want all four members.
#[derive(Serialize)]
struct OpenAi<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

/// RFC 9457; the type is `about:blank`, so the title is the status.
#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
}

/// The answer that tells of `error`, which the request of this id met.
pub fn answer(dialect: Dialect, error: &GatewayError, id: &RequestId) -> HttpResponse {
    let told = as_provider(error);
    let status = status(dialect, told.kind, told.status);
    let mut answer = HttpResponse::build(status);
    let content_type = match dialect {
        Dialect::OpenAi | Dialect::OpenResponses | Dialect::Anthropic => "application/json",
        Dialect::Problem => "application/problem+json",
    };
    answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(content_type)));
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
    }
    if let Some(seconds) = error.retry_after {
        answer.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
    }
    // Client libraries try these again unless told otherwise.
    let tried_again = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS
        );
    if tried_again && !error.code.retry_helps() {
        answer.insert_header((X_SHOULD_RETRY, HeaderValue::from_static("false")));
    }
    let envelope = envelope(dialect, error);
    answer.body(if dialect == Dialect::Anthropic { with_id(envelope, id) } else { envelope })
}

/// The status by which clients of this dialect are told of an error: what was 429 stays 429.
pub(crate) fn status(dialect: Dialect, kind: ErrorKind, status: u16) -> StatusCode {
    let told = match (dialect, kind) {
        (Dialect::Anthropic, kind) => error_status(kind, status),
        // Only Anthropic's clients know 529; what the gateway says itself is known to all.
        (Dialect::OpenAi | Dialect::OpenResponses | Dialect::Problem, ErrorKind::Overloaded) => 503,
        // A client that pays nothing itself cannot do anything about it.
        (Dialect::OpenAi | Dialect::OpenResponses | Dialect::Problem, ErrorKind::Billing) => 429,
        (Dialect::OpenAi | Dialect::OpenResponses | Dialect::Problem, _) => status,
    };
    StatusCode::from_u16(told).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// An envelope of Anthropic's that names the request.
fn with_id(mut envelope: Vec<u8>, id: &RequestId) -> Vec<u8> {
    if envelope.pop() == Some(b'}') {
        envelope.extend_from_slice(b",\"request_id\":");
        write_string(&mut envelope, id.as_str());
        envelope.push(b'}');
    }
    envelope
}

/// Names the request as the dialect's clients look for it.
pub(crate) fn name_request(dialect: Dialect, answer: &mut HttpResponse, id: &RequestId) {
    if dialect == Dialect::Anthropic {
        answer.headers_mut().insert(REQUEST_ID, id.header());
    }
}

/// The event that ends a stream with `error`, whole: it may follow only where an event may begin.
pub fn event(dialect: Dialect, error: &GatewayError) -> Bytes {
    let (mut out, envelope) = (Vec::new(), envelope(dialect, error));
    match dialect {
        Dialect::OpenAi => write_data(&mut out, &envelope),
        Dialect::Anthropic | Dialect::OpenResponses | Dialect::Problem => {
            write_event(&mut out, "error", &envelope);
        }
    }
    out.into()
}

fn envelope(dialect: Dialect, error: &GatewayError) -> Vec<u8> {
    let code = error.code.as_str();
    let written = match dialect {
        Dialect::Anthropic => return MESSAGES.encode_error(&as_provider(error)),
        Dialect::OpenResponses => return OPEN.encode_error(&as_provider(error)),
        Dialect::OpenAi => serde_json::to_vec(&OpenAi {
            error: OpenAiError {
                message: &error.message,
                r#type: error.code.openai_type(),
                param: error.param.as_deref(),
                code,
            },
        }),
        Dialect::Problem => serde_json::to_vec(&Problem {
            title: error.status().canonical_reason().unwrap_or(code),
            status: error.status().as_u16(),
            detail: &error.message,
            code,
        }),
    };
    // Strings can always be written.
    written.unwrap_or_default()
}

/// The answer that tells of a provider's error in the caller's format.
pub fn of_provider(
    dialect: Dialect,
    codec: &dyn Codec,
    error: &ProviderError,
    id: &RequestId,
) -> HttpResponse {
    let mut answer = HttpResponse::build(status(dialect, error.kind, error.status));
    answer.content_type("application/json");
    if let Some(after) = error.retry_after {
        answer.insert_header((RETRY_AFTER, HeaderValue::from(after.div_ceil(1_000))));
    }
    let envelope = codec.encode_error(error);
    answer.body(if dialect == Dialect::Anthropic { with_id(envelope, id) } else { envelope })
}

/// An error of the gateway as formats write those of providers, which they tell apart by kind.
pub fn as_provider(error: &GatewayError) -> ProviderError {
    let status = error.status().as_u16();
    let kind = match error.code {
        Code::Overloaded | Code::NotReady | Code::ShuttingDown => ErrorKind::Overloaded,
        _ => ErrorKind::of_status(status),
    };
    ProviderError {
        status,
        code: Some(error.code.as_str().to_owned()),
        param: error.param.as_deref().map(str::to_owned),
        retry_after: error.retry_after.map(|seconds| u64::from(seconds) * 1_000),
        ..ProviderError::new(kind, error.message.clone())
    }
}

impl Code {
    /// Whether the same request may succeed later without anybody changing something.
    pub fn retry_helps(self) -> bool {
        match self {
            Self::RequestTimeout
            | Self::RateLimited
            | Self::Overloaded
            | Self::NotReady
            | Self::StateUnavailable
            | Self::UpstreamUnavailable
            | Self::UpstreamInvalid
            | Self::UpstreamTimeout
            | Self::UpstreamCut
            | Self::ShuttingDown
            | Self::Internal => true,
            Self::RouteNotFound
            | Self::NoBackend
            | Self::BadRequest
            | Self::DuplicateMember
            | Self::TooDeep
            | Self::ResponseNotFound
            | Self::MethodNotAllowed
            | Self::BodyTooLarge
            | Self::InvalidApiKey
            | Self::Forbidden
            | Self::Hidden
            | Self::ModelNotAllowed
            | Self::QuotaExceeded
            | Self::ReferenceMissing
            | Self::NoTarget
            | Self::UpgradeUnsupported
            | Self::Unsupported
            | Self::AddressForbidden => false,
        }
    }
}

//! The one writer of errors: each dialect's envelope, headers and event.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use bytes::Bytes;
use sanmon_wire::canonical::{ErrorKind, ProviderError};
use sanmon_wire::format::Codec;
use serde::Serialize;

use super::Dialect;
use crate::error::{Code, GatewayError};

const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

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

/// The answer that tells of `error`.
pub fn answer(dialect: Dialect, error: &GatewayError) -> HttpResponse {
    let status = error.code.status();
    let mut answer = HttpResponse::build(status);
    let content_type = match dialect {
        Dialect::OpenAi => "application/json",
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
    if tried_again && !error.code.retry_helps() && error.retry_after.is_none() {
        answer.insert_header((X_SHOULD_RETRY, HeaderValue::from_static("false")));
    }
    answer.body(envelope(dialect, error))
}

/// The event that ends a stream with `error`, whole: it may follow only where an event may begin.
pub fn event(dialect: Dialect, error: &GatewayError) -> Bytes {
    let name = match dialect {
        Dialect::OpenAi => "",
        Dialect::Problem => "event: error\n",
    };
    Bytes::from(format!("{name}data: {}\n\n", envelope(dialect, error)))
}

fn envelope(dialect: Dialect, error: &GatewayError) -> String {
    let code = error.code.as_str();
    let written = match dialect {
        Dialect::OpenAi => serde_json::to_string(&OpenAi {
            error: OpenAiError {
                message: &error.message,
                r#type: error.code.openai_type(),
                param: error.param.as_deref(),
                code,
            },
        }),
        Dialect::Problem => serde_json::to_string(&Problem {
            title: error.code.status().canonical_reason().unwrap_or(code),
            status: error.code.status().as_u16(),
            detail: &error.message,
            code,
        }),
    };
    // Strings can always be written.
    written.unwrap_or_default()
}

/// The answer that tells of a provider's error in the caller's format, with a status that its clients
/// know: what was 429 stays 429.
pub fn of_provider(dialect: Dialect, codec: &dyn Codec, error: &ProviderError) -> HttpResponse {
    let status = match (dialect, error.kind) {
        // Only Anthropic's clients know this one.
        (Dialect::OpenAi | Dialect::Problem, ErrorKind::Overloaded) => 503,
        // A client that pays nothing itself cannot do anything about it.
        (Dialect::OpenAi | Dialect::Problem, ErrorKind::Billing) => 429,
        _ => error.status,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = HttpResponse::build(status);
    answer.content_type("application/json");
    if let Some(after) = error.retry_after {
        answer.insert_header((RETRY_AFTER, HeaderValue::from(after.div_ceil(1_000))));
    }
    if error.kind == ErrorKind::Billing {
        answer.insert_header((X_SHOULD_RETRY, HeaderValue::from_static("false")));
    }
    answer.body(codec.encode_error(error))
}

/// An error of the gateway as formats write those of providers, which they tell apart by kind.
pub fn as_provider(error: &GatewayError) -> ProviderError {
    let status = error.code.status().as_u16();
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
            | Self::MethodNotAllowed
            | Self::BodyTooLarge
            | Self::InvalidApiKey
            | Self::Forbidden
            | Self::Hidden
            | Self::ModelNotAllowed
            | Self::ReferenceMissing
            | Self::NoTarget
            | Self::UpgradeUnsupported
            | Self::Unsupported
            | Self::AddressForbidden => false,
        }
    }
}

//! What callers see when something is wrong: the statuses and texts of APISIX.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::admin::parts::ApiError;

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) body: Body,
}

/// What is said of it.
#[derive(Debug)]
pub(super) enum Body {
    /// As JSON.
    Json(Value),
    /// As text.
    Text(String),
}

impl Refusal {
    /// With `error_msg`.
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, body: Body::Json(json!({"error_msg": text.into()})) }
    }

    /// What was sent is wrong.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The document breaks its schema.
    pub(super) fn invalid(reason: impl fmt::Display) -> Self {
        Self::bad(format!("invalid configuration: {reason}"))
    }

    /// One property of the document breaks its schema.
    pub(super) fn property(path: &str, reason: &str) -> Self {
        Self::invalid(format!("property \"{path}\" validation failed: {reason}"))
    }

    /// There is no resource with this id.
    pub(super) fn no_key() -> Self {
        let body = Body::Json(json!({"message": "Key not found"}));
        Self { status: StatusCode::NOT_FOUND, body }
    }

    /// There is nothing at this path.
    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// The collection does not have this method.
    pub(super) fn method(method: &str, singular: &str) -> Self {
        let text = format!("not supported `{method}` method for {singular}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, text)
    }

    /// The store, or somebody who was quicker.
    pub(super) fn unavailable(text: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }

    /// What is told, without its wrapping.
    pub(super) fn text(&self) -> String {
        match &self.body {
            Body::Json(body) => match body.get("error_msg").or_else(|| body.get("message")) {
                Some(Value::String(text)) => text.clone(),
                _ => body.to_string(),
            },
            Body::Text(text) => text.clone(),
        }
    }

    /// The same, told of this resource.
    #[must_use]
    pub(super) fn of(self, prefix: &str) -> Self {
        Self::new(self.status, format!("{prefix}{}", self.text()))
    }
}

impl Refusal {
    /// The whole answer.
    pub(super) fn answer(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        match &self.body {
            Body::Json(body) => answer.json(body),
            Body::Text(text) => answer.content_type("text/plain; charset=utf-8").body(text.clone()),
        }
    }
}

/// Errors of the rest of the admin API, with their statuses.
impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        if let Some(cause) = &error.cause {
            tracing::error!(target: "sanmon::admin", code = error.code.as_str(), cause, "admin request failed");
        }
        Self::new(error.code.status(), error.detail.into_owned())
    }
}

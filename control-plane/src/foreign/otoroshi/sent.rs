//! Reads bodies, by their content type.

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use serde_json::Value;

use super::sets::{self, Set};
use crate::admin::parts::{
    ApiError, Code, Form,
    body::{self, LIMIT},
};

/// What a write sends.
pub(super) enum Sent {
    /// A document; of a PATCH, the operations of a JSON Patch.
    Value(Value),
    /// Values and where they go.
    Sets(Vec<Set>),
}

impl Sent {
    pub(super) async fn by(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let essence = request.content_type().trim().to_ascii_lowercase();
        let plain = request
            .headers()
            .get(header::CONTENT_ENCODING)
            .is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if !plain {
            return Err(bad_type("it is compressed"));
        }
        let form = match essence.as_str() {
            "" | "application/json" | "application/json-patch+json" => Form::Json,
            "application/yaml" | "application/yml" => Form::Yaml,
            "application/json+oto-patch" => {
                let body = body::read(request, payload, LIMIT).await?;
                let patch = body::parse(Form::Json, &body)?;
                return sets::from_patch(&patch).map(Self::Sets).map_err(ApiError::invalid);
            }
            "application/x-www-form-urlencoded" => {
                let body = body::read(request, payload, LIMIT).await?;
                return sets::from_form(&body).map(Self::Sets).map_err(ApiError::invalid);
            }
            other => {
                let other: String = other.chars().take(64).collect();
                return Err(bad_type(&format!("{other:?} is not taken")));
            }
        };
        let body = body::read(request, payload, LIMIT).await?;
        Ok(Self::Value(body::parse(form, &body)?))
    }
}

fn bad_type(what: &str) -> ApiError {
    let detail = format!(
        "bad content type: {what}; a body is application/json, application/yaml, \
         application/json+oto-patch or application/x-www-form-urlencoded"
    );
    ApiError::new(Code::UnsupportedMediaType, detail)
}

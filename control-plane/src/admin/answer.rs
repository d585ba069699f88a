//! Writes answers, as JSON or YAML by what the caller accepts.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::error::{ApiError, Code};
use super::media::{DOCUMENT, Form, wanted};

/// The revision at which the configuration stood, or stands after a write.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("x-sanmon-revision");
/// Stands on answers to reads that could not be confirmed by the store.
pub(crate) const STALE: HeaderName = HeaderName::from_static("x-sanmon-stale");

/// The `ETag` of a document that this revision wrote.
pub(crate) fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// An answer that is being made. The form is settled before anything is written, so that a write
/// is not followed by 406.
pub(crate) struct Answer {
    form: Form,
    builder: HttpResponseBuilder,
}

impl Answer {
    /// An answer in the form that the caller wants.
    pub(crate) fn to(request: &HttpRequest) -> Result<Self, ApiError> {
        let form = wanted(request, DOCUMENT)?;
        let mut builder = HttpResponse::Ok();
        builder.insert_header((header::VARY, "accept"));
        Ok(Self { form, builder })
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.builder.status(status);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.builder.insert_header((name, value.into()));
        self
    }

    /// With this body.
    pub(crate) fn body(mut self, body: &impl Serialize) -> Result<HttpResponse, ApiError> {
        let failed = |error: &dyn std::fmt::Display| {
            ApiError::new(Code::Internal, "the answer cannot be written").cause(error)
        };
        let text = match self.form {
            Form::Yaml => {
                // Stored text inside an answer is known to serde_json alone.
                let value = serde_json::to_value(body).map_err(|error| failed(&error))?;
                serde_saphyr::to_string(&value).map_err(|error| failed(&error))?
            }
            _ => serde_json::to_string(body).map_err(|error| failed(&error))?,
        };
        Ok(self.builder.content_type(self.form.media_type()).body(text))
    }

    /// Without a body.
    pub(crate) fn empty(mut self) -> HttpResponse {
        self.builder.finish()
    }
}

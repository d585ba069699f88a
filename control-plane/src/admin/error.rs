//! What callers of the admin API see when something is wrong: RFC 9457, one table of codes.

use std::borrow::Cow;
use std::fmt;

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use sanmon_shared::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::configuration::Referrer;

/// The media type of every error.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// The stable codes of the admin API's errors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$about])* $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What programs ask for.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// What people read first; the same for each error of this code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The body cannot be read: not UTF-8, not JSON or YAML, cut, a member that stands twice.
    Malformed = "malformed_body", BAD_REQUEST, "the body cannot be read";
    /// It is nested deeper than the limit.
    TooDeep = "body_too_deep", BAD_REQUEST, "the body is nested too deep";
    /// A query parameter or a header cannot be read.
    BadParameter = "invalid_parameter", BAD_REQUEST, "a parameter cannot be read";
    /// No credential, or one that is not known, disabled or expired.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "a valid admin key is needed";
    /// The admin may only read.
    Forbidden = "forbidden", FORBIDDEN, "this admin may not do that";
    /// The caller stopped in the middle of its body.
    Timeout = "request_timeout", REQUEST_TIMEOUT, "the body did not come in time";
    /// The path is none of the API's.
    PathUnknown = "path_not_found", NOT_FOUND, "there is nothing at this path";
    /// There is no such document, kind or revision.
    NotFound = "not_found", NOT_FOUND, "there is no such thing";
    /// The path has other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "the path has other methods";
    /// None of the media types that the caller accepts can be made.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "no acceptable form";
    /// A document with this id exists.
    IdTaken = "id_taken", CONFLICT, "the id is taken";
    /// Other documents refer to the one that would go.
    Referenced = "still_referenced", CONFLICT, "something refers to it";
    /// Without this admin nobody could change the configuration any more.
    LastAdmin = "last_admin", CONFLICT, "it is the last admin";
    /// Others wrote all the time; nothing was stored.
    Contended = "write_contended", CONFLICT, "others are writing";
    /// History does not reach back that far.
    Gone = "revision_gone", GONE, "the revision is no longer kept";
    /// The document is not at the revision that the caller expects.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "the document has changed";
    /// The body, a line of it, or a number of writes is larger than the limit.
    TooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "the body is too large";
    /// The media type of the body is not one that the operation takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "the body has another media type than the operation takes";
    /// The document breaks its schema, refers to what is not there, or cannot be built.
    Invalid = "invalid_document", UNPROCESSABLE_ENTITY, "the document is not valid";
    /// Too many wrong credentials came from this address.
    TooManyFailures = "too_many_failures", TOO_MANY_REQUESTS, "too many wrong credentials";
    /// The store cannot be reached, or does not take the write.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "the store is not available";
    /// The control plane stops, or has not yet loaded the configuration.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, "the control plane is not ready";
    /// A defect of the control plane.
    Internal = "internal_error", INTERNAL_SERVER_ERROR, "something is broken here";
}

/// An error as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemDetails)]
pub(crate) struct ProblemDocument<'a> {
    /// `urn:sanmon:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:sanmon:problem:invalid_document")]
    pub kind: String,
    /// The same for each error of this code.
    #[schema(value_type = String, example = "the document is not valid")]
    pub title: &'a str,
    /// The status of the answer.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable; what programs ask for.
    #[schema(value_type = String, example = "invalid_document")]
    pub code: &'a str,
    /// What is wrong this time.
    #[schema(value_type = String, example = "the document has 1 problem")]
    pub detail: &'a str,
    /// Everything that is wrong with the document.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Problem>)]
    pub problems: &'a [Problem],
    /// What refers to the document.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Referrer>)]
    pub referrers: &'a [Referrer],
    /// The request's id, as in the log.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(value_type = String, example = "01jd3x7c7v5xk9h7j7d6ymw2cr")]
    pub request_id: &'a str,
}

/// How errors are written where it is not as problem documents: stands among the extensions of
/// requests to APIs that other systems define.
#[derive(Clone, Copy)]
pub(crate) struct Dialect(pub(crate) fn(&ApiError, &HttpRequest) -> HttpResponse);

/// An error on its way to the caller. The outermost middleware writes and logs it.
#[derive(Debug)]
pub(crate) struct ApiError {
    /// What kind of error.
    pub(crate) code: Code,
    /// For the caller. Holds no secret.
    pub(crate) detail: Cow<'static, str>,
    /// Everything that is wrong with the document that was sent.
    pub(crate) problems: Vec<Problem>,
    /// What refers to the document that should go.
    pub(crate) referrers: Vec<Referrer>,
    /// Headers that the status calls for.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    pub(crate) cause: Option<Box<str>>,
}

impl ApiError {
    /// An error with this text for the caller.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            problems: Vec::new(),
            referrers: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// The document has these problems.
    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        let detail = match problems.len() {
            1 => "the document has 1 problem".to_owned(),
            many => format!("the document has {many} problems"),
        };
        Self { problems, ..Self::new(Code::Invalid, detail) }
    }

    /// There is no such document.
    pub(crate) fn no_document(kind: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {kind} with the id {id:?}"))
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Says after how many seconds trying again may help.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// Adds what only the log may say.
    #[must_use]
    pub(crate) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string().into());
        self
    }

    /// The body.
    pub(crate) fn document<'a>(&'a self, request_id: &'a str) -> ProblemDocument<'a> {
        ProblemDocument {
            kind: format!("urn:sanmon:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            problems: &self.problems,
            referrers: &self.referrers,
            request_id,
        }
    }

    /// The whole answer.
    pub(crate) fn answer(&self, request_id: &str) -> HttpResponse {
        let body = serde_json::to_vec(&self.document(request_id)).unwrap_or_default();
        self.head(self.code.status()).content_type(PROBLEM_JSON).body(body)
    }

    /// The beginning of an answer, with the headers of the error.
    pub(crate) fn head(&self, status: StatusCode) -> HttpResponseBuilder {
        let mut answer = HttpResponse::build(status);
        for (name, value) in &self.headers {
            answer.append_header((name.clone(), value.clone()));
        }
        answer
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.answer("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes() {
        let table: Vec<_> = Code::ALL
            .iter()
            .map(|code| format!("{} {} ({})", code.status().as_u16(), code.as_str(), code.title()))
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn an_error_lists_every_problem() {
        let error = ApiError::invalid(vec![
            Problem::at("/name", "is not a string"),
            Problem::at("/plugins/0", "names neither plugin nor ref"),
        ]);
        insta::assert_json_snapshot!(error.document("r1"));
    }
}

//! What can go wrong with a request, and what its caller sees of it.

use std::borrow::Cow;

use actix_web::http::StatusCode;

/// Who has to do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller: the same request will fail again.
    Client,
    /// Whoever configured or runs the gateway.
    Gateway,
    /// The provider or target.
    Upstream,
}

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident = $code:literal, $status:ident, $fault:ident, $kind:literal;)+) => {
        /// The stable codes of errors that the data plane itself makes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$about])* $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What clients see.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// Who has to do something.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)+ }
            }

            /// `error.type` in OpenAI's envelope.
            pub const fn openai_type(self) -> &'static str {
                match self { $(Self::$name => $kind,)+ }
            }
        }
    };
}

codes! {
    /// No route has this host and path.
    RouteNotFound = "route_not_found", NOT_FOUND, Client, "invalid_request_error";
    /// The route has backend plugins, and none of their slots has this path.
    NoBackend = "no_backend", NOT_FOUND, Client, "invalid_request_error";
    /// The caller sent bytes that are no request, or a body that is no JSON object.
    BadRequest = "bad_request", BAD_REQUEST, Client, "invalid_request_error";
    /// A member that decides where the request goes stands in it twice.
    DuplicateMember = "duplicate_member", BAD_REQUEST, Client, "invalid_request_error";
    /// The JSON is nested deeper than the limit.
    TooDeep = "json_too_deep", BAD_REQUEST, Client, "invalid_request_error";
    /// No answer with this id is kept for the caller.
    ResponseNotFound = "response_not_found", NOT_FOUND, Client, "invalid_request_error";
    /// The method is not one that the endpoint has.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, Client, "invalid_request_error";
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, Client, "invalid_request_error";
    /// The caller did not send its body in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, Client, "invalid_request_error";
    /// No API key was presented, or one that is not known, wrong, disabled or expired.
    InvalidApiKey = "invalid_api_key", UNAUTHORIZED, Client, "invalid_request_error";
    /// The key is valid, and may not do this.
    Forbidden = "permission_denied", FORBIDDEN, Client, "permission_error";
    /// The key's restrictions hide this path from it.
    Hidden = "not_found", NOT_FOUND, Client, "invalid_request_error";
    /// The model is not one that may be used.
    ModelNotAllowed = "model_not_allowed", FORBIDDEN, Client, "permission_error";
    /// A request that may be made fewer times.
    RateLimited = "rate_limit_exceeded", TOO_MANY_REQUESTS, Client, "rate_limit_error";
    /// What may be used is used up, for longer than trying again is worth.
    QuotaExceeded = "quota_exceeded", TOO_MANY_REQUESTS, Client, "insufficient_quota";
    /// The gateway works on as many requests as it may.
    Overloaded = "gateway_overloaded", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// The gateway has not loaded its configuration yet.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// What is kept for callers cannot be reached.
    StateUnavailable = "state_unavailable", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// Something that the route refers to is not there (deleted by force), or could not be built.
    ReferenceMissing = "reference_missing", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// The provider cannot do what this endpoint asks for.
    Unsupported = "unsupported_by_provider", BAD_REQUEST, Client, "invalid_request_error";
    /// The route has no target to which requests could go.
    NoTarget = "no_target", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// The connection was to become something else than HTTP.
    UpgradeUnsupported = "upgrade_unsupported", NOT_IMPLEMENTED, Client, "invalid_request_error";
    /// The provider or target cannot be reached, or broke off before it answered.
    UpstreamUnavailable = "upstream_unavailable", BAD_GATEWAY, Upstream, "server_error";
    /// It answered something that is no answer.
    UpstreamInvalid = "upstream_invalid_response", BAD_GATEWAY, Upstream, "server_error";
    /// It did not answer in time.
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT, Upstream, "server_error";
    /// Its stream ended before it was complete.
    UpstreamCut = "upstream_stream_cut", BAD_GATEWAY, Upstream, "server_error";
    /// The address may not be called.
    AddressForbidden = "upstream_address_forbidden", BAD_GATEWAY, Gateway, "server_error";
    /// The gateway stops.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, Gateway, "server_error";
    /// A defect of the gateway.
    Internal = "internal_error", INTERNAL_SERVER_ERROR, Gateway, "server_error";
}

/// An error on its way to the caller. It is written in the caller's protocol, and logged once, by
/// the access log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GatewayError {
    /// What kind of error.
    pub code: Code,
    /// For the caller. Holds no secret and no upstream address.
    pub message: Cow<'static, str>,
    /// The member of the request that is to blame, if one is.
    pub param: Option<Cow<'static, str>>,
    /// For the log only.
    pub detail: Option<String>,
    /// Seconds after which trying again may help.
    pub retry_after: Option<u32>,
    /// The HTTP status, where that is not the code's.
    pub status: Option<StatusCode>,
}

impl GatewayError {
    /// An error with this text for the caller.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            param: None,
            detail: None,
            retry_after: None,
            status: None,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or(self.code.status())
    }

    /// Blames a member of the request.
    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Adds what only the log may say.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

use std::error::Error as StdError;
use std::io;

use crate::error::{Code, GatewayError};

/// What was waited for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The connection.
    Connect,
    /// The head of the answer.
    Head,
    /// Its first content.
    FirstToken,
    /// The next piece of the body.
    Idle,
    /// The end of the whole call.
    Total,
}

/// Why a call failed. The texts name no address and no secret.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// The connection could not be made for another reason.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The name has no address.
    #[error("cannot resolve the host: {0}")]
    Dns(String),
    /// The certificate is not to be trusted, or TLS failed otherwise.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The address may not be called.
    #[error("the address may not be called")]
    Forbidden,
    /// Time ran out.
    #[error("timeout ({0:?})")]
    Timeout(Stage),
    /// The connection broke while the call was under way.
    #[error("connection broken: {0}")]
    Reset(String),
    /// What came is not HTTP.
    #[error("invalid answer: {0}")]
    Invalid(String),
    /// The body is larger than the gateway takes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The body of the request broke off: the caller's doing.
    #[error("the request's body broke off")]
    RequestBody,
    /// It grew too large: the caller's doing.
    #[error("the request's body is too large")]
    RequestTooLarge,
    /// It did not come in time: the caller's doing.
    #[error("the request's body stopped coming")]
    RequestTooSlow,
}

impl UpstreamError {
    /// Whether the call failed before the upstream can have seen it.
    pub fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Connect(_)
                | Self::Dns(_)
                | Self::Tls(_)
                | Self::Forbidden
                | Self::Timeout(Stage::Connect)
        )
    }

    /// What the caller of the gateway sees of it.
    pub fn to_gateway(&self) -> GatewayError {
        let (code, text) = match self {
            Self::Refused => (Code::UpstreamUnavailable, "the upstream refuses connections"),
            Self::Connect(_) => (Code::UpstreamUnavailable, "the upstream cannot be reached"),
            Self::Dns(_) => (Code::UpstreamUnavailable, "the upstream's name cannot be resolved"),
            Self::Tls(_) => (Code::UpstreamUnavailable, "no TLS connection with the upstream"),
            Self::Forbidden => (Code::AddressForbidden, "the upstream's address may not be called"),
            Self::Timeout(Stage::Connect) => {
                (Code::UpstreamTimeout, "the upstream could not be connected to in time (connect)")
            }
            Self::Timeout(Stage::Head) => {
                (Code::UpstreamTimeout, "the upstream did not answer in time (head)")
            }
            Self::Timeout(Stage::FirstToken) => (
                Code::UpstreamTimeout,
                "the upstream did not begin its answer in time (first token)",
            ),
            Self::Timeout(Stage::Idle) => {
                (Code::UpstreamTimeout, "the upstream stopped sending its answer (idle)")
            }
            Self::Timeout(Stage::Total) => {
                (Code::UpstreamTimeout, "the upstream did not finish its answer in time (total)")
            }
            Self::Reset(_) => (Code::UpstreamUnavailable, "the upstream broke the connection"),
            Self::Invalid(_) => (Code::UpstreamInvalid, "the upstream's answer is no HTTP"),
            Self::TooLarge(_) => (Code::UpstreamInvalid, "the upstream's answer is too large"),
            Self::RequestBody => (Code::BadRequest, "the body of the request broke off"),
            Self::RequestTooLarge => (Code::BodyTooLarge, "the body of the request is too large"),
            Self::RequestTooSlow => {
                (Code::RequestTimeout, "the body of the request did not come in time")
            }
        };
        GatewayError::new(code, text).detail(self.to_string())
    }

    /// The same for a stream that had begun: what is broken is cut.
    pub fn to_gateway_in_stream(&self) -> GatewayError {
        match self {
            Self::Reset(_) | Self::Invalid(_) => {
                GatewayError::new(Code::UpstreamCut, "the upstream's stream ended early")
                    .detail(self.to_string())
            }
            _ => self.to_gateway(),
        }
    }

    /// Tells apart what the client of the HTTP library reports.
    pub(super) fn classify(error: &reqwest::Error) -> Self {
        let mut chain: Vec<&(dyn StdError + 'static)> = Vec::new();
        let mut next: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(cause) = next {
            if let Some(ours) = cause.downcast_ref::<Refusal>() {
                return ours.to_error();
            }
            chain.push(cause);
            // An io::Error hides what it was made of from `source`.
            next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => cause.source(),
            };
        }
        let text = chain.last().map_or_else(String::new, ToString::to_string);
        let io = chain.iter().find_map(|cause| cause.downcast_ref::<io::Error>());
        if error.is_connect() {
            return Self::connect(error, &chain, io, text);
        }
        if error.is_timeout() {
            return Self::Timeout(Stage::Head);
        }
        let hyper = chain.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>());
        match hyper {
            Some(hyper) if hyper.is_user() => Self::RequestBody,
            Some(hyper) if hyper.is_parse() => Self::Invalid(text),
            _ => Self::Reset(text),
        }
    }

    fn connect(
        error: &reqwest::Error,
        chain: &[&(dyn StdError + 'static)],
        io: Option<&io::Error>,
        text: String,
    ) -> Self {
        if chain.iter().any(|cause| cause.downcast_ref::<rustls::Error>().is_some()) {
            return Self::Tls(text);
        }
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::Timeout(Stage::Connect),
            _ if error.is_timeout() => Self::Timeout(Stage::Connect),
            _ => Self::Connect(text),
        }
    }
}

/// What our own resolver and body say through the HTTP library.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no address of the host may be called")]
    Forbidden,
    #[error("{0}")]
    Dns(String),
    #[error("the request's body broke off")]
    RequestBody,
    #[error("the request's body is too large")]
    RequestTooLarge,
    #[error("the request's body stopped coming")]
    RequestTooSlow,
}

impl Refusal {
    fn to_error(&self) -> UpstreamError {
        match self {
            Self::Forbidden => UpstreamError::Forbidden,
            Self::Dns(text) => UpstreamError::Dns(text.clone()),
            Self::RequestBody => UpstreamError::RequestBody,
            Self::RequestTooLarge => UpstreamError::RequestTooLarge,
            Self::RequestTooSlow => UpstreamError::RequestTooSlow,
        }
    }
}

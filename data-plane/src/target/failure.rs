//! Why an attempt failed, and what follows from that.

use std::time::Duration;

use sanmon_wire::canonical::{ErrorKind, ProviderError};

use crate::error::{Code, GatewayError};
use crate::upstream::UpstreamError;

/// What kind of failure an attempt ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Nobody listens there.
    Connect,
    /// The name has no address.
    Dns,
    /// No TLS connection.
    Tls,
    /// It did not answer in time.
    Timeout,
    /// The connection broke.
    Reset,
    /// Too many requests or tokens; later it may go.
    RateLimited,
    /// There is no money left.
    Quota,
    /// The provider failed.
    Server,
    /// The provider has too much to do.
    Overloaded,
    /// What it answered is no answer, or an error with a status of success.
    Invalid,
    /// Its stream ended without any content.
    Empty,
    /// The conversation is longer than the model's context.
    ContextLength,
    /// The credential is wrong, or may not do this.
    Unauthorized,
    /// The request is wrong.
    BadRequest,
    /// The gateway's own doing, or the caller's.
    Local,
}

impl FailureKind {
    /// Every kind.
    pub(crate) const ALL: [Self; 15] = [
        Self::Connect,
        Self::Dns,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::RateLimited,
        Self::Quota,
        Self::Server,
        Self::Overloaded,
        Self::Invalid,
        Self::Empty,
        Self::ContextLength,
        Self::Unauthorized,
        Self::BadRequest,
        Self::Local,
    ];

    /// What documents, reports and metrics call it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Server => "server",
            Self::Overloaded => "overloaded",
            Self::Invalid => "invalid",
            Self::Empty => "empty",
            Self::ContextLength => "context_length",
            Self::Unauthorized => "unauthorized",
            Self::BadRequest => "bad_request",
            Self::Local => "local",
        }
    }

    /// Its place in [`FailureKind::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Whether it is the credential's doing: another one of the same provider may fare better.
    pub(crate) const fn is_of_credential(self) -> bool {
        matches!(self, Self::RateLimited | Self::Quota | Self::Unauthorized)
    }

    /// Whether it says that the target is not well. A request that is wrong says the contrary.
    pub(crate) const fn is_of_target(self) -> bool {
        !matches!(self, Self::ContextLength | Self::BadRequest | Self::Local)
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    /// None of them.
    pub(crate) const NONE: Self = Self(0);

    /// These.
    pub(crate) const fn of(kinds: &[FailureKind]) -> Self {
        let mut bits = 0;
        let mut rest = kinds;
        while let [kind, more @ ..] = rest {
            bits |= 1 << kind.index();
            rest = more;
        }
        Self(bits)
    }

    /// Whether it is one of them.
    pub(crate) const fn has(self, kind: FailureKind) -> bool {
        self.0 & (1 << kind.index()) != 0
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What kind of failure.
    pub(crate) kind: FailureKind,
    /// After which time the provider says that trying again may help.
    pub(crate) retry_after: Option<Duration>,
    /// The provider's status, or that of the answer that the gateway would make of it.
    pub(crate) status: u16,
}

impl Failure {
    /// Of a kind and a status, when nothing else is known.
    pub(crate) const fn new(kind: FailureKind, status: u16) -> Self {
        Self { kind, retry_after: None, status }
    }

    /// Says when the provider may be asked again.
    #[must_use]
    pub(crate) fn after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after.or(self.retry_after);
        self
    }

    /// Of a call that did not come to an answer.
    pub(crate) fn of_upstream(error: &UpstreamError) -> Self {
        let kind = match error {
            // Only its own configuration keeps the gateway from calling it; others may be called.
            UpstreamError::Refused | UpstreamError::Connect(_) | UpstreamError::Forbidden => {
                FailureKind::Connect
            }
            UpstreamError::Dns(_) => FailureKind::Dns,
            UpstreamError::Tls(_) => FailureKind::Tls,
            UpstreamError::Timeout(_) => FailureKind::Timeout,
            UpstreamError::Reset(_) => FailureKind::Reset,
            UpstreamError::Invalid(_) | UpstreamError::TooLarge(_) => FailureKind::Invalid,
            UpstreamError::RequestBody
            | UpstreamError::RequestTooLarge
            | UpstreamError::RequestTooSlow => FailureKind::Local,
        };
        Self::new(kind, error.to_gateway().code.status().as_u16())
    }

    /// Of an error that the gateway made of the attempt. Where the upstream's own is at hand,
    /// [`Failure::of_upstream`] tells more apart.
    pub(crate) fn of_gateway(error: &GatewayError) -> Self {
        let kind = match error.code {
            Code::UpstreamUnavailable | Code::UpstreamCut => FailureKind::Reset,
            Code::AddressForbidden => FailureKind::Connect,
            Code::UpstreamInvalid => FailureKind::Invalid,
            Code::UpstreamTimeout => FailureKind::Timeout,
            _ => FailureKind::Local,
        };
        let after = error.retry_after.map(|seconds| Duration::from_secs(seconds.into()));
        Self::new(kind, error.code.status().as_u16()).after(after)
    }

    /// Of an error that the provider told.
    pub(crate) fn of_provider(error: &ProviderError) -> Self {
        // Some vendors have one word for whatever goes wrong: then the status says more.
        let said = match (error.kind, error.status) {
            (ErrorKind::Server | ErrorKind::InvalidRequest, 429)
            | (ErrorKind::InvalidRequest, 500..) => ErrorKind::of_status(error.status),
            (kind, _) => kind,
        };
        let kind = match said {
            ErrorKind::RateLimit if error.code.as_deref() == Some("insufficient_quota") => {
                FailureKind::Quota
            }
            ErrorKind::RateLimit => FailureKind::RateLimited,
            ErrorKind::Billing => FailureKind::Quota,
            ErrorKind::Overloaded => FailureKind::Overloaded,
            ErrorKind::Timeout => FailureKind::Timeout,
            ErrorKind::Server => FailureKind::Server,
            ErrorKind::ContextLength => FailureKind::ContextLength,
            ErrorKind::Authentication | ErrorKind::Permission => FailureKind::Unauthorized,
            ErrorKind::InvalidRequest
            | ErrorKind::ContentFilter
            | ErrorKind::NotFound
            | ErrorKind::TooLarge => FailureKind::BadRequest,
        };
        Self::new(kind, error.status).after(error.retry_after.map(Duration::from_millis))
    }

    /// Of a status alone.
    pub(crate) fn of_status(status: u16) -> Self {
        Self::of_provider(&ProviderError {
            status,
            ..ProviderError::new(ErrorKind::of_status(status), String::new())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Stage;

    #[test]
    fn kinds_are_where_they_stand() {
        for (index, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index, "{kind:?}");
            assert!(Kinds::of(&[kind]).has(kind));
            assert!(!Kinds::NONE.has(kind));
        }
    }

    #[test]
    fn statuses_alone_say_what_kind() {
        for (status, kind) in [
            (400, FailureKind::BadRequest),
            (401, FailureKind::Unauthorized),
            (402, FailureKind::Quota),
            (403, FailureKind::Unauthorized),
            (404, FailureKind::BadRequest),
            (429, FailureKind::RateLimited),
            (500, FailureKind::Server),
            (503, FailureKind::Overloaded),
            (504, FailureKind::Timeout),
            (529, FailureKind::Overloaded),
        ] {
            let failure = Failure::of_status(status);
            assert_eq!((failure.kind, failure.status), (kind, status));
        }
    }

    #[test]
    fn money_that_is_spent_is_no_rate_limit() {
        let mut error = ProviderError::new(ErrorKind::RateLimit, "no");
        error.status = 429;
        error.retry_after = Some(1_500);
        let failure = Failure::of_provider(&error);
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!(failure.retry_after, Some(Duration::from_millis(1_500)));
        error.code = Some("insufficient_quota".to_owned());
        assert_eq!(Failure::of_provider(&error).kind, FailureKind::Quota);
    }

    #[test]
    fn one_word_for_whatever_goes_wrong_says_less_than_a_status() {
        for (kind, status, expected) in [
            (ErrorKind::Server, 429, FailureKind::RateLimited),
            (ErrorKind::InvalidRequest, 429, FailureKind::RateLimited),
            (ErrorKind::InvalidRequest, 500, FailureKind::Server),
            (ErrorKind::InvalidRequest, 503, FailureKind::Overloaded),
            (ErrorKind::InvalidRequest, 400, FailureKind::BadRequest),
            (ErrorKind::Billing, 429, FailureKind::Quota),
            (ErrorKind::ContextLength, 500, FailureKind::ContextLength),
        ] {
            let error = ProviderError { status, ..ProviderError::new(kind, "no") };
            assert_eq!(Failure::of_provider(&error).kind, expected, "{kind:?} {status}");
        }
    }

    #[test]
    fn transports_fail_in_their_own_ways() {
        for (error, kind) in [
            (UpstreamError::Refused, FailureKind::Connect),
            (UpstreamError::Dns(String::new()), FailureKind::Dns),
            (UpstreamError::Tls(String::new()), FailureKind::Tls),
            (UpstreamError::Timeout(Stage::Head), FailureKind::Timeout),
            (UpstreamError::Reset(String::new()), FailureKind::Reset),
            (UpstreamError::RequestBody, FailureKind::Local),
        ] {
            assert_eq!(Failure::of_upstream(&error).kind, kind, "{error:?}");
        }
    }
}

//! How an attempt failed, and what its caller is told if nobody else is asked.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use bytes::Bytes;
use sanmon_wire::canonical::{Delta, ErrorKind, ProviderError};
use sanmon_wire::format::{Asked, Codec};

use crate::error::{Code, GatewayError};
use crate::protocol::errors::{self, X_SHOULD_RETRY};
use crate::target::{Failure, FailureKind};
use crate::upstream::UpstreamError;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// An attempt that failed before its first content.
pub(crate) struct Failed {
    /// Why: what decides whether somebody else is asked.
    pub(crate) failure: Failure,
    told: Told,
}

/// What the caller is told.
enum Told {
    /// An error of the gateway.
    Gateway(GatewayError),
    /// The provider's own, in the caller's format.
    Provider { error: ProviderError, response: HttpResponse },
}

impl From<GatewayError> for Box<Failed> {
    fn from(error: GatewayError) -> Self {
        let failure = Failure::of_gateway(&error);
        Self::new(Failed { failure, told: Told::Gateway(error) })
    }
}

impl From<UpstreamError> for Box<Failed> {
    fn from(error: UpstreamError) -> Self {
        let failure = Failure::of_upstream(&error);
        Self::new(Failed { failure, told: Told::Gateway(error.to_gateway()) })
    }
}

impl Failed {
    /// A stream that held nothing.
    pub(crate) fn empty() -> Box<Self> {
        let error = GatewayError::new(Code::UpstreamInvalid, "the provider's stream is empty");
        let failure = Failure::new(FailureKind::Empty, error.code.status().as_u16());
        Box::new(Self { failure, told: Told::Gateway(error) })
    }

    /// What a provider says in spite of whatever its status was; `head` is what the caller is told of
    /// its headers.
    pub(crate) fn provider(
        error: ProviderError,
        mut response: HttpResponse,
        head: &HeaderMap,
    ) -> Box<Self> {
        // Client libraries try these again unless told otherwise; the provider may know better.
        if error.kind == ErrorKind::Billing && !head.contains_key(X_SHOULD_RETRY) {
            response.headers_mut().insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        let failure = Failure::of_provider(&error).after(wait(head));
        Box::new(Self { failure, told: Told::Provider { error, response } })
    }

    /// The same, where the caller is told something else of it.
    pub(crate) fn told(told: GatewayError, error: &ProviderError, head: &HeaderMap) -> Box<Self> {
        let failure = Failure::of_provider(error).after(wait(head));
        Box::new(Self { failure, told: Told::Gateway(told) })
    }

    /// Whether the candidate was not asked, since it cannot do what the request wants, may not be asked
    /// for its model, or has a limit that is reached: others may.
    pub(crate) fn is_refusal(&self) -> bool {
        let Told::Gateway(error) = &self.told else { return false };
        matches!(error.code, Code::Unsupported | Code::ModelNotAllowed) || self.is_of_limit()
    }

    /// Whether a limit of the gateway kept the candidate from being asked. Providers have limits of their
    /// own.
    pub(crate) fn is_of_limit(&self) -> bool {
        let Told::Gateway(error) = &self.told else { return false };
        matches!(error.code, Code::RateLimited | Code::QuotaExceeded)
            && self.failure.kind == FailureKind::Local
    }

    /// What a whole answer tells.
    pub(crate) fn answer(self) -> Result<HttpResponse, GatewayError> {
        match self.told {
            Told::Gateway(error) => Err(error),
            Told::Provider { response, .. } => Ok(response),
        }
    }

    /// The event that ends a stream of which nothing but its head has gone out.
    pub(crate) fn event(&self, codec: &dyn Codec, asked: Asked) -> Bytes {
        let error = match &self.told {
            Told::Gateway(error) => &errors::as_provider(error),
            Told::Provider { error, .. } => error,
        };
        let mut out = Vec::new();
        codec.encoder(asked).delta(&Delta::Error(error.clone()), &mut out);
        out.into()
    }

    /// For the log: the error, and what the provider said.
    pub(crate) fn gateway_error(&self) -> GatewayError {
        match &self.told {
            Told::Gateway(error) => error.clone(),
            Told::Provider { error, .. } => {
                let text = "the provider answered with an error";
                GatewayError::new(Code::UpstreamUnavailable, text).detail(error.message.clone())
            }
        }
    }

    /// Tells a caller that was refused for now when the first of those that were asked may be asked
    /// again.
    pub(crate) fn wait_for(&mut self, first: Duration) {
        let seconds = u32::try_from(first.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        match &mut self.told {
            Told::Gateway(error) if later(error.code.status()) => {
                error.retry_after = Some(seconds);
            }
            Told::Provider { response, .. } if later(response.status()) => {
                let headers = response.headers_mut();
                headers.remove(RETRY_AFTER_MS);
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
    }
}

/// Whether a status says that later may help.
fn later(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503 | 529)
}

/// The wish to wait that is told, in seconds or milliseconds.
fn wait(head: &HeaderMap) -> Option<Duration> {
    let number = |name: &HeaderName| {
        let text = head.get(name)?.to_str().ok()?;
        text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
    };
    let seconds = match number(&RETRY_AFTER_MS) {
        Some(millis) => millis / 1_000.0,
        None => number(&RETRY_AFTER)?,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(retry_after: &'static str) -> Box<Failed> {
        let mut head = HeaderMap::new();
        head.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        let error = ProviderError::new(ErrorKind::RateLimit, "slow down");
        Failed::provider(error, HttpResponse::TooManyRequests().finish(), &head)
    }

    #[test]
    fn the_wish_to_wait_is_read() {
        for (text, wait) in [("7", Some(7_000)), ("0.5", Some(500)), ("-1", None), ("x", None)] {
            let failure = limited(text).failure;
            assert_eq!(failure.retry_after, wait.map(Duration::from_millis), "{text}");
            assert_eq!(failure.kind, FailureKind::RateLimited);
        }
    }

    #[test]
    fn where_an_account_is_empty_no_retry_helps() {
        let spent = |head: &HeaderMap| {
            let error = ProviderError::new(ErrorKind::Billing, "no money");
            let failed = Failed::provider(error, HttpResponse::TooManyRequests().finish(), head);
            failed.answer().unwrap().headers().get(X_SHOULD_RETRY).cloned()
        };
        let mut head = HeaderMap::new();
        assert_eq!(spent(&head).unwrap(), "false");
        head.insert(X_SHOULD_RETRY, HeaderValue::from_static("true"));
        assert_eq!(spent(&head), None, "it is among the headers that are told");
    }

    #[test]
    fn a_refusal_for_now_says_when_the_first_may_be_asked_again() {
        let mut failed = limited("30");
        failed.wait_for(Duration::from_millis(1_200));
        let response = failed.answer().unwrap();
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "2");
        let mut failed: Box<Failed> = GatewayError::new(Code::UpstreamUnavailable, "away").into();
        failed.wait_for(Duration::from_secs(2));
        assert_eq!(failed.answer().unwrap_err().retry_after, None);
    }
}

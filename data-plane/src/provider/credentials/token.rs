//! Tokens that are fetched, and kept until shortly before they end.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use memchr::memmem;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use sanmon_shared::clock::Clock;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::entra::Application;
use super::google::ServiceAccount;
use crate::error::{Code, GatewayError};
use crate::upstream::{Call, Deadlines, Endpoint, EndpointError, Transport, Upstream};

/// A token is fetched anew so long before it ends, in milliseconds.
const AHEAD: i64 = 5 * 60_000;

/// Nobody asks again so soon after a failure, in milliseconds.
const FAILED: i64 = 5_000;

/// How long a token may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer that is no longer than this, in bytes, is taken.
const LARGEST: usize = 64 * 1024;

/// Tokens that a worker keeps; the oldest account's goes first.
const KEPT: usize = 1_024;

/// Who asks for a token, and where.
pub(crate) struct TokenSource {
    endpoint: Endpoint,
    grant: Grant,
}

/// What is shown for a token.
pub(super) enum Grant {
    /// A claim that is signed with a key.
    ServiceAccount(Box<ServiceAccount>),
    /// An application's secret.
    Application(Application),
}

/// Tells the address only.
impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSource")
            .field("url", &self.endpoint.url().as_str())
            .finish_non_exhaustive()
    }
}

/// What a token host answers.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds; some hosts send a text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

/// Why it does not.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

impl TokenSource {
    pub(super) fn new(
        url: &str,
        grant: Grant,
        transport: Transport,
    ) -> Result<Self, EndpointError> {
        Ok(Self { endpoint: Endpoint::new(url, transport)?, grant })
    }

    /// What tells it from others: where its tokens are fetched.
    pub(super) fn fingerprint(&self, hasher: &mut impl std::hash::Hasher) {
        hasher.write(self.endpoint.url().as_str().as_bytes());
    }

    /// Whether a text holds a secret of the grant, or what looks like a token.
    pub(super) fn tells(&self, text: &[u8]) -> bool {
        match &self.grant {
            Grant::ServiceAccount(_) => memmem::find(text, b"ya29.").is_some(),
            Grant::Application(application) => {
                let secret = application.secret().as_bytes();
                (secret.len() >= 8 && memmem::find(text, secret).is_some())
                    || memmem::find(text, b"eyJ").is_some()
            }
        }
    }

    /// A new token.
    async fn fetch(&self, upstream: &Upstream, clock: &Clock) -> Result<Token, GatewayError> {
        let failed = |detail: String| {
            let text = "the provider's token could not be fetched";
            GatewayError::new(Code::UpstreamUnavailable, text).detail(detail)
        };
        let now = clock.millis();
        let form = match &self.grant {
            Grant::ServiceAccount(account) => account
                .form(now.div_euclid(1_000))
                .ok_or_else(|| failed("the claim could not be signed".to_owned()))?,
            Grant::Application(application) => application.form(),
        };
        let deadlines = Deadlines::within(PATIENCE);
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let call = Call::new(&self.endpoint, Method::POST, deadlines)
            .header(CONTENT_TYPE, form_type)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .bytes(form.into());
        let mut answer = upstream.fetch(call).await.map_err(|error| failed(error.to_string()))?;
        let body = answer.gather(LARGEST).await.map_err(|error| failed(error.to_string()))?;
        if !answer.status.is_success() {
            let why =
                serde_json::from_slice(&body).map_or_else(|_| String::new(), |d: Denied| d.error);
            return Err(failed(format!("{} {why}", answer.status)));
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| failed("the answer holds no access_token".to_owned()))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", granted.access_token))
            .map_err(|_| failed("the token is no header's value".to_owned()))?;
        value.set_sensitive(true);
        let seconds = granted.expires_in.and_then(|seconds| match seconds {
            serde_json::Value::String(text) => text.parse().ok(),
            number => number.as_i64(),
        });
        let life = seconds.unwrap_or(3_600).clamp(0, 86_400) * 1_000;
        let end = now + life;
        Ok(Token { value, fetched: now, renew: end - AHEAD.min(life / 2), end })
    }
}

/// The tokens that a worker, or who asks secret managers, has fetched, by account. One request fetches,
/// those that come meanwhile wait for it; where it leaves, the next of them goes on.
#[derive(Default)]
pub(crate) struct Tokens(RefCell<HashMap<u64, Rc<Kept>>>);

#[derive(Default)]
struct Kept {
    token: RefCell<Option<Token>>,
    /// The last failure, and while nobody asks again.
    failure: RefCell<Option<(GatewayError, Range<i64>)>>,
    /// Held by who fetches.
    flight: Mutex<()>,
}

/// A token, with times in milliseconds of the epoch. Should the clock be set back to before it was
/// fetched, nobody knows how old it is.
struct Token {
    value: HeaderValue,
    fetched: i64,
    /// When a new one is to be fetched.
    renew: i64,
    /// When it ends.
    end: i64,
}

impl Kept {
    /// The token, if it is not time for a new one.
    fn fresh(&self, now: i64) -> Option<HeaderValue> {
        self.token
            .borrow()
            .as_ref()
            .filter(|token| (token.fetched..token.renew).contains(&now))
            .map(|t| t.value.clone())
    }

    /// The token, if it still holds.
    fn valid(&self, now: i64) -> Option<HeaderValue> {
        self.token
            .borrow()
            .as_ref()
            .filter(|token| (token.fetched..token.end).contains(&now))
            .map(|t| t.value.clone())
    }
}

impl Tokens {
    /// The token of an account, as a header's value.
    pub(crate) async fn get(
        &self,
        account: u64,
        source: &TokenSource,
        upstream: &Upstream,
        clock: &Clock,
    ) -> Result<HeaderValue, GatewayError> {
        let kept = self.kept(account);
        let fresh = || kept.fresh(clock.millis());
        if let Some(token) = fresh() {
            return Ok(token);
        }
        let _flight = kept.flight.lock().await;
        if let Some(token) = fresh() {
            return Ok(token);
        }
        let now = clock.millis();
        let failure = kept.failure.borrow().clone().filter(|(_, pause)| pause.contains(&now));
        let failure = match failure {
            Some((failure, _)) => failure,
            // Apart from the calls that wait for it, which are many and should be small.
            None => match Box::pin(source.fetch(upstream, clock)).await {
                Ok(token) => {
                    let value = token.value.clone();
                    *kept.token.borrow_mut() = Some(token);
                    *kept.failure.borrow_mut() = None;
                    return Ok(value);
                }
                Err(error) => {
                    tracing::warn!(
                        %error,
                        detail = error.detail.as_deref().unwrap_or_default(),
                        "a token could not be fetched"
                    );
                    *kept.failure.borrow_mut() = Some((error.clone(), now..now + FAILED));
                    error
                }
            },
        };
        // The old one may still hold.
        kept.valid(now).ok_or(failure)
    }

    fn kept(&self, account: u64) -> Rc<Kept> {
        let mut all = self.0.borrow_mut();
        if all.len() >= KEPT
            && !all.contains_key(&account)
            && let Some(oldest) = all.keys().min().copied()
        {
            all.remove(&oldest);
        }
        Rc::clone(all.entry(account).or_default())
    }
}

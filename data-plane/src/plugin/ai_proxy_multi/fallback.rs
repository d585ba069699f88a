use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::target::{FailureKind, Kinds, Retry};

/// After which failures another instance is asked.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AiProxyMultiFallback)]
pub(super) enum Strategy {
    /// After one sort.
    One(One),
    /// After several.
    Several(Vec<Reason>),
}

/// One sort of failures, as older configs say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AiProxyMultiFallbackOne)]
pub(super) enum One {
    /// Instances whose limits are used up are passed over.
    InstanceHealthAndRateLimiting,
    /// The provider had too many requests.
    #[serde(rename = "http_429")]
    Http429,
    /// The provider failed.
    #[serde(rename = "http_5xx")]
    Http5xx,
}

/// A sort of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AiProxyMultiFallbackReason)]
pub(super) enum Reason {
    /// Instances whose limits are used up are passed over.
    RateLimiting,
    /// The provider had too many requests.
    #[serde(rename = "http_429")]
    Http429,
    /// The provider failed.
    #[serde(rename = "http_5xx")]
    Http5xx,
}

impl Strategy {
    fn has(&self, reason: Reason) -> bool {
        match self {
            Self::One(One::Http429) => reason == Reason::Http429,
            Self::One(One::Http5xx) => reason == Reason::Http5xx,
            Self::One(One::InstanceHealthAndRateLimiting) => reason == Reason::RateLimiting,
            Self::Several(reasons) => reasons.contains(&reason),
        }
    }
}

/// What goes wrong before a provider has a status, or in spite of it.
const FAILED: Kinds = Kinds::of(&[
    FailureKind::Connect,
    FailureKind::Dns,
    FailureKind::Tls,
    FailureKind::Timeout,
    FailureKind::Reset,
    FailureKind::Invalid,
    FailureKind::Empty,
]);

/// When another attempt follows. Without a strategy and statuses none does.
pub(super) fn retry(
    strategy: Option<&Strategy>,
    statuses: &[u16],
    max_retries: Option<u32>,
    within: Option<u64>,
) -> Retry {
    let has = |reason| strategy.is_some_and(|strategy| strategy.has(reason));
    let mut ranges: Vec<_> = statuses.iter().map(|status| *status..=*status).collect();
    if has(Reason::Http429) {
        ranges.push(429..=429);
    }
    if has(Reason::Http5xx) {
        ranges.push(500..=599);
    }
    Retry {
        attempts: max_retries.map(|more| more.saturating_add(1)),
        within: within.map(Duration::from_millis),
        on: if has(Reason::Http5xx) { FAILED } else { Kinds::NONE },
        statuses: ranges,
        past_limits: has(Reason::RateLimiting),
        ..Retry::default()
    }
}

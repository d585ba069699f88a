use std::sync::atomic::Ordering;
use std::time::Duration;

use sanmon_shared::counters::{Quota, Span};

use super::{Claim, Limiter};
use crate::error::{Code, GatewayError};

/// Client libraries wait no longer than this before they try again: telling them to is then of no use.
const WORTH_WAITING: Duration = Duration::from_mins(1);

/// A limit is reached, and may not be after so long.
pub(super) fn refused(limiter: &Limiter, claim: &Claim, wait: Duration) -> GatewayError {
    limiter.metrics.limits.refused.fetch_add(1, Ordering::Relaxed);
    let code = if wait > WORTH_WAITING { Code::QuotaExceeded } else { Code::RateLimited };
    let rule = &claim.rule;
    let text = rule.message.as_deref().map_or_else(
        || {
            format!(
                "the limit of {} {}{} is reached",
                claim.quota.most(),
                rule.name,
                per(claim.quota)
            )
        },
        str::to_owned,
    );
    let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
    let mut error = GatewayError::new(code, text).retry_after(seconds.max(1));
    error.status = rule.status;
    error.detail(format!("the rule {}", rule.id))
}

/// Nobody knows whether a limit is reached, and its rule lets nobody pass then.
pub(super) fn unavailable(claim: &Claim) -> GatewayError {
    GatewayError::new(Code::StateUnavailable, "limits cannot be counted now")
        .retry_after(1)
        .detail(format!("the rule {}", claim.rule.id))
}

fn per(quota: Quota) -> String {
    match quota.span {
        Span::Rolling { per, .. } | Span::Window(per) => {
            format!(" per {}", Seconds(per))
        }
        Span::Day => " per day".to_owned(),
        Span::Month => " per month".to_owned(),
        Span::Concurrent => String::new(),
    }
}

/// A time as people say it.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            1_000 => f.write_str("second"),
            60_000 => f.write_str("minute"),
            3_600_000 => f.write_str("hour"),
            _ if millis.is_multiple_of(1_000) => write!(f, "{} seconds", millis / 1_000),
            _ => write!(f, "{millis} ms"),
        }
    }
}

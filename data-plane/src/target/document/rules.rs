//! When attempts follow each other, and when failures take a provider out.

use std::time::Duration;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, RetryOn};
use serde_json::Value;

use crate::target::breaker::BreakerRules;
use crate::target::budget::BudgetRules;
use crate::target::failure::{FailureKind, Kinds};
use crate::target::retry::{Hedge, Retry};

pub(super) fn retry(document: &resources::Retry, problems: &mut Vec<Problem>) -> Retry {
    let resources::Retry { attempts, deadline, within, on, statuses, budget, hedge } = document;
    for (index, status) in statuses.iter().enumerate() {
        if !(400..600).contains(status) {
            let at = join_pointer("/retry/statuses", &index.to_string());
            problems.push(Problem::at(at, "only errors are tried again: 400 to 599"));
        }
    }
    let millis = |millis: &Option<u64>| millis.map(Duration::from_millis);
    Retry {
        attempts: *attempts,
        deadline: millis(deadline),
        within: millis(within),
        on: on.as_ref().map_or(Retry::USUAL, |on| {
            let kinds: Vec<FailureKind> = on.iter().copied().map(kind).collect();
            Kinds::of(&kinds)
        }),
        statuses: statuses.iter().map(|status| *status..=*status).collect(),
        past_limits: true,
        budget: Some(BudgetRules {
            ratio: f64::from(budget.percent) / 100.0,
            floor: budget.floor,
            window: Duration::from_millis(budget.window),
        }),
        hedge: hedge.map(|hedge| Hedge {
            after: Duration::from_millis(hedge.after),
            attempts: hedge.attempts,
        }),
    }
}

const fn kind(on: RetryOn) -> FailureKind {
    match on {
        RetryOn::Connect => FailureKind::Connect,
        RetryOn::Dns => FailureKind::Dns,
        RetryOn::Tls => FailureKind::Tls,
        RetryOn::Timeout => FailureKind::Timeout,
        RetryOn::Reset => FailureKind::Reset,
        RetryOn::RateLimited => FailureKind::RateLimited,
        RetryOn::Quota => FailureKind::Quota,
        RetryOn::Server => FailureKind::Server,
        RetryOn::Overloaded => FailureKind::Overloaded,
        RetryOn::Invalid => FailureKind::Invalid,
        RetryOn::Empty => FailureKind::Empty,
        RetryOn::ContextLength => FailureKind::ContextLength,
        RetryOn::Unauthorized => FailureKind::Unauthorized,
    }
}

/// The document's own; else what Otoroshi's documents have among the options; else none.
pub(super) fn breaker(
    document: &resources::Provider,
    problems: &mut Vec<Problem>,
) -> Option<BreakerRules> {
    if let Some(own) = document.breaker {
        return Some(BreakerRules {
            enabled: own.enabled,
            consecutive_failures: own.consecutive_failures,
            failure_ratio: Some(own.failure_ratio).filter(|ratio| *ratio > 0.0),
            minimum_attempts: own.minimum_attempts,
            cooldown: Duration::from_millis(own.cooldown),
        });
    }
    let options = document.options.get("circuit_breaker").filter(|value| !value.is_null())?;
    let mut number = |name: &str, default: u64| match options.get(name) {
        None | Some(Value::Null) => default,
        Some(value) => value.as_u64().map_or_else(
            || {
                let at = join_pointer("/options/circuit_breaker", name);
                problems.push(Problem::at(at, "it is a whole number"));
                default
            },
            |number| number.max(1),
        ),
    };
    let (row, cooldown) = (number("consecutive_failures", 5), number("cooldown", 30_000));
    if options.get("enabled").and_then(Value::as_bool) != Some(true) {
        return Some(BreakerRules::OFF);
    }
    Some(BreakerRules {
        enabled: true,
        consecutive_failures: u32::try_from(row).unwrap_or(u32::MAX),
        failure_ratio: None,
        minimum_attempts: u32::MAX,
        cooldown: Duration::from_millis(cooldown),
    })
}

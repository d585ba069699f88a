//! When another attempt follows a failure.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Registry;
use super::budget::{Budget, BudgetRules};
use super::failure::{Failure, FailureKind, Kinds};

/// When another attempt follows a failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retry {
    /// So many attempts at most, the first one included; none: until every target was tried.
    pub(crate) attempts: Option<u32>,
    /// None begins that long after the request.
    pub(crate) deadline: Option<Duration>,
    /// None follows one that took longer.
    pub(crate) within: Option<Duration>,
    /// After these.
    pub(crate) on: Kinds,
    /// After these too, whatever they mean.
    pub(crate) statuses: Vec<RangeInclusive<u16>>,
    /// Whether another one is asked where a limit of the gateway keeps one from being asked.
    pub(crate) past_limits: bool,
    /// What they may add to the load; none for no bound.
    pub(crate) budget: Option<BudgetRules>,
    /// A second attempt beside one whose first content does not come.
    pub(crate) hedge: Option<Hedge>,
}

/// A second attempt beside a slow one. It is paid from the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hedge {
    /// It begins when there was no content for so long.
    pub(crate) after: Duration,
    /// So many beside the first.
    pub(crate) attempts: u32,
}

impl Retry {
    /// What may go better elsewhere.
    pub(crate) const USUAL: Kinds = Kinds::of(&[
        FailureKind::Connect,
        FailureKind::Dns,
        FailureKind::Tls,
        FailureKind::Timeout,
        FailureKind::Reset,
        FailureKind::RateLimited,
        FailureKind::Quota,
        FailureKind::Server,
        FailureKind::Overloaded,
        FailureKind::Invalid,
        FailureKind::Empty,
    ]);

    /// Whether an attempt may follow this failure, as far as its kind tells. The gateway's own never
    /// is followed by one.
    pub(super) fn follows(&self, failure: &Failure) -> bool {
        failure.kind != FailureKind::Local
            && (self.on.has(failure.kind)
                || self.statuses.iter().any(|range| range.contains(&failure.status)))
    }
}

/// The rules of a provider that requests name, and what is left of its budget.
#[derive(Debug)]
pub(crate) struct Retrying {
    pub(super) rules: Retry,
    budget: Option<Arc<Budget>>,
}

impl Retrying {
    /// Of the provider with this id.
    pub(crate) fn new(owner: &Arc<str>, rules: Retry, registry: Option<&Registry>) -> Self {
        let budget = rules.budget.map(|rules| match registry {
            Some(registry) => registry.budget(owner, rules),
            None => Arc::new(Budget::new(rules)),
        });
        Self { rules, budget }
    }

    /// Of a provider whose pool has rules of its own.
    pub(crate) fn none() -> Self {
        Self { rules: Retry { attempts: Some(1), ..Retry::default() }, budget: None }
    }

    /// A request begins that may need more than one attempt.
    pub(super) fn request(&self, now: Instant) {
        if let Some(budget) = &self.budget {
            budget.request(now);
        }
    }

    /// Whether the budget has one more attempt, which is then spent.
    pub(super) fn spend(&self, now: Instant) -> bool {
        self.budget.as_ref().is_none_or(|budget| budget.spend(now))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: None,
            deadline: None,
            within: None,
            on: Self::USUAL,
            statuses: Vec::new(),
            past_limits: true,
            budget: Some(BudgetRules::default()),
            hedge: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_request_is_not_tried_again() {
        let retry = Retry::default();
        for (status, follows) in [
            (400, false),
            (401, false),
            (402, true),
            (403, false),
            (404, false),
            (408, true),
            (422, false),
            (429, true),
            (500, true),
            (502, true),
            (529, true),
        ] {
            assert_eq!(retry.follows(&Failure::of_status(status)), follows, "{status}");
        }
        assert!(!retry.follows(&Failure::new(FailureKind::ContextLength, 400)));
    }

    #[test]
    fn statuses_can_be_named_and_ours_are_never_tried_again() {
        let retry =
            Retry { on: Kinds::NONE, statuses: vec![401..=401, 500..=599], ..Retry::default() };
        assert!(retry.follows(&Failure::of_status(401)));
        assert!(retry.follows(&Failure::of_status(503)));
        assert!(!retry.follows(&Failure::of_status(429)));
        assert!(!retry.follows(&Failure::new(FailureKind::Local, 500)));
    }
}

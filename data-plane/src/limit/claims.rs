use std::cell::{Cell, RefCell};
use std::sync::Arc;

use sanmon_shared::counters::{Counted, Quota};

use super::Rule;
use crate::error::GatewayError;

/// The limits of a request, which plugins and the key add in their phases. Nothing is counted until
/// [`reserve`](super::reserve). A request without any has an empty list.
#[derive(Default)]
pub struct Claims {
    pub(super) list: Vec<Claim>,
    /// What came of taking; none while nothing was taken, as where only the limits of one provider
    /// refused: another may be asked.
    pub(super) decided: RefCell<Option<Result<(), GatewayError>>>,
    /// The quotas of the key are looked at, and nothing is taken from them.
    looks: bool,
}

/// One limit of a request.
pub(crate) struct Claim {
    pub(crate) rule: Arc<Rule>,
    pub(crate) quota: Quota,
    /// For whom it counts apart, beside the rule's subject: what the plugin made of the request.
    pub(super) subject: Option<Box<str>>,
    /// Nothing is taken; it refuses while nothing is left.
    pub(super) looks: bool,
    /// How it stands, once it was taken or refused.
    pub(super) counted: Cell<Option<Counted>>,
}

impl Claims {
    /// Whether nothing limits the request.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The request is subject to this rule.
    pub(crate) fn add(&mut self, rule: &Arc<Rule>, quota: Quota) {
        self.push(rule, quota, None, false);
    }

    /// The request is subject to this quota of its key.
    pub(crate) fn add_quota(&mut self, rule: &Arc<Rule>, quota: Quota) {
        self.push(rule, quota, None, self.looks);
    }

    /// Whether the request counts against the quotas of its key.
    pub(crate) fn count_quotas(&mut self, counts: bool) {
        self.looks = !counts;
    }

    /// The same, counted apart for this subject.
    pub(crate) fn add_for(&mut self, rule: &Arc<Rule>, quota: Quota, subject: impl Into<Box<str>>) {
        self.push(rule, quota, Some(subject.into()), false);
    }

    /// A rule counts a request once, however often its plugin stands on the way.
    fn push(&mut self, rule: &Arc<Rule>, quota: Quota, subject: Option<Box<str>>, looks: bool) {
        let known = |claim: &Claim| claim.rule.id == rule.id && claim.subject == subject;
        if !self.list.iter().any(known) {
            let rule = Arc::clone(rule);
            self.list.push(Claim { rule, quota, subject, looks, counted: Cell::new(None) });
        }
    }

    /// The rules that limit the request, in their order.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter().map(|claim| &*claim.rule)
    }

    /// The limits of the request that were looked at, in their order.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&Claim, Counted)> {
        self.list.iter().filter_map(|claim| Some((claim, claim.counted.get()?)))
    }
}

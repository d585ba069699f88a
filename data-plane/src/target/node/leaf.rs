use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::Mode;
use super::plan::Part;
use crate::provider::{Provider, Timeouts};
use crate::target::breaker::BreakerRules;
use crate::target::model;
use crate::target::pool::MemberConfig;
use crate::target::{Ask, Candidate, Health, State};

/// Credentials of one provider that are tried.
const ACCOUNTS: usize = 64;

/// A provider that calls somebody itself.
#[derive(Debug)]
pub(in crate::target) struct Leaf {
    provider: Arc<Provider>,
    /// As what its pool has it.
    member: Option<Arc<MemberConfig>>,
    /// Where it is not what the caller named.
    model: Option<Box<str>>,
    breaker: BreakerRules,
    /// One per credential.
    states: SmallVec<[Arc<State>; 1]>,
    /// A bit per credential.
    tried: u64,
    /// None of its credentials is of use any more.
    spent: bool,
    /// It was taken last.
    last: bool,
}

impl Leaf {
    /// As what a request has it.
    pub(super) fn new(provider: &Arc<Provider>, part: &Part<'_>, ask: &Ask<'_>) -> Self {
        let model = model::of(part.role, provider, part.asked);
        let state = |health: &Arc<Health>| health.state(model.unwrap_or_default());
        let own = model.filter(|model| ask.model.is_some() && ask.model != Some(model));
        Self {
            provider: Arc::clone(provider),
            member: part.member.map(Arc::clone),
            model: own.map(Into::into),
            breaker: part.breaker.unwrap_or(provider.breaker),
            states: provider.health.iter().take(ACCOUNTS).map(state).collect(),
            tried: 0,
            spent: false,
            last: false,
        }
    }

    /// Whether it has but one credential.
    pub(super) fn is_single(&self) -> bool {
        self.states.len() < 2
    }

    /// Whether it is what was taken last: the same provider, asked for the same model.
    pub(in crate::target) fn is_last(&self) -> bool {
        self.last
    }

    /// Leaves nothing but this credential of this provider.
    pub(in crate::target) fn bind(&mut self, provider: &str, account: usize) {
        if *self.provider.id == *provider && account < ACCOUNTS {
            self.tried = !(1 << account);
        } else {
            self.spent = true;
        }
    }

    /// This is taken.
    pub(in crate::target) fn took(&mut self, candidate: &Candidate) {
        self.last =
            Arc::ptr_eq(&self.provider, &candidate.provider) && self.model == candidate.model;
        if self.last {
            self.tried(candidate.account);
        }
    }

    /// This credential was tried.
    fn tried(&mut self, account: usize) {
        self.tried |= 1 << account;
    }

    /// Nothing is to be expected of it any more.
    pub(in crate::target) fn spend(&mut self) {
        self.spent = true;
    }

    /// How many tokens its model's context has.
    pub(in crate::target) fn context_window(&self) -> Option<u64> {
        self.member.as_ref()?.context_window
    }

    /// As what its pool knows it.
    fn name(&self) -> &Arc<str> {
        self.member.as_ref().map_or(&self.provider.id, |member| &member.name)
    }

    fn timeouts(&self) -> Timeouts {
        let timeouts = self.provider.timeouts();
        self.member.as_ref().map_or(timeouts, |member| timeouts.with(&member.timeouts))
    }

    fn may_be_asked(&self, account: usize, state: &State, mode: Mode, now: Instant) -> bool {
        let common = &state.common;
        self.tried & (1 << account) == 0
            && match mode {
                Mode::Well => {
                    !(self.provider.probe.is_some() && common.summary.is_unwell())
                        && common.held(now).is_none()
                        && state.would_admit(now)
                }
                Mode::Any { held } => held || common.held(now).is_none(),
            }
    }

    pub(super) fn is_there(&self, mode: Mode, now: Instant) -> bool {
        !self.spent
            && self
                .states
                .iter()
                .enumerate()
                .any(|(account, state)| self.may_be_asked(account, state, mode, now))
    }

    pub(super) fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
        if self.spent {
            return None;
        }
        let count = self.states.len();
        let first = if count > 1 { self.provider.turn() } else { 0 };
        let mut turns = (0..count).map(|step| first.wrapping_add(step) % count);
        let (account, state) = turns.find_map(|account| {
            let state = self.states.get(account)?;
            let may = self.may_be_asked(account, state, mode, now)
                && (mode != Mode::Well || state.admit(now));
            may.then_some((account, state))
        })?;
        let candidate = Candidate {
            provider: Arc::clone(&self.provider),
            name: Arc::clone(self.name()),
            model: self.model.clone(),
            account,
            timeouts: self.timeouts(),
            breaker: self.breaker,
            state: Arc::clone(state),
            chosen: now,
        };
        self.tried(account);
        Some(candidate)
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.states.iter().map(|state| state.in_flight()).sum()
    }

    pub(super) fn latency(&self, now: Instant) -> Option<f64> {
        self.states.iter().filter_map(|state| state.latency(now)).min_by(f64::total_cmp)
    }
}

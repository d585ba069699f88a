//! The candidates of a request as a tree: a provider, the targets of its pool, and what stands in for
//! it when it fails.

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::breaker::BreakerRules;
use super::choice::View;
use super::condition;
use super::model::{self, Role};
use super::pool::{MemberConfig, Pool, Warm};
use super::{Ask, Candidate, State};
use crate::provider::{Provider, Timeouts};

/// Pools in pools, and fallbacks of fallbacks, are followed so far.
const DEEPEST: usize = 16;

/// Providers in the tree of one request. Pools that share targets at several levels would have no end
/// otherwise.
const MOST: usize = 4_096;

/// Credentials of one provider that are tried.
const ACCOUNTS: usize = 64;

/// Who may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Those of whom nothing bad is known.
    Well,
    /// All: also those whose breakers are open or whom probes find unwell, and if `held` those
    /// whose providers want to be left alone.
    Any {
        /// Whether a provider's word to come back later is passed over.
        held: bool,
    },
}

/// A provider and what stands in for it.
#[derive(Debug)]
pub(super) struct Node {
    what: What,
    then: Option<Box<Node>>,
}

#[derive(Debug)]
enum What {
    /// Held by an operator.
    Nobody,
    One(Leaf),
    Group(Box<Group>),
}

/// A provider that calls somebody itself.
#[derive(Debug)]
pub(super) struct Leaf {
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

/// The targets of a pool that are for this request.
#[derive(Debug)]
struct Group {
    provider: Arc<Provider>,
    hash: u64,
    warm: Option<Warm>,
    /// The order that the request has of its own, where its pool chooses by what is asked.
    order: Option<Ordered>,
    /// One per member of the pool.
    nodes: SmallVec<[Option<Node>; 4]>,
}

/// In which order the members of a pool are asked.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) places: Arc<[u16]>,
    /// It follows from what is asked, or nothing does.
    pub(super) is_settled: bool,
}

/// Makes the tree of a request.
pub(super) struct Planner<'a> {
    ask: &'a Ask<'a>,
    /// The ids on the way from the root, so that nothing stands in for itself.
    path: SmallVec<[&'a str; 4]>,
    /// How many more may stand in it.
    left: usize,
    /// Whether some pool in it chooses by what is asked.
    pub(super) is_by_meaning: bool,
}

/// As what a provider is in the tree.
#[derive(Clone, Copy)]
struct Part<'a> {
    role: Role,
    member: Option<&'a Arc<MemberConfig>>,
    asked: Option<&'a str>,
    breaker: Option<BreakerRules>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(ask: &'a Ask<'a>) -> Self {
        Self { ask, path: SmallVec::new(), left: MOST, is_by_meaning: false }
    }

    /// The tree of the provider that the request names.
    pub(super) fn plan(&mut self, named: &'a Arc<Provider>) -> Option<Node> {
        let (role, asked) = (Role::Named, self.ask.model);
        self.node(named, Part { role, member: None, asked, breaker: None })
    }

    fn node(&mut self, provider: &'a Arc<Provider>, part: Part<'a>) -> Option<Node> {
        if self.path.len() >= DEEPEST || self.path.contains(&&*provider.id) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        self.path.push(&provider.id);
        let what = match &provider.pool {
            _ if provider.held.is_some() => What::Nobody,
            Some(pool) => What::Group(Box::new(self.group(provider, pool, part))),
            None => What::One(self.leaf(provider, part)),
        };
        let then = provider.fallback.as_ref().and_then(|id| {
            let fallback = self.ask.exchange.snapshot.provider(id)?;
            let role = Role::Fallback(provider.kind.name);
            let (member, asked) = (None, self.ask.model);
            self.node(fallback, Part { role, member, asked, breaker: None })
        });
        self.path.pop();
        Some(Node { what, then: then.map(Box::new) })
    }

    fn group(&mut self, provider: &'a Arc<Provider>, pool: &'a Pool, part: Part<'a>) -> Group {
        let nodes = pool.members().iter().map(|member| {
            let target = member.provider.find(&self.ask.exchange.snapshot)?;
            if !condition::are_met(&member.conditions, target, self.ask) {
                return None;
            }
            let asked = member.model.as_deref().or(part.asked);
            // What the document says of a target is not for its filter to change.
            let role = if member.model.is_some() { Role::Named } else { Role::Target };
            let breaker = pool.breaker.or(part.breaker);
            self.node(target, Part { role, member: Some(member), asked, breaker })
        });
        let nodes = nodes.collect();
        let (hash, warm) = (pool.hash(self.ask), pool.warm(self.ask));
        let order = pool.semantic().map(|semantic| Ordered {
            places: Arc::clone(&semantic.usual.places),
            is_settled: false,
        });
        self.is_by_meaning |= order.is_some();
        Group { provider: Arc::clone(provider), hash, warm, order, nodes }
    }

    fn leaf(&self, provider: &'a Arc<Provider>, part: Part<'a>) -> Leaf {
        let model = model::of(part.role, provider, part.asked);
        let state = |health: &Arc<super::Health>| health.state(model.unwrap_or_default());
        let own = model.filter(|model| self.ask.model.is_some() && self.ask.model != Some(model));
        Leaf {
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
}

impl Node {
    /// Whether there is but one way to answer.
    pub(super) fn is_single(&self) -> bool {
        match &self.what {
            What::One(leaf) => self.then.is_none() && leaf.states.len() < 2,
            What::Nobody | What::Group(_) => false,
        }
    }

    /// Whether somebody is left who may be asked.
    pub(super) fn is_there(&self, mode: Mode, now: Instant) -> bool {
        self.what.is_there(mode, now)
            || self.then.as_ref().is_some_and(|then| then.is_there(mode, now))
    }

    /// The next candidate. Those who stand in for a target come after all targets.
    pub(super) fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
        self.what.take(mode, now).or_else(|| self.then.as_mut()?.take(mode, now))
    }

    /// Visits the pools that choose by what is asked, as far as the next candidate may be one of theirs.
    pub(super) fn each_by_meaning(
        &mut self,
        now: Instant,
        visit: &mut dyn FnMut(&Arc<Provider>, &mut Ordered),
    ) {
        if let What::Group(group) = &mut self.what {
            if let Some(ordered) = &mut group.order {
                visit(&group.provider, ordered);
            }
            for node in group.nodes.iter_mut().flatten() {
                node.each_by_meaning(now, visit);
            }
        }
        if let Some(then) = &mut self.then
            && !self.what.is_there(Mode::Well, now)
        {
            then.each_by_meaning(now, visit);
        }
    }

    /// Visits every provider that calls somebody itself.
    pub(super) fn each(&mut self, visit: &mut dyn FnMut(&mut Leaf)) {
        match &mut self.what {
            What::Nobody => {}
            What::One(leaf) => visit(leaf),
            What::Group(group) => {
                for node in group.nodes.iter_mut().flatten() {
                    node.each(visit);
                }
            }
        }
        if let Some(then) = &mut self.then {
            then.each(visit);
        }
    }
}

impl What {
    fn is_there(&self, mode: Mode, now: Instant) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(leaf) => leaf.is_there(mode, now),
            Self::Group(group) => group.nodes.iter().flatten().any(|node| node.is_there(mode, now)),
        }
    }

    fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
        match self {
            Self::Nobody => None,
            Self::One(leaf) => leaf.take(mode, now),
            Self::Group(group) => group.take(mode, now),
        }
    }
}

impl Leaf {
    /// Whether it is what was taken last: the same provider, asked for the same model.
    pub(super) fn is_last(&self) -> bool {
        self.last
    }

    /// Leaves nothing but this credential of this provider.
    pub(super) fn bind(&mut self, provider: &str, account: usize) {
        if *self.provider.id == *provider && account < ACCOUNTS {
            self.tried = !(1 << account);
        } else {
            self.spent = true;
        }
    }

    /// This is taken.
    pub(super) fn took(&mut self, candidate: &Candidate) {
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
    pub(super) fn spend(&mut self) {
        self.spent = true;
    }

    /// How many tokens its model's context has.
    pub(super) fn context_window(&self) -> Option<u64> {
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

    fn is_there(&self, mode: Mode, now: Instant) -> bool {
        !self.spent
            && self
                .states
                .iter()
                .enumerate()
                .any(|(account, state)| self.may_be_asked(account, state, mode, now))
    }

    fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
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

    fn in_flight(&self) -> u32 {
        self.states.iter().map(|state| state.in_flight()).sum()
    }

    fn latency(&self, now: Instant) -> Option<f64> {
        self.states.iter().filter_map(|state| state.latency(now)).min_by(f64::total_cmp)
    }
}

impl Group {
    fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
        let provider = Arc::clone(&self.provider);
        let pool = provider.pool.as_ref()?;
        if let Some(candidate) = self.take_warm(pool, mode, now) {
            return Some(candidate);
        }
        // Those who were there a moment ago and whose trial somebody else got.
        let mut lost: SmallVec<[usize; 2]> = SmallVec::new();
        for tier in &pool.tiers {
            loop {
                let view =
                    Contest { group: self, from: tier.members.start, lost: &lost, mode, now };
                let Some(at) = tier.pick(&view, self.hash) else { break };
                let at = tier.members.start + at;
                let node = self.nodes.get_mut(at).and_then(Option::as_mut);
                match node.and_then(|node| node.what.take(mode, now)) {
                    Some(candidate) => {
                        if let Some(warm) = &self.warm {
                            warm.goes_to(pool, at);
                        }
                        return Some(candidate);
                    }
                    None => lost.push(at),
                }
            }
        }
        let mut nodes = self.nodes.iter_mut().flatten();
        nodes.find_map(|node| node.then.as_mut()?.take(mode, now))
    }
}

impl Group {
    /// The target where the conversation is, if it is well.
    fn take_warm(&mut self, pool: &Pool, mode: Mode, now: Instant) -> Option<Candidate> {
        let at = self.warm.as_ref().filter(|_| mode == Mode::Well)?.target(pool)?;
        self.nodes.get_mut(at)?.as_mut()?.what.take(mode, now)
    }
}

/// A tier as a choice sees it.
struct Contest<'a> {
    group: &'a Group,
    from: usize,
    lost: &'a [usize],
    mode: Mode,
    now: Instant,
}

impl Contest<'_> {
    fn leaf(&self, at: usize) -> Option<&Leaf> {
        match &self.group.nodes.get(self.from + at)?.as_ref()?.what {
            What::One(leaf) => Some(leaf),
            // A pool among targets says nothing of its own load.
            What::Nobody | What::Group(_) => None,
        }
    }
}

impl View for Contest<'_> {
    fn is_there(&self, at: usize) -> bool {
        let at = self.from + at;
        let node = self.group.nodes.get(at).and_then(Option::as_ref);
        !self.lost.contains(&at) && node.is_some_and(|node| node.what.is_there(self.mode, self.now))
    }

    fn in_flight(&self, at: usize) -> u32 {
        self.leaf(at).map_or(0, Leaf::in_flight)
    }

    fn latency(&self, at: usize) -> Option<f64> {
        self.leaf(at)?.latency(self.now)
    }

    fn order(&self) -> &[u16] {
        self.group.order.as_ref().map_or(&[], |ordered| &ordered.places)
    }
}

use std::sync::Arc;

use smallvec::SmallVec;

use super::group::{Group, Ordered};
use super::{Leaf, Node, What};
use crate::provider::Provider;
use crate::target::breaker::BreakerRules;
use crate::target::model::Role;
use crate::target::pool::{MemberConfig, Pool};
use crate::target::{Ask, condition};

/// Pools in pools, and fallbacks of fallbacks, are followed so far.
const DEEPEST: usize = 16;

/// Providers in the tree of one request. Pools that share targets at several levels would have no end
/// otherwise.
const MOST: usize = 4_096;

/// Makes the tree of a request.
pub(in crate::target) struct Planner<'a> {
    ask: &'a Ask<'a>,
    /// The ids on the way from the root, so that nothing stands in for itself.
    path: SmallVec<[&'a str; 4]>,
    /// How many more may stand in it.
    left: usize,
    /// Whether some pool in it chooses by what is asked.
    pub(in crate::target) is_by_meaning: bool,
}

/// As what a provider is in the tree.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) role: Role,
    pub(super) member: Option<&'a Arc<MemberConfig>>,
    pub(super) asked: Option<&'a str>,
    pub(super) breaker: Option<BreakerRules>,
}

impl<'a> Planner<'a> {
    pub(in crate::target) fn new(ask: &'a Ask<'a>) -> Self {
        Self { ask, path: SmallVec::new(), left: MOST, is_by_meaning: false }
    }

    /// The tree of the provider that the request names.
    pub(in crate::target) fn plan(&mut self, named: &'a Arc<Provider>) -> Option<Node> {
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
            None => What::One(Leaf::new(provider, &part, self.ask)),
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
}

//! What a provider document with targets compiles to.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::resources::{ProviderId, TimeoutOverrides};

use super::breaker::BreakerRules;
use super::choice::{Choice, Contender, Picker, Price, View};
use super::condition::Conditions;
use super::retry::{Retry, Retrying};
use super::semantic::{Semantic, SemanticConfig};
use super::sticky::{self, Sticky};
use super::{Ask, Registry};
use crate::provider::Provider;
use crate::snapshot::Snapshot;

/// What a pool is made of.
#[derive(Debug, Default)]
pub(crate) struct PoolConfig {
    /// Its targets.
    pub(crate) members: Vec<MemberConfig>,
    /// How one of a tier is chosen.
    pub(crate) choice: Choice,
    /// By what, where that is what is asked.
    pub(crate) semantic: Option<SemanticConfig>,
    /// When another attempt follows a failure.
    pub(crate) retry: Retry,
    /// When failures take a target out; each target's own rules where this is none.
    pub(crate) breaker: Option<BreakerRules>,
    /// Keeps a conversation at one target for so long after its last request.
    pub(crate) sticky: Option<Duration>,
}

/// A target of a pool.
#[derive(Debug)]
pub(crate) struct MemberConfig {
    /// Who it is.
    pub(crate) provider: ProviderRef,
    /// By what it is told from the others, and found again when they change.
    pub(crate) name: Arc<str>,
    /// Its part of the requests of its tier; 0 for none.
    pub(crate) weight: u32,
    /// Tiers with larger numbers come first; a tier is exhausted before the next.
    pub(crate) tier: i64,
    /// The model that it is asked for, whatever the caller names.
    pub(crate) model: Option<Box<str>>,
    /// For which requests it is.
    pub(crate) conditions: Conditions,
    /// What it costs.
    pub(crate) price: Option<Price>,
    /// How many tokens its model's context has.
    pub(crate) context_window: Option<u64>,
    /// What it is for, where targets are chosen by what is asked.
    pub(crate) examples: Box<[String]>,
    /// How like one of them a prompt has to be, where it does not go by what the pool says.
    pub(crate) threshold: Option<f32>,
    /// Over the provider's own.
    pub(crate) timeouts: TimeoutOverrides,
}

impl MemberConfig {
    /// A target of weight 1 for all requests.
    pub(crate) fn of(provider: ProviderRef, name: impl Into<Arc<str>>) -> Self {
        Self {
            provider,
            name: name.into(),
            weight: 1,
            tier: 0,
            model: None,
            conditions: Conditions::default(),
            price: None,
            context_window: None,
            examples: Box::default(),
            threshold: None,
            timeouts: TimeoutOverrides::default(),
        }
    }
}

/// Who a target is.
#[derive(Clone, Debug)]
pub(crate) enum ProviderRef {
    /// A document, looked up in the snapshot of each request.
    Stored(ProviderId),
    /// One that only this pool has.
    Own(Arc<Provider>),
}

impl ProviderRef {
    /// The provider; none where the snapshot does not have it.
    pub(super) fn find<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a Arc<Provider>> {
        match self {
            Self::Stored(id) => snapshot.provider(id),
            Self::Own(provider) => Some(provider),
        }
    }
}

/// Targets, and how one of them is chosen.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Tier by tier, those of weight 0 left out.
    pub(super) members: Box<[Arc<MemberConfig>]>,
    pub(super) tiers: Box<[Tier]>,
    choice: Choice,
    semantic: Option<Box<Semantic>>,
    pub(super) breaker: Option<BreakerRules>,
    retry: Retrying,
    sticky: Option<Arc<Sticky>>,
}

/// Targets of one priority.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) members: Range<usize>,
    picker: Picker,
}

impl Pool {
    /// Compiles the pool of a provider with this id.
    pub(crate) fn build(owner: &Arc<str>, config: PoolConfig, registry: Option<&Registry>) -> Self {
        let PoolConfig { mut members, choice, semantic, retry, breaker, sticky } = config;
        members.retain(|member| member.weight > 0);
        // Stable: within a tier the order is the document's.
        members.sort_by_key(|member| std::cmp::Reverse(member.tier));
        let semantic = match &choice {
            Choice::Semantic => {
                semantic.and_then(|config| Semantic::build(owner, config, &members, registry))
            }
            _ => None,
        };
        let choice = match choice {
            // One target alone is not chosen.
            Choice::Semantic if semantic.is_none() => Choice::default(),
            choice => choice,
        };
        let mut tiers = Vec::new();
        let mut from = 0;
        // Whoever is chosen by what is asked is, whatever its tier.
        let is_one = |a: &MemberConfig, b: &MemberConfig| semantic.is_some() || a.tier == b.tier;
        for chunk in members.chunk_by(is_one) {
            let contenders: Vec<Contender<'_>> = chunk
                .iter()
                .map(|member| Contender {
                    name: &member.name,
                    weight: member.weight,
                    price: member.price,
                })
                .collect();
            let to = from + chunk.len();
            tiers.push(Tier { members: from..to, picker: Picker::new(&choice, &contenders) });
            from = to;
        }
        let retry = Retrying::new(owner, retry, registry);
        let sticky = sticky.map(|ttl| match registry {
            Some(registry) => registry.conversations(owner, ttl),
            None => Arc::new(Sticky::new(ttl)),
        });
        let members = members.into_iter().map(Arc::new).collect();
        let semantic = semantic.map(Box::new);
        Self { members, tiers: tiers.into(), choice, semantic, breaker, retry, sticky }
    }

    /// When another attempt follows a failed one.
    pub(crate) fn retry(&self) -> &Retrying {
        &self.retry
    }

    /// The targets, tier by tier.
    pub(crate) fn members(&self) -> &[Arc<MemberConfig>] {
        &self.members
    }

    /// How its targets are chosen by what is asked, if they are.
    pub(crate) fn semantic(&self) -> Option<&Semantic> {
        self.semantic.as_deref()
    }

    /// The conversation of a request, where those are to stay at one target.
    pub(super) fn warm(&self, ask: &Ask<'_>) -> Option<Warm> {
        let sticky = Arc::clone(self.sticky.as_ref()?);
        Some(Warm { sticky, conversation: sticky::conversation(ask) })
    }

    /// The hash of a request, where the choice wants one.
    pub(super) fn hash(&self, ask: &Ask<'_>) -> u64 {
        match &self.choice {
            Choice::Hash(on) => on.of(ask),
            _ => 0,
        }
    }
}

/// A conversation, and where it is to be remembered.
#[derive(Debug)]
pub(super) struct Warm {
    sticky: Arc<Sticky>,
    conversation: u64,
}

impl Warm {
    /// The place of the target where the conversation is.
    pub(super) fn target(&self, pool: &Pool) -> Option<usize> {
        let target = self.sticky.target(self.conversation)?;
        pool.members.iter().position(|member| sticky::name(&member.name) == target)
    }

    /// The conversation goes to the target at this place.
    pub(super) fn goes_to(&self, pool: &Pool, at: usize) {
        if let Some(member) = pool.members.get(at) {
            self.sticky.goes_to(self.conversation, sticky::name(&member.name));
        }
    }
}

impl Tier {
    pub(super) fn pick(&self, view: &dyn View, hash: u64) -> Option<usize> {
        self.picker.pick(view, hash)
    }
}

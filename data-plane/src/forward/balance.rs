//! Which target a request goes to, where they are not taken in turn: by the ways of choosing that
//! providers have too.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use sanmon_shared::Problem;
use sanmon_shared::resources::{BalancingKind, LoadBalancing};
use sanmon_wire::json::{Members, Object};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::exchange::Exchange;
use crate::snapshot::Target;
use crate::target::{Ask, Choice, Contender, HashOn, Load, Picker, Registry, UnderWay, View};

/// The cookie of callers that are to stay at one target.
const COOKIE: &str = "otoroshi-tracking";

/// How targets are chosen. Equal where the same ones are chosen in the same way.
#[derive(Debug)]
pub(crate) struct Balance {
    choice: Choice,
    /// Whether callers are given [`COOKIE`].
    is_sticky: bool,
    tiers: Box<[Tier]>,
    /// What is known of each target.
    loads: Box<[Arc<Load>]>,
}

#[derive(Debug)]
struct Tier {
    /// The place of its first target, and of the first that is not in it.
    targets: [usize; 2],
    picker: Picker,
}

impl PartialEq for Balance {
    fn eq(&self, other: &Self) -> bool {
        (&self.choice, self.is_sticky) == (&other.choice, other.is_sticky)
    }
}

impl Eq for Balance {}

impl Hash for Balance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.choice, self.is_sticky).hash(state);
    }
}

impl Balance {
    /// Of targets in the order of their tiers; none where they are taken in turn. Problems point into
    /// the document.
    pub(crate) fn build(
        document: &LoadBalancing,
        targets: &[Target],
        registry: Option<&Registry>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut is_sticky = false;
        let mut named = |name: &Option<String>, member: &str| -> Box<str> {
            let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty());
            if name.is_none() {
                let text = format!("it needs {member:?}");
                problems.push(Problem::at(format!("/{member}"), text));
            }
            name.unwrap_or_default().into()
        };
        let choice = match document.kind {
            // Failover is tiers of one.
            BalancingKind::RoundRobin | BalancingKind::NaiveFailover => return None,
            BalancingKind::Random => Choice::Random,
            BalancingKind::Sticky => {
                is_sticky = true;
                Choice::Hash(HashOn::Cookie(COOKIE.into()))
            }
            BalancingKind::IpAddressHash => Choice::Hash(HashOn::Client),
            BalancingKind::HeaderHash => {
                let name = named(&document.header_name, "header_name");
                Choice::Hash(HashOn::Header(name.to_ascii_lowercase().into()))
            }
            BalancingKind::CookieHash => {
                Choice::Hash(HashOn::Cookie(named(&document.cookie_name, "cookie_name")))
            }
            BalancingKind::QueryHash => {
                Choice::Hash(HashOn::Query(named(&document.query_name, "query_name")))
            }
            BalancingKind::ConsistentHash => {
                Choice::Hash(HashOn::build(&document.hash_on, "/hash_on", problems))
            }
            BalancingKind::LeastConnections | BalancingKind::PowerOfTwoRandomChoices => {
                Choice::LeastBusy
            }
            BalancingKind::BestResponseTime => Choice::FASTEST,
            BalancingKind::WeightedBestResponseTime => Choice::fastest(document.ratio),
        };
        let names: Vec<String> = targets.iter().map(server).collect();
        let loads = names.iter().map(|name| match registry {
            Some(registry) => registry.load(name),
            None => Arc::default(),
        });
        let loads = loads.collect();
        let mut tiers = Vec::new();
        let mut from = 0;
        for tier in targets.chunk_by(|a, b| a.tier == b.tier) {
            let contender = |(name, target): (&String, &Target)| (name.clone(), target.weight);
            let those: Vec<(String, u32)> =
                names.iter().zip(targets).skip(from).take(tier.len()).map(contender).collect();
            let contenders: Vec<Contender<'_>> = those
                .iter()
                .map(|(name, weight)| Contender { name, weight: *weight, price: None })
                .collect();
            let picker = Picker::new(&choice, &contenders);
            tiers.push(Tier { targets: [from, from + tier.len()], picker });
            from += tier.len();
        }
        Some(Self { choice, is_sticky, tiers: tiers.into(), loads })
    }

    /// The targets in the order in which they are to be tried for a request.
    pub(super) fn order<'a>(
        &'a self,
        exchange: &Exchange,
        targets: &'a [Target],
        cookie: Option<&HeaderValue>,
    ) -> Chosen<'a> {
        let object = Object::new(b"{}", Members::default());
        let hash = match (&self.choice, cookie.and_then(|cookie| cookie.to_str().ok())) {
            (Choice::Hash(_), Some(cookie)) => HashOn::of_text(cookie),
            (Choice::Hash(on), None) => on.of(&Ask { exchange, model: None, object: &object }),
            _ => 0,
        };
        let now = Instant::now();
        Chosen { balance: self, targets, hash, now, tier: 0, tried: SmallVec::new() }
    }

    /// The cookie that the caller is to be given.
    pub(super) fn cookie(&self, exchange: &Exchange) -> Option<HeaderValue> {
        let Choice::Hash(on) = &self.choice else { return None };
        if !self.is_sticky {
            return None;
        }
        let object = Object::new(b"{}", Members::default());
        let is_there = on.is_in(&Ask { exchange, model: None, object: &object });
        (!is_there).then(|| exchange.worker.request_id().header())
    }

    /// A call to the target at this place begins.
    pub(super) fn begin(&self, at: usize) -> Option<UnderWay> {
        self.loads.get(at).map(UnderWay::begin)
    }
}

/// What tells the caller to come back with the cookie.
pub(super) fn set_cookie(value: &HeaderValue) -> Option<HeaderValue> {
    let value = value.to_str().ok()?;
    // Thirty days.
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).ok()
}

/// A server, however many documents name it.
fn server(target: &Target) -> String {
    let scheme = if target.tls { "https" } else { "http" };
    let address = target.address.map(|address| address.to_string()).unwrap_or_default();
    format!("{scheme}://{}:{}@{address}", target.host, target.port)
}

/// Targets for one request: those of a tier as they are chosen, then those of the next.
pub(super) struct Chosen<'a> {
    balance: &'a Balance,
    targets: &'a [Target],
    hash: u64,
    now: Instant,
    tier: usize,
    tried: SmallVec<[usize; 8]>,
}

impl<'a> Iterator for Chosen<'a> {
    /// The place of a target, and the target.
    type Item = (usize, &'a Target);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let tier = self.balance.tiers.get(self.tier)?;
            let left = Left { chosen: self, targets: tier.targets };
            let Some(picked) = tier.picker.pick(&left, self.hash) else {
                self.tier += 1;
                continue;
            };
            let at = tier.targets[0] + picked;
            self.tried.push(at);
            return self.targets.get(at).map(|target| (at, target));
        }
    }
}

/// The targets of a tier that were not tried yet.
struct Left<'c, 'a> {
    chosen: &'c Chosen<'a>,
    targets: [usize; 2],
}

impl Left<'_, '_> {
    fn load(&self, at: usize) -> Option<&Load> {
        self.chosen.balance.loads.get(self.targets[0] + at).map(|load| &**load)
    }
}

impl View for Left<'_, '_> {
    fn is_there(&self, at: usize) -> bool {
        let at = self.targets[0] + at;
        at < self.targets[1] && !self.chosen.tried.contains(&at)
    }

    fn in_flight(&self, at: usize) -> u32 {
        self.load(at).map_or(0, Load::in_flight)
    }

    fn latency(&self, at: usize) -> Option<f64> {
        self.load(at)?.latency(self.chosen.now)
    }
}

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{Leaf, Mode, Node, What};
use crate::provider::Provider;
use crate::target::Candidate;
use crate::target::choice::View;
use crate::target::pool::{Pool, Warm};

/// The targets of a pool that are for this request.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) provider: Arc<Provider>,
    pub(super) hash: u64,
    pub(super) warm: Option<Warm>,
    /// The order that the request has of its own, where its pool chooses by what is asked.
    pub(super) order: Option<Ordered>,
    /// One per member of the pool.
    pub(super) nodes: SmallVec<[Option<Node>; 4]>,
}

/// In which order the members of a pool are asked.
#[derive(Debug)]
pub(in crate::target) struct Ordered {
    pub(in crate::target) places: Arc<[u16]>,
    /// It follows from what is asked, or nothing does.
    pub(in crate::target) is_settled: bool,
}

impl Group {
    pub(super) fn take(&mut self, mode: Mode, now: Instant) -> Option<Candidate> {
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

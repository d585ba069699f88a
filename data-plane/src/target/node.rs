//! The candidates of a request as a tree: a provider, the targets of its pool, and what stands in for
//! it when it fails.

mod group;
mod leaf;
mod plan;

use std::sync::Arc;

use tokio::time::Instant;

use group::Group;
pub(super) use group::Ordered;
pub(super) use leaf::Leaf;
pub(super) use plan::Planner;

use super::Candidate;
use crate::provider::Provider;

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

impl Node {
    /// Whether there is but one way to answer.
    pub(super) fn is_single(&self) -> bool {
        match &self.what {
            What::One(leaf) => self.then.is_none() && leaf.is_single(),
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

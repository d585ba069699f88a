//! One request's way through the candidates of the provider that it named.

use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::failure::{Failure, FailureKind};
use super::node::{Leaf, Mode, Node, Ordered, Planner};
use super::retry::{Hedge, Retry};
use super::semantic::{Meaning, Order};
use super::{Ask, Candidate};
use crate::error::{Code, GatewayError};
use crate::provider::Provider;

/// Seconds after which a caller may look whether an operator still holds all targets back.
const HELD: u32 = 60;

/// One request's way through the candidates of the provider that it named.
///
/// Those of whom nothing bad is known come first, tier by tier, then what stands in for them. When
/// nobody is left of these, the others are asked: being out is a reason to be asked last, never one to
/// answer nothing. Only what an operator holds is never asked.
#[derive(Debug)]
pub(crate) struct Course {
    /// None where nobody can be asked.
    root: Option<Node>,
    named: Arc<Provider>,
    began: Instant,
    attempts: u32,
    /// Those of them that began beside another one.
    hedges: u32,
    /// When a candidate was taken last.
    last: Option<Instant>,
    /// Whether some pool chooses by what is asked.
    is_by_meaning: bool,
    /// What that is, once it is known.
    meaning: Option<Meaning>,
}

impl Course {
    /// Of a request that names this provider. A plain one is its own only candidate.
    pub(crate) fn of(ask: &Ask<'_>, named: &Arc<Provider>) -> Self {
        let mut planner = Planner::new(ask);
        let root = planner.plan(named);
        let is_by_meaning = planner.is_by_meaning;
        let began = Instant::now();
        if root.as_ref().is_some_and(|root| !root.is_single()) {
            named.retry().request(began);
        }
        Self {
            root,
            named: Arc::clone(named),
            began,
            attempts: 0,
            hedges: 0,
            last: None,
            is_by_meaning,
            meaning: None,
        }
    }

    /// Whether some pool on the way chooses its targets by what is asked.
    pub(crate) fn is_by_meaning(&self) -> bool {
        self.is_by_meaning
    }

    /// Whether such a pool may yet have to be put in order.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.meaning.is_some()
    }

    /// Says what is asked. Where nobody does, pools that choose by it have their usual order.
    pub(crate) fn asks(&mut self, asked: Option<Box<str>>) {
        self.meaning = Some(Meaning { asked });
    }

    /// What is asked.
    pub(crate) fn asked(&self) -> Option<&str> {
        self.meaning.as_ref()?.asked.as_deref()
    }

    /// The pools that are to choose by what is asked, and of which the next candidate may be. One that
    /// stands in for somebody who is well is not among them.
    pub(crate) fn unsettled(&mut self) -> SmallVec<[Arc<Provider>; 1]> {
        let (now, mut found) = (Instant::now(), SmallVec::<[Arc<Provider>; 1]>::new());
        if let Some(root) = &mut self.root {
            root.each_by_meaning(now, &mut |provider, ordered| {
                if !ordered.is_settled && !found.iter().any(|other| Arc::ptr_eq(other, provider)) {
                    found.push(Arc::clone(provider));
                }
            });
        }
        found
    }

    /// The order in which this pool is to be asked.
    pub(crate) fn settle(&mut self, pool: &Arc<Provider>, order: &Order) {
        let Some(root) = &mut self.root else { return };
        root.each_by_meaning(Instant::now(), &mut |provider, ordered| {
            if Arc::ptr_eq(provider, pool) {
                *ordered = Ordered { places: Arc::clone(&order.places), is_settled: true };
            }
        });
    }

    /// How long there may be attempts, from now on.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let deadline = self.named.retry().rules.deadline?;
        Some(deadline.saturating_sub(self.began.elapsed()))
    }

    /// Of a request that only this provider can answer, with this one of its credentials. None where
    /// that is not among the candidates.
    pub(crate) fn bound(
        ask: &Ask<'_>,
        named: &Arc<Provider>,
        provider: &str,
        account: usize,
    ) -> Option<Self> {
        let mut course = Self::of(ask, named);
        let root = course.root.as_mut()?;
        root.each(&mut |leaf| leaf.bind(provider, account));
        course.is_by_meaning = false;
        root.is_there(Mode::Any { held: true }, course.began).then_some(course)
    }

    /// Why there is no candidate at all.
    pub(crate) fn refusal() -> GatewayError {
        let text = "every target of the provider is held back by an operator, or gone";
        GatewayError::new(Code::NoTarget, text).retry_after(HELD)
    }

    /// Whether there is but one candidate, so that nothing follows its failure.
    pub(crate) fn is_single(&self) -> bool {
        self.root.as_ref().is_none_or(Node::is_single)
    }

    /// The next candidate; never one that was tried. None where nobody is left, and for the first one
    /// where an operator holds all of them.
    pub(crate) fn next(&mut self) -> Option<Candidate> {
        // Where nothing was waited for, it is still then.
        let at_once = self.attempts == 0 && !self.is_by_meaning;
        let now = if at_once { self.began } else { Instant::now() };
        let single = self.is_single();
        // A provider that wants to be left alone is, unless there is nobody else at all.
        let any = Mode::Any { held: self.attempts == 0 };
        let root = self.root.as_mut()?;
        let first = if single { Mode::Any { held: true } } else { Mode::Well };
        let candidate = root.take(first, now).or_else(|| root.take(any, now))?;
        self.attempts += 1;
        if !single {
            // It may be there more than once.
            root.each(&mut |leaf| leaf.took(&candidate));
            self.last = Some(now);
        }
        Some(candidate)
    }

    /// After which time without content another attempt may begin beside the last one.
    pub(crate) fn hedge_after(&self) -> Option<Duration> {
        let Hedge { after, attempts } = self.named.retry().rules.hedge?;
        (!self.is_single() && self.hedges < attempts).then_some(after)
    }

    /// The candidate of an attempt beside the last one, where the number of attempts, the deadline, those
    /// who are left, and the budget allow one. The budget is then spent.
    pub(crate) fn hedge(&mut self) -> Option<Candidate> {
        let now = Instant::now();
        let Retry { attempts, deadline, .. } = self.named.retry().rules;
        let root = self.root.as_ref()?;
        if attempts.is_some_and(|most| self.attempts >= most)
            || deadline.is_some_and(|most| now.saturating_duration_since(self.began) >= most)
            || !root.is_there(Mode::Any { held: false }, now)
            || !self.named.retry().spend(now)
        {
            return None;
        }
        self.hedges += 1;
        self.next()
    }

    /// Whether another candidate may be asked where a limit of the gateway keeps one from being asked.
    pub(crate) fn goes_past_limits(&self) -> bool {
        self.named.retry().rules.past_limits
    }

    /// Whether another attempt may follow this failure of the last candidate: as its kind, the number
    /// of attempts, the deadline, the time that it took, those who are left, and the budget say. The
    /// budget is then spent.
    pub(crate) fn goes_on(&mut self, failure: &Failure) -> bool {
        let Some(taken) = self.last else { return false };
        let Some(root) = &mut self.root else { return false };
        let now = Instant::now();
        let Retry { attempts, deadline, within, .. } = self.named.retry().rules;
        if !self.named.retry().rules.follows(failure)
            || attempts.is_some_and(|most| self.attempts >= most)
            || deadline.is_some_and(|most| now.saturating_duration_since(self.began) >= most)
            || within.is_some_and(|most| now.saturating_duration_since(taken) > most)
        {
            return false;
        }
        if !failure.kind.is_of_credential() {
            root.each(&mut |leaf| {
                if leaf.is_last() {
                    leaf.spend();
                }
            });
        }
        if failure.kind == FailureKind::ContextLength {
            spend_smaller(root);
        }
        root.is_there(Mode::Any { held: false }, now) && self.named.retry().spend(now)
    }
}

/// What was too long for one model is too long for those with no larger context.
fn spend_smaller(root: &mut Node) {
    let mut own = None;
    root.each(&mut |leaf: &mut Leaf| {
        if leaf.is_last() {
            own = own.max(leaf.context_window());
        }
    });
    root.each(&mut |leaf: &mut Leaf| {
        if leaf.context_window().is_none_or(|window| Some(window) <= own) {
            leaf.spend();
        }
    });
}

#[cfg(test)]
mod tests;

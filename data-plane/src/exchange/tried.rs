use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::Tokens;
use crate::target::FailureKind;

/// Attempts of one exchange that are kept; more are counted.
const MOST: usize = 16;

/// An attempt at an answer.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    /// The id of the provider that was asked.
    pub(crate) provider: Arc<str>,
    /// The model as it calls it.
    pub(crate) model: Option<Rc<str>>,
    /// Which of its credentials was used.
    pub(crate) credential: usize,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The provider's status, or that of the answer that the gateway would have made of it; 0 where
    /// there was none.
    pub(crate) status: u16,
    /// When it began.
    pub(crate) began: Instant,
    /// Until the head of the answer came, connecting included.
    pub(crate) head: Option<Duration>,
    /// Until the first content.
    pub(crate) first_token: Option<Duration>,
    /// Until its end.
    pub(crate) total: Duration,
    /// What it cost, as far as anybody knows.
    pub(crate) tokens: Option<Tokens>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Not yet, or its caller left, or another one was quicker.
    Abandoned,
    /// With its answer.
    Succeeded,
    /// In this way.
    Failed(FailureKind),
}

impl Outcome {
    /// As logs call it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Succeeded => "ok",
            Self::Failed(kind) => kind.as_str(),
        }
    }
}

impl Tried {
    /// One that begins now.
    pub(crate) fn new(provider: &Arc<str>, credential: usize, now: Instant) -> Self {
        Self {
            provider: Arc::clone(provider),
            model: None,
            credential,
            outcome: Outcome::Abandoned,
            status: 0,
            began: now,
            head: None,
            first_token: None,
            total: Duration::ZERO,
            tokens: None,
        }
    }
}

/// The attempts of one exchange. Nearly all have one.
#[derive(Default)]
pub(crate) struct Tries {
    list: SmallVec<[Tried; 1]>,
    count: usize,
}

impl Tries {
    /// Takes one more, and says at which place it is.
    pub(super) fn push(&mut self, tried: Tried) -> usize {
        let at = self.count;
        self.count += 1;
        if at < MOST {
            self.list.push(tried);
        }
        at
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Tried> {
        self.list.get_mut(at)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many of them came to somebody: those that ended here were not put to anybody.
    pub(crate) fn made(&self) -> usize {
        let here = |tried: &&Tried| tried.outcome == Outcome::Failed(FailureKind::Local);
        self.count - self.list.iter().filter(here).count()
    }

    /// The first of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tried> {
        self.list.iter()
    }

    /// Whether there is more to tell than that one attempt brought the answer.
    pub(crate) fn is_eventful(&self) -> bool {
        self.count > 1 || self.list.iter().any(|tried| matches!(tried.outcome, Outcome::Failed(_)))
    }
}

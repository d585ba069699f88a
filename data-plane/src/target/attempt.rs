//! How an attempt goes, told to what is known of its target.

use std::sync::Arc;

use tokio::time::Instant;

use super::Candidate;
use super::breaker::BreakerRules;
use super::failure::Failure;
use super::state::State;

/// An attempt under way. Whoever drops it without a word has abandoned it: its caller left.
#[derive(Debug)]
pub(crate) struct Attempt {
    state: Arc<State>,
    rules: BreakerRules,
    began: Instant,
    answered: bool,
    over: bool,
}

impl Attempt {
    /// Begins.
    pub(crate) fn begin(candidate: &Candidate) -> Self {
        let (state, began) = (Arc::clone(&candidate.state), candidate.chosen);
        state.began(began);
        Self { state, rules: candidate.breaker, began, answered: false, over: false }
    }

    /// Content has come. Only the first time counts.
    pub(crate) fn first_token(&mut self, now: Instant) {
        if !self.answered {
            self.answered = true;
            self.state.answered(self.began, now);
        }
    }

    /// It came to its end.
    pub(crate) fn succeeded(&mut self, now: Instant) {
        self.first_token(now);
        self.over = true;
    }

    /// It failed, be it after content had come.
    pub(crate) fn failed(&mut self, failure: &Failure, now: Instant) {
        if !self.over {
            self.over = true;
            self.state.failed(failure, &self.rules, self.began, now);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.state.ended();
        if !self.over && !self.answered {
            self.state.abandoned(self.began, Instant::now());
        }
    }
}

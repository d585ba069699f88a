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
    pub(crate) fn begin(candidate: &Candidate, now: Instant) -> Self {
        let state = Arc::clone(&candidate.state);
        state.began(now);
        Self { state, rules: candidate.breaker, began: now, answered: false, over: false }
    }

    /// Content has come. Only the first time counts.
    pub(crate) fn first_token(&mut self, now: Instant) {
        if !self.answered {
            self.answered = true;
            self.state.answered(self.began, now);
        }
    }

    /// It came to its end.
    pub(crate) fn succeeded(&mut self) {
        self.first_token(Instant::now());
        self.over = true;
    }

    /// It failed, be it after content had come.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        if !self.over {
            self.over = true;
            self.state.failed(failure, &self.rules, self.began, Instant::now());
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

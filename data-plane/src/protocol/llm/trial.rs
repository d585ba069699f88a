//! An attempt under way, for all who want to know of it: what is known of its target, and the account
//! of its exchange.

use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use crate::exchange::{Account, Exchange, Outcome, Tokens, Tried};
use crate::target::{Attempt, Candidate, Failure};

/// An attempt. Dropped without a word it was abandoned: its caller left, or another one was quicker.
pub(crate) struct Trial {
    /// None once it is over, or goes on elsewhere.
    attempt: Option<Attempt>,
    account: Account,
    /// Its place among the attempts of the account.
    at: usize,
    began: Instant,
}

impl Trial {
    /// Begins. The account's provider and model are those of this attempt until another one begins.
    pub(crate) fn begin(exchange: &Exchange, candidate: &Candidate) -> Self {
        let began = candidate.chosen;
        let account = exchange.account.clone();
        let at = account.tries(Tried::new(&candidate.provider.id, candidate.account, began));
        account.set_provider(Arc::clone(&candidate.provider.id));
        Self { attempt: Some(Attempt::begin(candidate)), account, at, began }
    }

    /// When it began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Asks for this model.
    pub(crate) fn asks_for(&self, model: Option<&Rc<str>>) {
        if let Some(model) = model {
            self.account.set_model(Rc::clone(model));
            self.account.tried(self.at, |tried| tried.model = Some(Rc::clone(model)));
        }
    }

    /// The answer is this one's, whoever was asked meanwhile.
    fn won(&self) {
        if !self.account.is_last(self.at) {
            self.account.answered_by(self.at);
        }
    }

    /// The same attempt, held by whoever answers from now on; nothing more is told by this one.
    pub(crate) fn go_on(&mut self) -> Self {
        self.won();
        Self {
            attempt: self.attempt.take(),
            account: self.account.clone(),
            at: self.at,
            began: self.began,
        }
    }

    /// The head of the answer has come.
    pub(crate) fn head(&self, status: u16) {
        self.account.tried(self.at, |tried| {
            tried.status = status;
            tried.head.get_or_insert(tried.began.elapsed());
        });
    }

    /// Content has come; later calls say nothing.
    pub(crate) fn first_token(&mut self) {
        self.first_token_at(Instant::now());
    }

    fn first_token_at(&mut self, now: Instant) {
        if let Some(attempt) = &mut self.attempt {
            attempt.first_token(now);
        }
        self.account.first_token(now);
        self.account.tried(self.at, |tried| {
            tried.first_token.get_or_insert(now.saturating_duration_since(tried.began));
        });
    }

    /// What it cost.
    pub(crate) fn cost(&self, tokens: Tokens) {
        self.account.tried(self.at, |tried| tried.tokens = Some(tokens));
    }

    /// The answer came to its end.
    pub(crate) fn succeeded(&mut self) {
        let now = Instant::now();
        self.first_token_at(now);
        if let Some(mut attempt) = self.attempt.take() {
            self.won();
            attempt.succeeded(now);
            self.over(Outcome::Succeeded, now);
        }
    }

    /// It failed, be it after content had come. What it was before is not changed.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        if let Some(mut attempt) = self.attempt.take() {
            let now = Instant::now();
            attempt.failed(failure, now);
            self.account.tried(self.at, |tried| tried.status = failure.status);
            self.over(Outcome::Failed(failure.kind), now);
        }
    }

    fn over(&self, outcome: Outcome, now: Instant) {
        self.account.tried(self.at, |tried| {
            tried.outcome = outcome;
            tried.total = now.saturating_duration_since(tried.began);
        });
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if self.attempt.is_some() {
            self.over(Outcome::Abandoned, Instant::now());
        }
    }
}

//! Asks providers now and then whether they are well, where their documents want that.
//!
//! A probe belongs to the provider that it was built with and ends with it. All probes of a data plane
//! run on one thread of their own, beside the workers, and only so many at once.

mod rules;
mod run;

use std::sync::Arc;

pub(crate) use rules::{Outcome, ProbeRules, Verdict};
pub(crate) use run::run;

use super::summary::Summary;
use crate::error::GatewayError;
use crate::provider::Account;
use crate::upstream::{Call, Stage, UpstreamError, reach};
use crate::worker::Worker;

/// A provider that is probed.
#[derive(Debug)]
pub(crate) struct Probed {
    /// Its id.
    pub(crate) provider: Arc<str>,
    pub(crate) summary: Arc<Summary>,
    /// With whose credentials it is asked, one after the other.
    accounts: Arc<[Account]>,
    rules: ProbeRules,
}

impl Probed {
    /// Of a provider with these credentials.
    pub(crate) fn new(
        provider: Arc<str>,
        summary: Arc<Summary>,
        accounts: Arc<[Account]>,
        rules: ProbeRules,
    ) -> Self {
        Self { provider, summary, accounts, rules }
    }

    /// Asks once.
    async fn ask(&self, worker: &Worker, turn: usize) -> Outcome {
        let Some(account) = self.accounts.get(turn % self.accounts.len().max(1)) else {
            return Outcome::Nothing;
        };
        let rules = &self.rules;
        let sent = if rules.connects_only {
            reach(account.endpoint(), rules.timeout).await.map(|()| None)
        } else {
            match self.call(account, worker).await {
                Ok(call) => worker.upstream.fetch(call).await.map(|answer| Some(answer.status)),
                // No token, or no such address: the provider was not asked.
                Err(error) => return Outcome::Refused(error.to_string()),
            }
        };
        match sent {
            Ok(None) => Outcome::Good,
            Ok(Some(status)) => rules.outcome(status.as_u16()),
            Err(UpstreamError::Timeout(Stage::Head | Stage::Idle | Stage::Total)) => Outcome::Late,
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }

    async fn call<'a>(
        &'a self,
        account: &'a Account,
        worker: &Worker,
    ) -> Result<Call<'a>, GatewayError> {
        let rules = &self.rules;
        let mut call = account.probe(rules.method.clone(), rules.path.as_deref(), rules.timeout)?;
        for (name, value) in &rules.headers {
            call = call.default_header(name.clone(), value.clone());
        }
        if let Some(body) = &rules.body {
            call = call.bytes(body.clone());
        }
        account.authorize(worker, &mut call).await?;
        Ok(call)
    }
}

#[cfg(test)]
mod tests;

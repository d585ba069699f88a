//! From a provider's document to its targets and the rules of its attempts.

mod balancer;
mod rules;
mod selector;

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::resources;

pub(crate) use balancer::KIND;

use super::pool::Pool;
use super::retry::Retrying;
use super::{BreakerRules, ProbeRules, Registry};

/// What a document says of targets and attempts.
#[derive(Debug)]
pub(crate) struct Resilience {
    /// Of a balancer.
    pub(crate) pool: Option<Pool>,
    /// Of requests that name another.
    pub(crate) retry: Retrying,
    /// When failures take the provider out.
    pub(crate) breaker: BreakerRules,
    /// Why an operator keeps it from being asked.
    pub(crate) held: Option<Box<str>>,
    /// How it is probed.
    pub(crate) probe: Option<ProbeRules>,
}

impl Resilience {
    /// Compiles it; problems point into the document.
    pub(crate) fn build(
        document: &resources::Provider,
        registry: Option<&Registry>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let id: Arc<str> = document.id.text();
        let retry = rules::retry(&document.retry, problems);
        let breaker = rules::breaker(document, problems);
        let (pool, retry) = match balancer::config(document, retry.clone(), breaker, problems) {
            Some(config) => (Some(Pool::build(&id, config, registry)), Retrying::none()),
            None => (None, Retrying::new(&id, retry, registry)),
        };
        let held = document.hold.then(|| {
            let reason = document.hold_reason.as_deref().map_or("", str::trim);
            if reason.is_empty() { "held by an operator" } else { reason }.into()
        });
        let probe = document.probe.as_ref();
        let probe = probe.map(|probe| ProbeRules::build(probe, "/probe", problems));
        Self { pool, retry, breaker: breaker.unwrap_or_default(), held, probe }
    }
}

#[cfg(test)]
mod tests;

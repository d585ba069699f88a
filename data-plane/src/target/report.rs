//! What a data plane tells of its targets: to the control plane, and in its metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::report::{BreakerState, ProviderHealth, TargetHealth};
use tokio::time::Instant;

use super::state::{Health, Standing, State};
use super::{FailureKind, Registry};

/// The most providers that a report lists, and credentials and models of each.
const PROVIDERS: usize = 200;
const TARGETS: usize = 16;

/// The most providers that metrics tell of.
const METRICS: usize = 1_000;

/// How the providers are that are held, probed, or have failed.
pub(crate) fn report(registry: &Registry, now: Instant) -> Vec<ProviderHealth> {
    let all = registry.all();
    let providers = all.chunk_by(|a, b| a.common.provider == b.common.provider);
    providers.filter_map(|accounts| provider(accounts, now)).take(PROVIDERS).collect()
}

/// What metrics tell of a provider.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) provider: Arc<str>,
    pub(crate) attempts: u64,
    pub(crate) failures: Vec<(FailureKind, u64)>,
    /// Credentials and models whose breakers are not closed.
    pub(crate) open: usize,
    /// Those whose providers want them to be left alone.
    pub(crate) held: usize,
    /// All, where probes find the provider unwell.
    pub(crate) unwell: usize,
}

/// What metrics tell of the providers that were asked.
pub(crate) fn totals(registry: &Registry, now: Instant) -> Vec<Totals> {
    let all = registry.all();
    let providers = all.chunk_by(|a, b| a.common.provider == b.common.provider);
    let totals = providers.filter_map(|accounts| {
        let common = &accounts.first()?.common;
        let states: Vec<Arc<State>> = accounts.iter().flat_map(|one| one.states()).collect();
        let count = |is: &dyn Fn(&State) -> bool| states.iter().filter(|state| is(state)).count();
        Some(Totals {
            provider: Arc::clone(&common.provider),
            attempts: common.summary.attempts(),
            failures: common.summary.failures().collect(),
            open: count(&|state| state.phase(now) != Standing::Closed),
            held: count(&|state| state.common.held(now).is_some()),
            unwell: if common.summary.is_unwell() { states.len().max(1) } else { 0 },
        })
    });
    totals.filter(|one| one.attempts > 0 || one.unwell > 0).take(METRICS).collect()
}

/// One provider; none where there is nothing to tell.
fn provider(accounts: &[Arc<Health>], now: Instant) -> Option<ProviderHealth> {
    let common = &accounts.first()?.common;
    let summary = &common.summary;
    let failures: BTreeMap<String, u64> = summary
        .failures()
        .filter(|(kind, count)| *count > 0 && *kind != FailureKind::Local)
        .map(|(kind, count)| (kind.as_str().to_owned(), count))
        .collect();
    let (held, unwell) = (summary.held(), summary.unwell());
    if held.is_none() && !summary.is_probed() && failures.is_empty() {
        return None;
    }
    let mut targets: Vec<TargetHealth> = accounts
        .iter()
        .flat_map(|health| health.states().into_iter().map(move |state| (health, state)))
        .map(|(health, state)| target(health, &state, now))
        .collect();
    // Should there be too many, those that are out are told.
    targets.sort_by(|a, b| {
        let out = |target: &TargetHealth| (target.out_for.is_none(), target.failures == 0);
        let name = |target: &TargetHealth| (target.credential, target.model.clone());
        out(a).cmp(&out(b)).then_with(|| name(a).cmp(&name(b)))
    });
    targets.truncate(TARGETS);
    Some(ProviderHealth {
        id: common.provider.to_string(),
        held: held.map(|reason| reason.to_string()),
        probed: summary.is_probed(),
        unwell: unwell.map(|reason| reason.to_string()),
        attempts: summary.attempts(),
        failures,
        targets,
    })
}

fn target(health: &Health, state: &State, now: Instant) -> TargetHealth {
    let held = health.common.held(now);
    let standing = state.phase(now);
    let open = match standing {
        Standing::Open(left) => Some(left),
        Standing::Closed | Standing::HalfOpen => None,
    };
    let last = state.last_failure().map(|(kind, status)| format!("{} ({status})", kind.as_str()));
    let reason = match held {
        Some((left, kind)) if open.is_none_or(|open| open < left) => {
            Some(format!("the provider wants to be left alone: {}", kind.as_str()))
        }
        _ => last,
    };
    let out = held.map(|(left, _)| left).max(open);
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    TargetHealth {
        credential: u32::try_from(health.number()).unwrap_or(u32::MAX),
        model: state.model.to_string(),
        breaker: match standing {
            Standing::Closed => BreakerState::Closed,
            Standing::Open(_) => BreakerState::Open,
            Standing::HalfOpen => BreakerState::HalfOpen,
        },
        out_for: out.map(millis),
        reason,
        failures_in_a_row: state.in_a_row(),
        failures: state.failures(),
        in_flight: state.in_flight(),
        latency: state
            .latency(now)
            .map(|latency| millis(Duration::from_secs_f64(latency / 1_000.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BreakerRules, Failure};
    use super::*;

    #[test]
    fn only_what_is_not_as_usual_is_told() {
        let registry = Registry::default();
        let ids: Vec<Arc<str>> = ["a", "b", "c"].map(Arc::from).to_vec();
        let health: Vec<_> = ids.iter().map(|id| registry.health(id, &[1, 2])).collect();
        let now = Instant::now();
        let fine = health[0][0].state("m");
        fine.began(now);
        fine.answered(now, now);
        fine.failed(&Failure::new(FailureKind::Local, 500), &BreakerRules::default(), now, now);
        health[1][0].common.summary.configure(Some("moving"), false);
        let failing = health[2][1].state("m");
        failing.began(now);
        let rules = BreakerRules { consecutive_failures: 1, ..BreakerRules::default() };
        failing.failed(&Failure::of_status(503), &rules, now, now);
        let limited = Failure::of_status(429).after(Some(Duration::from_mins(1)));
        health[2][0].state("n").failed(&limited, &BreakerRules::default(), now, now);
        health[2][1].state("well");

        let told = report(&registry, now);
        assert_eq!(told.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(told[0].held.as_deref(), Some("moving"));
        let failures: Vec<(&str, u64)> =
            told[1].failures.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(failures, [("overloaded", 1), ("rate_limited", 1)]);
        let targets: Vec<String> = told[1]
            .targets
            .iter()
            .map(|one| {
                let TargetHealth { credential, model, breaker, out_for, reason, .. } = one;
                let reason = reason.as_deref().unwrap_or("fine");
                format!("{credential} {model} {breaker:?} {out_for:?} {reason}")
            })
            .collect();
        assert_eq!(
            targets,
            [
                "0 n Closed Some(60000) the provider wants to be left alone: rate_limited",
                "1 m Open Some(30000) overloaded (503)",
                "1 well Closed None fine",
            ]
        );
    }
}

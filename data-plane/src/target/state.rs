//! What is known of targets: of a credential, and of each model that is asked with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::breaker::{Breaker, BreakerRules, Phase};
use super::failure::{Failure, FailureKind};
use super::latency::Latency;
use super::summary::Summary;

/// Models of one credential that are told apart. Callers choose the names, so there is an end.
const MODELS: usize = 64;

/// What nobody asked for that long may make room for others.
const UNUSED: u64 = 600_000;

/// How long a credential is left alone when its provider says no word about it.
const RATE_LIMITED: Duration = Duration::from_secs(5);
const OUT_OF_MONEY: Duration = Duration::from_mins(1);

/// The longest that a provider may keep a credential from being used.
const LONGEST: Duration = Duration::from_hours(1);

/// What all models of a credential have in common.
#[derive(Debug)]
pub(crate) struct Common {
    /// The provider's id.
    pub(crate) provider: Arc<str>,
    /// What is known of the provider as a whole.
    pub(crate) summary: Arc<Summary>,
    epoch: Instant,
    /// Until when the provider does not want to see the credential.
    held_until: AtomicU64,
    /// Why: a kind's place, plus one.
    held_for: AtomicU8,
}

impl Common {
    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// For how long yet, and why, the credential may not be used.
    pub(crate) fn held(&self, now: Instant) -> Option<(Duration, FailureKind)> {
        let until = self.held_until.load(Ordering::Acquire);
        let rest = until.checked_sub(self.millis(now)).filter(|rest| *rest > 0)?;
        let kind = usize::from(self.held_for.load(Ordering::Relaxed)).checked_sub(1)?;
        Some((Duration::from_millis(rest), *FailureKind::ALL.get(kind)?))
    }

    fn hold(&self, kind: FailureKind, time: Duration, now: u64) {
        let time = u64::try_from(time.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
        let kind = u8::try_from(kind.index() + 1).unwrap_or_default();
        self.held_for.store(kind, Ordering::Relaxed);
        self.held_until.fetch_max(now.saturating_add(time), Ordering::AcqRel);
    }
}

/// What is known of a credential of a provider.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) common: Arc<Common>,
    /// Its place among the provider's credentials.
    number: AtomicUsize,
    models: ArcSwap<Vec<Arc<State>>>,
    /// Of the models for which there is no more room.
    others: Arc<State>,
}

impl Health {
    /// Of one of which nothing is known.
    pub(crate) fn new(provider: Arc<str>, summary: Arc<Summary>) -> Arc<Self> {
        let common = Arc::new(Common {
            provider,
            summary,
            epoch: Instant::now(),
            held_until: AtomicU64::new(0),
            held_for: AtomicU8::new(0),
        });
        let others = Arc::new(State::new(&common, "*"));
        let number = AtomicUsize::new(0);
        Arc::new(Self { common, number, models: ArcSwap::default(), others })
    }

    /// Its place among the provider's credentials.
    pub(crate) fn number(&self) -> usize {
        self.number.load(Ordering::Relaxed)
    }

    /// Gives it its place.
    pub(super) fn set_number(&self, number: usize) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// What is known of a model.
    pub(crate) fn state(&self, model: &str) -> Arc<State> {
        let find = |models: &[Arc<State>]| models.iter().find(|s| &*s.model == model).cloned();
        if let Some(state) = find(&self.models.load()) {
            return state;
        }
        let now = self.common.millis(Instant::now());
        let new = Arc::new(State::new(&self.common, model));
        self.models.rcu(|models| {
            let mut models = Vec::clone(models);
            if find(&models).is_none() {
                if models.len() >= MODELS {
                    models.retain(|state| !state.is_forgettable(now));
                }
                if models.len() < MODELS {
                    models.push(Arc::clone(&new));
                }
            }
            models
        });
        find(&self.models.load()).unwrap_or_else(|| Arc::clone(&self.others))
    }

    /// Everything that is known, by model.
    pub(crate) fn states(&self) -> Vec<Arc<State>> {
        let mut states = Vec::clone(&self.models.load());
        if self.others.used.load(Ordering::Relaxed) > 0 {
            states.push(Arc::clone(&self.others));
        }
        states
    }
}

/// What is known of a model of a credential of a provider.
#[derive(Debug)]
pub(crate) struct State {
    /// The model as the provider calls it; `*` stands for those for which there is no more room.
    pub(crate) model: Box<str>,
    pub(crate) common: Arc<Common>,
    breaker: Breaker,
    latency: Latency,
    in_flight: AtomicU32,
    /// When it was last asked, plus one.
    used: AtomicU64,
    failures: AtomicU64,
    /// The kind of the last failure: its place, plus one.
    last_failure: AtomicU8,
    last_status: AtomicU32,
}

impl State {
    fn new(common: &Arc<Common>, model: &str) -> Self {
        Self {
            model: model.into(),
            common: Arc::clone(common),
            breaker: Breaker::default(),
            latency: Latency::default(),
            in_flight: AtomicU32::new(0),
            used: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_failure: AtomicU8::new(0),
            last_status: AtomicU32::new(0),
        }
    }

    /// Whether an attempt could be made: see [`State::admit`].
    pub(crate) fn would_admit(&self, now: Instant) -> bool {
        self.breaker.would_admit(self.common.millis(now))
    }

    /// Whether the breaker lets an attempt be made; of an open one, this is the one trial.
    pub(crate) fn admit(&self, now: Instant) -> bool {
        self.breaker.admit(self.common.millis(now))
    }

    /// Attempts under way.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Milliseconds to the first content, of late.
    pub(crate) fn latency(&self, now: Instant) -> Option<f64> {
        self.latency.millis(self.common.millis(now))
    }

    /// How the breaker stands, with the time that is left.
    pub(crate) fn phase(&self, now: Instant) -> Standing {
        let left =
            |until: u64| Duration::from_millis(until.saturating_sub(self.common.millis(now)));
        match self.breaker.phase() {
            Phase::Closed => Standing::Closed,
            Phase::Open { until } => Standing::Open(left(until)),
            Phase::HalfOpen { .. } => Standing::HalfOpen,
        }
    }

    /// Failures in a row.
    pub(crate) fn in_a_row(&self) -> u64 {
        self.breaker.in_a_row()
    }

    /// All failures.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The last failure: its kind and status.
    pub(crate) fn last_failure(&self) -> Option<(FailureKind, u16)> {
        let kind = usize::from(self.last_failure.load(Ordering::Relaxed)).checked_sub(1)?;
        let status = u16::try_from(self.last_status.load(Ordering::Relaxed)).unwrap_or_default();
        Some((*FailureKind::ALL.get(kind)?, status))
    }

    pub(crate) fn began(&self, now: Instant) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.used.store(self.common.millis(now) + 1, Ordering::Relaxed);
        self.common.summary.attempted();
    }

    pub(super) fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Content has come, so long after the attempt began.
    pub(super) fn answered(&self, began: Instant, now: Instant) {
        let (began, now) = (self.common.millis(began), self.common.millis(now));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one answer")]
        self.latency.observe(now.saturating_sub(began) as f64, now);
        self.breaker.succeeded(began, now);
    }

    /// The attempt has failed.
    pub(crate) fn failed(
        &self,
        failure: &Failure,
        rules: &BreakerRules,
        began: Instant,
        now: Instant,
    ) {
        let (began, now) = (self.common.millis(began), self.common.millis(now));
        self.common.summary.failed(failure.kind);
        if !failure.kind.is_of_target() {
            // A request that is refused for its own sake was answered; what went wrong here says
            // nothing.
            match failure.kind {
                FailureKind::Local => self.breaker.abandoned(began, now),
                _ => self.breaker.succeeded(began, now),
            }
            return;
        }
        self.failures.fetch_add(1, Ordering::Relaxed);
        let kind = u8::try_from(failure.kind.index() + 1).unwrap_or_default();
        self.last_failure.store(kind, Ordering::Relaxed);
        self.last_status.store(failure.status.into(), Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one answer")]
        self.latency.punish(now.saturating_sub(began) as f64, now);
        let hold = match failure.kind {
            FailureKind::RateLimited => failure.retry_after.or(Some(RATE_LIMITED)),
            FailureKind::Quota => failure.retry_after.or(Some(OUT_OF_MONEY)),
            _ => failure.retry_after,
        };
        if let Some(time) = hold {
            self.common.hold(failure.kind, time, now);
        }
        self.breaker.failed(began, now, rules);
    }

    /// Nobody wanted the answer any more.
    pub(super) fn abandoned(&self, began: Instant, now: Instant) {
        self.breaker.abandoned(self.common.millis(began), self.common.millis(now));
    }

    /// Whether nothing is lost with it.
    fn is_forgettable(&self, now: u64) -> bool {
        self.in_flight() == 0
            && self.breaker.phase() == Phase::Closed
            && now.saturating_sub(self.used.load(Ordering::Relaxed)) > UNUSED
    }
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Attempts are made.
    Closed,
    /// None are made for so long.
    Open(Duration),
    /// A trial is under way.
    HalfOpen,
}

#[cfg(test)]
mod tests;

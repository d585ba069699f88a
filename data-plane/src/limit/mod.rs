//! Limits: how much a key, a route, a caller or anything else may use, of requests, tokens and places.
//!
//! Plugins and keys say what limits a request, as [`Claims`]; nothing is counted by that. Once, right
//! before the first attempt, [`reserve`] takes from all of them or from none: local ones with atomics,
//! shared ones with one question to the store that data planes have in common. What a request uses of
//! tokens is known when it ends: until then its guess counts (its input by size, its output by its bound
//! or by what others used), and is corrected when its account is dropped, however it ended.
//!
//! # What holds
//!
//! Requests and places are exact: of any number of callers that race for a limit of *n*, *n* pass,
//! whatever workers and data planes they come to. (Where a request has several local limits, and one of
//! them refuses, what it took of the others is given back a moment later; who comes in that moment may
//! be refused though there is room, never the other way round.)
//!
//! Of tokens, at any time, `used + guessed ≤ limit`, but for one request: where no guess is open and
//! something is left, the next one passes whatever it may use, for otherwise a request that may use more
//! than the limit never would. So what is used exceeds a limit by
//!
//! - what that one request uses beyond what was left, and
//! - the sum, over the requests under way, of what each uses beyond its guess: nothing, where its output
//!   is bounded and its input was guessed right.
//!
//! What was used too much is not forgiven: it counts against the rest of the window, or refills first.
//!
//! While the shared store is away each rule does what it says for that; the path of a request waits 50 ms
//! for it at most, and only one request in a second does, until it is back.

mod calendar;
mod claims;
mod cost;
mod counter;
pub(crate) mod headers;
mod identity;
mod quotas;
mod recent;
mod refusal;
mod reservation;
mod reserve;
mod rule;
mod shared;
mod subject;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom as _, SystemRandom};
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::CounterStore;
use sanmon_shared::task::Tasks;
use tokio::time::Instant;

pub(crate) use claims::Claim;
pub use claims::Claims;
pub(crate) use cost::Cost;
pub(crate) use identity::rule_id;
pub(crate) use quotas::KeyQuota;
pub use quotas::{Quotas, quotas};
pub(crate) use recent::Recent;
pub(crate) use reservation::{Reservation, Used};
pub(crate) use reserve::{Size, reserve};
pub(crate) use rule::{Guess, Measure, Place, Providers, Rule, WhenUnavailable};
pub(crate) use subject::{Part, Subject};

use self::counter::Now;
use self::shared::Shared;
use self::table::Table;
use crate::telemetry::Metrics;

/// Counts for all workers of a data plane. What it knows is no configuration: it survives every swap.
pub(crate) struct Limiter {
    table: Table,
    /// What data planes count together; none where each counts on its own.
    shared: Option<Shared>,
    began: Instant,
    clock: Clock,
    metrics: Arc<Metrics>,
    /// Random: the first half of the leases that it takes.
    instance: u64,
    leases: AtomicU64,
}

impl Limiter {
    /// One that counts on its own.
    pub(crate) fn new(clock: Clock, metrics: &Arc<Metrics>) -> Self {
        let mut instance = [0; 8];
        if SystemRandom::new().fill(&mut instance).is_err() {
            tracing::warn!("the operating system gives no randomness: leases may be mixed up");
        }
        Self {
            table: Table::default(),
            shared: None,
            began: Instant::now(),
            clock,
            metrics: Arc::clone(metrics),
            instance: u64::from_ne_bytes(instance),
            leases: AtomicU64::new(0),
        }
    }

    /// One that counts together with others.
    pub(crate) fn sharing(
        clock: Clock,
        metrics: &Arc<Metrics>,
        store: Arc<dyn CounterStore>,
        tasks: &Tasks,
    ) -> Self {
        let shared = Shared::start(store, Arc::clone(metrics), tasks);
        Self { shared: Some(shared), ..Self::new(clock, metrics) }
    }

    fn now(&self) -> Now {
        self.now_at(self.clock.millis())
    }

    /// The same where the time of day is known, in milliseconds since 1970.
    fn now_at(&self, millis: i64) -> Now {
        Now {
            nanos: u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            wall: millis.saturating_mul(1_000_000),
        }
    }

    /// A lease that nobody else has.
    fn lease(&self) -> u128 {
        let count = self.leases.fetch_add(1, Ordering::Relaxed);
        u128::from(self.instance) << 64 | u128::from(count)
    }

    /// The store that counts by this rule, if one does.
    fn shared_by(&self, rule: &Rule) -> Option<(&Shared, WhenUnavailable)> {
        match (rule.place, &self.shared) {
            (Place::Shared(away), Some(shared)) => Some((shared, away)),
            (Place::Local, _) | (Place::Shared(_), None) => None,
        }
    }
}

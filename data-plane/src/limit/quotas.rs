//! The quotas of API keys: by which rules they are counted, and how far they are used, for those who ask
//! from outside the path of a request.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::{Counted, CounterStore, Quota, Span, Take};
use sanmon_shared::quotas::{KeyCounters, KeyUsage, Period, Used};
use sanmon_shared::resources;
use sanmon_shared::store::StoreError;

use super::subject::{BETWEEN, shorten};
use super::{Limiter, Measure, Part, Rule, Subject, rule};
use crate::snapshot::Snapshot;

/// The most keys that a report lists.
const REPORTED: usize = 500;

/// Begins the names of all counters of keys.
const OWNER: &str = "apikey/";

/// More than any counter holds, and exact wherever it is counted.
const UNBOUNDED: u64 = 1 << 53;

/// A quota of keys.
pub(crate) struct KeyQuota {
    pub(crate) period: Period,
    pub(crate) quota: Quota,
    pub(crate) rule: Arc<Rule>,
}

impl KeyQuota {
    /// Limits the calls of a key. The counter is its own, whatever its quota is and whoever has the same.
    pub(crate) fn new((period, quota): (Period, Quota)) -> Self {
        let rule = Rule::new(rule_id(period), Measure::Requests, Subject::of([Part::Key]));
        Self { period, quota, rule: Arc::new(rule) }
    }
}

const fn rule_id(period: Period) -> &'static str {
    match period {
        Period::Window => "apikey/throttling",
        Period::Day => "apikey/day",
        Period::Month => "apikey/month",
    }
}

/// The counter of a key for a period, as [`reserve`](super::reserve) names it.
fn counter(period: Period, quota: Quota, key: &str) -> String {
    let mut name = format!("{}{BETWEEN}{}{BETWEEN}", rule_id(period), rule::tag(quota));
    let from = name.len();
    name.push_str(key);
    shorten(&mut name, from);
    name
}

/// The counters of keys, for the control plane of the same process.
pub struct Quotas {
    counters: Counters,
    clock: Clock,
}

enum Counters {
    /// Those that data planes have in common.
    Common(Arc<dyn CounterStore>),
    /// Those of the data plane of this process, once it has started.
    Own(OnceLock<Arc<Limiter>>),
}

/// The counters of keys: those in `common`, or of the data plane that is started with them.
pub fn quotas(common: Option<Arc<dyn CounterStore>>, clock: Clock) -> Quotas {
    let own = || Counters::Own(OnceLock::new());
    Quotas { counters: common.map_or_else(own, Counters::Common), clock }
}

impl Quotas {
    /// These are the counters of a data plane that counts on its own.
    pub(crate) fn are_of(&self, limiter: &Arc<Limiter>) {
        if let Counters::Own(own) = &self.counters {
            // There is one data plane in a process.
            let _ = own.set(Arc::clone(limiter));
        }
    }
}

#[async_trait]
impl KeyCounters for Quotas {
    fn in_common(&self) -> bool {
        matches!(self.counters, Counters::Common(_))
    }

    async fn used(&self, key: &resources::Apikey) -> Result<Vec<Used>, StoreError> {
        let (quotas, now) = (key.quotas(), self.clock.now());
        let id = key.client_id.as_str();
        match &self.counters {
            Counters::Common(store) => {
                let takes: Vec<Take> = quotas
                    .iter()
                    .map(|(period, quota)| Take {
                        key: counter(*period, *quota, id).into(),
                        quota: unbounded(*quota),
                        amount: 0,
                        estimated: false,
                        lease: 0,
                    })
                    .collect();
                let taken = store.take(&takes).await?;
                let stand = quotas.iter().zip(taken.counted);
                Ok(stand
                    .filter_map(|((period, quota), of)| used(*period, *quota, of, now))
                    .collect())
            }
            Counters::Own(own) => {
                let limiter = own.get().ok_or_else(not_yet)?;
                Ok(quotas
                    .iter()
                    .filter_map(|(period, quota)| limiter.used(*period, *quota, id, now))
                    .collect())
            }
        }
    }

    async fn reset(&self, key: &resources::Apikey) -> Result<(), StoreError> {
        let id = key.client_id.as_str();
        match &self.counters {
            Counters::Common(store) => {
                let quotas = key.quotas().into_iter();
                let names: Vec<Arc<str>> =
                    quotas.map(|(period, quota)| counter(period, quota, id).into()).collect();
                store.reset(&names).await
            }
            Counters::Own(own) => {
                own.get().ok_or_else(not_yet)?.reset(id, &key.quotas());
                Ok(())
            }
        }
    }
}

fn not_yet() -> StoreError {
    StoreError::Unavailable("the data plane has not started yet".to_owned())
}

/// The same quota, as large as it may be, where its size does not matter for what was used.
fn unbounded(quota: Quota) -> Quota {
    match quota.span {
        Span::Rolling { .. } => quota,
        Span::Window(_) | Span::Day | Span::Month | Span::Concurrent => {
            Quota { limit: UNBOUNDED, ..quota }
        }
    }
}

/// What of an [`unbounded`] quota was used; none where nothing was.
fn used(period: Period, quota: Quota, counted: Counted, now: Timestamp) -> Option<Used> {
    let calls = unbounded(quota).most().saturating_sub(counted.remaining);
    let until = SignedDuration::try_from(counted.reset).unwrap_or(SignedDuration::MAX);
    let until = now.checked_add(until).unwrap_or(Timestamp::MAX);
    (calls > 0).then_some(Used { period, calls, until })
}

impl Limiter {
    /// What was used here of a quota of a key.
    fn used(&self, period: Period, quota: Quota, key: &str, now: Timestamp) -> Option<Used> {
        let entry = self.table.find(&counter(period, quota, key))?;
        let counted = entry.counter.look(unbounded(quota), self.now())?;
        used(period, quota, counted, now)
    }

    /// The quotas of a key are whole again, as far as they are counted here.
    pub(crate) fn reset(&self, key: &str, quotas: &[(Period, Quota)]) {
        for (period, quota) in quotas {
            self.table.forget(&counter(*period, *quota, key));
        }
    }

    /// What was used here of the quotas of keys, of those that were used last first. Looks at every
    /// counter; an id that is too long for the name of one is not found again.
    pub(crate) fn usage(&self, snapshot: &Snapshot) -> Vec<KeyUsage> {
        let mut last: HashMap<Box<str>, Duration> = HashMap::new();
        for (name, seen) in self.table.all() {
            let Some(key) =
                name.strip_prefix(OWNER).and_then(|name| name.splitn(3, BETWEEN).nth(2))
            else {
                continue;
            };
            let last = last.entry(key.into()).or_default();
            *last = seen.max(*last);
        }
        let mut last: Vec<_> = last.into_iter().collect();
        last.sort_by(|(a, seen), (b, before)| before.cmp(seen).then_with(|| a.cmp(b)));
        let now = self.clock.now();
        let usage = last.into_iter().filter_map(|(id, _)| {
            let key = snapshot.apikey(&id)?;
            let used: Vec<Used> =
                key.quotas().filter_map(|of| self.used(of.period, of.quota, &id, now)).collect();
            (!used.is_empty()).then(|| KeyUsage { id: key.id.text(), used })
        });
        usage.take(REPORTED).collect()
    }

    /// Whether only this data plane knows what was used of quotas.
    pub(crate) fn counts_alone(&self) -> bool {
        self.shared.is_none()
    }
}

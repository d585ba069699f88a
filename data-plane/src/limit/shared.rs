//! The counters that all data planes have in common, as the path of a request meets them: one question,
//! an answer in bounded time, and nothing to wait for afterwards.
//!
//! Settlements go through a bounded queue, many at a time, and are sent once. One that is lost leaves
//! its guess in place: where that was too large the limit is stricter until its window ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sanmon_shared::counters::{CounterStore, LEASE, Lease, Settlement, Take, Taken};
use sanmon_shared::store::StoreError;
use sanmon_shared::task::Tasks;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::telemetry::Metrics;

/// The longest that a request waits for the store.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// After a failure the store is left alone for so long; then one request tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the store may take for what nobody waits for.
const SETTLING: Duration = Duration::from_secs(5);

/// Settlements that wait for the store.
const WAITING: usize = 65_536;

/// Settlements, and leases, that are sent at once.
const AT_ONCE: usize = 256;

/// The store that data planes share.
pub(super) struct Shared {
    store: Arc<dyn CounterStore>,
    settlements: mpsc::Sender<Settlement>,
    leases: Arc<Leases>,
    metrics: Arc<Metrics>,
    began: Instant,
    /// Whether it answered when it was asked last.
    up: AtomicBool,
    /// Until when it is left alone, in milliseconds since `began`.
    paused: AtomicU64,
}

/// That the store did not answer in time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Away;

/// What this data plane holds of counters of requests at once; renewed until it is given back.
#[derive(Default)]
struct Leases(Mutex<HashMap<u128, Arc<str>>>);

impl Leases {
    /// Held for a moment, and only by requests with such a limit.
    fn held(&self) -> MutexGuard<'_, HashMap<u128, Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Lease> {
        let held = self.held();
        held.iter().map(|(lease, key)| Lease { key: Arc::clone(key), lease: *lease }).collect()
    }
}

impl Shared {
    pub(super) fn start(
        store: Arc<dyn CounterStore>,
        metrics: Arc<Metrics>,
        tasks: &Tasks,
    ) -> Self {
        let (settlements, queue) = mpsc::channel(WAITING);
        let leases = Arc::<Leases>::default();
        let settler = Settler {
            store: Arc::clone(&store),
            queue,
            leases: Arc::clone(&leases),
            metrics: Arc::clone(&metrics),
        };
        metrics.limits.store_up.store(true, Ordering::Relaxed);
        tasks.spawn(settler.run(tasks.clone()));
        Self {
            store,
            settlements,
            leases,
            metrics,
            began: Instant::now(),
            up: AtomicBool::new(true),
            paused: AtomicU64::new(0),
        }
    }

    /// Takes from all counters, or from none.
    pub(super) async fn take(&self, takes: &[Take]) -> Result<Taken, Away> {
        if !self.may_ask() {
            return Err(Away);
        }
        let asked = timeout(PATIENCE, self.store.take(takes)).await;
        match asked {
            Ok(Ok(taken)) => {
                self.answered();
                Ok(taken)
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => {
                let late = format!("it did not answer within {} ms", PATIENCE.as_millis());
                Err(self.failed(&StoreError::Unavailable(late)))
            }
        }
    }

    /// Corrects what was taken, some time later.
    pub(super) fn settle(&self, settlement: Settlement) {
        if self.settlements.try_send(settlement).is_err() {
            self.metrics.limits.settlements_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something is held from now on.
    pub(super) fn hold(&self, key: &Arc<str>, lease: u128) {
        self.leases.held().insert(lease, Arc::clone(key));
    }

    /// It is not any more; where the store is not told, the lease runs out.
    pub(super) fn release(&self, settlement: Settlement) {
        self.leases.held().remove(&settlement.lease);
        self.settle(settlement);
    }

    /// While the store is away, one request at a time looks whether it is back.
    fn may_ask(&self) -> bool {
        if self.up.load(Ordering::Relaxed) {
            return true;
        }
        let now = self.now();
        let until = self.paused.load(Ordering::Relaxed);
        now >= until
            && self
                .paused
                .compare_exchange(until, now + millis(PAUSE), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    fn answered(&self) {
        if !self.up.load(Ordering::Relaxed) && !self.up.swap(true, Ordering::Relaxed) {
            self.metrics.limits.store_up.store(true, Ordering::Relaxed);
            tracing::info!("the store of limits answers again");
        }
    }

    fn failed(&self, error: &StoreError) -> Away {
        self.metrics.limits.store_failures.fetch_add(1, Ordering::Relaxed);
        self.paused.store(self.now() + millis(PAUSE), Ordering::Relaxed);
        if self.up.swap(false, Ordering::Relaxed) {
            self.metrics.limits.store_up.store(false, Ordering::Relaxed);
            tracing::warn!(%error, "the store of limits is away: each rule does what it says for that");
        }
        Away
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Sends settlements, and renews leases.
struct Settler {
    store: Arc<dyn CounterStore>,
    queue: mpsc::Receiver<Settlement>,
    leases: Arc<Leases>,
    metrics: Arc<Metrics>,
}

impl Settler {
    async fn run(mut self, stop: Tasks) {
        let mut renewal = interval(LEASE / 3);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(AT_ONCE);
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut batch, AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    self.send(&mut batch).await;
                }
                _ = renewal.tick() => self.renew().await,
                () = stop.stopping() => break,
            }
        }
        while let Ok(settlement) = self.queue.try_recv() {
            batch.push(settlement);
            if batch.len() == AT_ONCE {
                self.send(&mut batch).await;
            }
        }
        self.send(&mut batch).await;
    }

    async fn send(&self, batch: &mut Vec<Settlement>) {
        if batch.is_empty() {
            return;
        }
        let settled = timeout(SETTLING, self.store.settle(batch)).await;
        if !matches!(settled, Ok(Ok(()))) {
            let count = batch.len();
            let lost = u64::try_from(count).unwrap_or(u64::MAX);
            self.metrics.limits.settlements_dropped.fetch_add(lost, Ordering::Relaxed);
            tracing::debug!(count, "settlements of limits are lost");
        }
        batch.clear();
    }

    /// Asks the store also where there is nothing to renew: who asks first would have to connect.
    async fn renew(&self) {
        let leases = self.leases.all();
        let none: &[Lease] = &[];
        let first = leases.is_empty().then_some(none);
        for leases in first.into_iter().chain(leases.chunks(AT_ONCE)) {
            let renewed = timeout(SETTLING, self.store.renew(leases)).await;
            if !matches!(renewed, Ok(Ok(()))) {
                tracing::debug!("leases of limits are not renewed");
            }
        }
    }
}

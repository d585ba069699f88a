use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sanmon_shared::clock::Clock;
use sanmon_shared::proxies::TrustedProxies;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::limit::Limiter;
use crate::limits::Limits;
use crate::protocol::llm::Memory;
use crate::protocol::responses::Answers;
use crate::snapshot::Live;
use crate::target::Registry;
use crate::telemetry::{LogQueue, Metrics};

/// What all workers of a data plane look at.
pub(crate) struct Shared {
    /// The configuration.
    pub(crate) live: Arc<Live>,
    /// What callers and upstreams may cost.
    pub(crate) limits: Limits,
    /// Whose word counts about callers.
    pub(crate) proxies: TrustedProxies,
    /// The time of day.
    pub(crate) clock: Clock,
    /// Answers that callers may come back to.
    pub(crate) answers: Arc<Answers>,
    /// Reasoning that callers cannot carry.
    pub(crate) memory: Memory,
    /// What is known of targets.
    pub(crate) targets: Arc<Registry>,
    /// What callers have used of their limits.
    pub(crate) limiter: Arc<Limiter>,
    /// What all workers count.
    pub(crate) metrics: Arc<Metrics>,
    /// Where lines of the access log go; none where it is off.
    pub(crate) log: Option<LogQueue>,
    /// Requests and streams under way.
    in_flight: AtomicUsize,
    draining: AtomicBool,
    /// Told when nothing is under way any more while draining.
    idle: Notify,
    cut: CancellationToken,
}

/// A place among the requests that may be under way; given back when dropped.
pub(crate) struct Permit(Arc<Shared>);

impl Shared {
    pub(crate) fn new(
        live: Arc<Live>,
        limits: Limits,
        proxies: TrustedProxies,
        clock: Clock,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        Self {
            limiter: Arc::new(Limiter::new(clock.clone(), &metrics)),
            live,
            limits,
            proxies,
            clock,
            answers: Arc::default(),
            memory: Memory::default(),
            targets: Arc::default(),
            metrics,
            log: None,
            in_flight: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            idle: Notify::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Takes a place, and says whether there was one.
    pub(crate) fn enter(self: &Arc<Self>) -> (Permit, bool) {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (Permit(Arc::clone(self)), before < self.limits.concurrency)
    }

    /// Requests and streams under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// From now on every answer asks its client to connect elsewhere.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Ends when nothing is under way, which is only watched while draining.
    pub(crate) async fn idle(&self) {
        loop {
            let told = self.idle.notified();
            if self.in_flight() == 0 {
                return;
            }
            told.await;
        }
    }

    /// The same while not draining.
    #[cfg(test)]
    pub(crate) async fn idle_now(&self) {
        let patience = std::time::Duration::from_secs(10);
        let idle = async {
            while self.in_flight() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(patience, idle).await.expect("idle in time");
    }

    /// Ends what is still under way.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }

    /// Ends when what is under way is to end.
    pub(crate) async fn cutting(&self) {
        self.cut.cancelled().await;
    }

    /// Whether the data plane is about to stop.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let before = self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        if before == 1 && self.0.is_draining() {
            self.0.idle.notify_waiters();
        }
    }
}

//! The counters of this data plane by their keys. Bounded: who is idle for as long as its quota counts
//! is forgotten, and beyond [`MOST`] counters the one that was idle longest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sanmon_shared::counters::{Quota, Span};

use super::counter::{Counter, Now};

/// Counters of a data plane at a time: about 40 MiB of them.
pub(super) const MOST: u64 = 100_000;

/// What the output of a request is taken to be before anybody has used the rule, in tokens.
const FIRST_GUESS: u64 = 500;

/// How much of the distance to the last output is gone each time: an eighth.
const LEARNS: i64 = 8;

/// What is known of one subject of one rule.
pub(super) struct Entry {
    pub(super) key: Arc<str>,
    pub(super) counter: Counter,
    /// A moving average of what requests used as output; 0 before the first.
    learned: AtomicU64,
    /// Until when the shared store has nothing left, in the time of [`Now::nanos`].
    barred: AtomicU64,
    kept: Duration,
    /// When the table was asked for it last, in the time of [`Now::nanos`].
    seen: AtomicU64,
    /// The table has it no more.
    gone: AtomicBool,
}

impl Entry {
    fn new(key: Arc<str>, quota: Quota, now: Now) -> Self {
        Self {
            key,
            counter: Counter::new(quota.span, now),
            learned: AtomicU64::new(0),
            barred: AtomicU64::new(0),
            kept: kept(quota),
            seen: AtomicU64::new(now.nanos),
            gone: AtomicBool::new(false),
        }
    }

    /// Whether it can be used without asking the table, which has it and was asked not long ago.
    pub(super) fn is_fresh(&self, now: Now) -> bool {
        let since = now.nanos.saturating_sub(self.seen.load(Ordering::Relaxed));
        !self.gone.load(Ordering::Acquire) && u128::from(since) < unheard(self.kept).as_nanos()
    }

    /// What the next request may use as output.
    pub(super) fn learned(&self) -> u64 {
        match self.learned.load(Ordering::Relaxed) {
            0 => FIRST_GUESS,
            learned => learned,
        }
    }

    /// A request used so much. Of two that end at once one may teach nothing: it is a guess.
    pub(super) fn learn(&self, output: u64) {
        let learned = match self.learned.load(Ordering::Relaxed) {
            0 => output,
            before => {
                let apart = signed(output).saturating_sub(signed(before));
                // At least one step, so that it arrives.
                let step = apart / LEARNS + i64::from(apart % LEARNS != 0) * apart.signum();
                before.saturating_add_signed(step)
            }
        };
        self.learned.store(learned.max(1), Ordering::Relaxed);
    }

    /// The shared store has nothing left for so long.
    pub(super) fn bar(&self, wait: Duration, now: Now) {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.barred.store(now.nanos.saturating_add(wait), Ordering::Relaxed);
    }

    /// For how long the shared store still has nothing left, by what it said last.
    pub(super) fn barred(&self, now: Now) -> Option<Duration> {
        let left = self.barred.load(Ordering::Relaxed).checked_sub(now.nanos)?;
        (left > 0).then(|| Duration::from_nanos(left))
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// How long an idle counter still says something.
fn kept(quota: Quota) -> Duration {
    const DAY: Duration = Duration::from_hours(24);
    match quota.span {
        Span::Rolling { per, burst } => {
            let times = burst.div_ceil(quota.limit.max(1)).saturating_add(1);
            per.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)).min(32 * DAY)
        }
        Span::Window(per) => per,
        Span::Month => 31 * DAY,
        // What is held is held for less.
        Span::Day | Span::Concurrent => DAY,
    }
}

/// For how long a counter may be used without the table hearing of it.
fn unheard(kept: Duration) -> Duration {
    (kept / 4).min(Duration::from_secs(1))
}

pub(super) struct Table(Cache<Arc<str>, Arc<Entry>, foldhash::quality::RandomState>);

impl Default for Table {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Table {
    pub(super) fn of(most: u64) -> Self {
        let cache = Cache::builder()
            .max_capacity(most)
            // The default keeps newcomers out while it is full, which nobody would be counted by.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(Idle)
            .eviction_listener(|_, entry: Arc<Entry>, _| entry.gone.store(true, Ordering::Release))
            .build_with_hasher(foldhash::quality::RandomState::default());
        Self(cache)
    }

    /// The counter of this key; a new one where there is none.
    pub(super) fn entry(&self, key: &str, quota: Quota, now: Now) -> Arc<Entry> {
        if let Some(entry) = self.0.get(key) {
            entry.seen.store(now.nanos, Ordering::Relaxed);
            return entry;
        }
        let key = Arc::<str>::from(key);
        let new = Arc::clone(&key);
        self.0.get_with(key, || Arc::new(Entry::new(new, quota, now)))
    }

    /// The counter of this key, if there is one.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    /// Forgets the counter of this key: who asks next gets a new one.
    pub(super) fn forget(&self, key: &str) {
        if let Some(entry) = self.0.remove(key) {
            entry.gone.store(true, Ordering::Release);
        }
    }

    /// Every counter: its key, and when it was asked for last, since the limiter began.
    pub(super) fn all(&self) -> impl Iterator<Item = (Arc<str>, Duration)> {
        let seen = |entry: &Entry| Duration::from_nanos(entry.seen.load(Ordering::Relaxed));
        self.0.iter().map(move |(_, entry)| (Arc::clone(&entry.key), seen(&entry)))
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

/// Forgets what is idle.
struct Idle;

impl Expiry<Arc<str>, Arc<Entry>> for Idle {
    fn expire_after_create(
        &self,
        _: &Arc<str>,
        entry: &Arc<Entry>,
        _: Instant,
    ) -> Option<Duration> {
        Some(entry.kept + unheard(entry.kept))
    }

    fn expire_after_read(
        &self,
        _: &Arc<str>,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
        _: Instant,
    ) -> Option<Duration> {
        Some(entry.kept + unheard(entry.kept))
    }
}

//! Numbers by route, provider and model: a set per worker, added up when somebody asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::quality::RandomState;

use super::histogram::{DURATIONS, Histogram, OVERHEADS, add};
use crate::exchange::Record;

/// Series that one worker keeps; what comes beyond is counted under [`OTHER`].
const SERIES: usize = 1_000;

/// Stands for every label that has no series of its own.
pub(super) const OTHER: &str = "__other__";

/// Where the time of an exchange went.
pub(super) struct Spent {
    pub(super) total: Duration,
    pub(super) first_byte: Option<Duration>,
    pub(super) first_token: Option<Duration>,
    pub(super) upstream: Duration,
    pub(super) gateway: Duration,
}

/// The metrics of all workers.
#[derive(Default)]
pub(crate) struct Metrics {
    /// Locked when a worker begins and when somebody asks, never for a request.
    shards: Mutex<Vec<Arc<Shard>>>,
    /// Lines of the access log that found the queue full or the file failing.
    pub(super) log_dropped: AtomicU64,
    /// How limits fare.
    pub(crate) limits: Limits,
}

/// How limits fare.
#[derive(Default)]
pub(crate) struct Limits {
    /// Requests that a limit refused.
    pub(crate) refused: AtomicU64,
    /// Questions that the store of shared limits did not answer in time.
    pub(crate) store_failures: AtomicU64,
    /// Settlements that did not reach it.
    pub(crate) settlements_dropped: AtomicU64,
    /// Whether it answered when it was asked last; without one it never does.
    pub(crate) store_up: AtomicBool,
}

/// The series of one worker, for others to read.
type Shard = ArcSwap<Vec<Arc<Series>>>;

/// What is counted for one route, provider and model.
pub(super) struct Series {
    pub(super) route: Box<str>,
    pub(super) provider: Box<str>,
    pub(super) model: Box<str>,
    /// By the first digit of the status; 0 where the caller left before there was one.
    pub(super) statuses: [AtomicU64; 6],
    pub(super) total: Histogram,
    pub(super) upstream: Histogram,
    pub(super) gateway: Histogram,
    pub(super) first_token: Histogram,
    /// Input, output, read from cache, written to cache, reasoning.
    pub(super) tokens: [AtomicU64; 5],
    pub(super) cut: AtomicU64,
    pub(super) left: AtomicU64,
}

/// The `type` of each element of [`Series::tokens`].
pub(super) const TOKENS: [&str; 5] = ["input", "output", "cache_read", "cache_write", "reasoning"];

impl Metrics {
    /// Lines of the access log that were lost.
    pub(crate) fn dropped(&self) -> u64 {
        self.log_dropped.load(Ordering::Relaxed)
    }

    /// Every series of every worker, at this moment.
    pub(super) fn series(&self) -> Vec<Arc<Series>> {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.iter().flat_map(|shard| shard.load().to_vec()).collect()
    }
}

/// Route, provider and model.
pub(super) type Labels<'a> = (&'a str, &'a str, &'a str);

/// The metrics of one worker, as that worker writes them.
pub(super) struct Local {
    shard: Arc<Shard>,
    hasher: RandomState,
    index: RefCell<HashMap<u64, Vec<Arc<Series>>, RandomState>>,
    /// The one that was used last: most workers serve much of the same.
    last: RefCell<Option<Arc<Series>>>,
}

impl Local {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let shard = Arc::new(Shard::default());
        let mut shards = metrics.shards.lock().unwrap_or_else(PoisonError::into_inner);
        shards.push(Arc::clone(&shard));
        Self {
            shard,
            hasher: RandomState::default(),
            index: RefCell::default(),
            last: RefCell::default(),
        }
    }

    pub(super) fn count(&self, record: &Record, spent: &Spent) {
        let (route, provider) = (record.route.borrow(), record.provider.borrow());
        let model = record.model.borrow();
        let labels = (
            route.as_deref().unwrap_or_default(),
            provider.as_deref().unwrap_or_default(),
            model.as_deref().unwrap_or_default(),
        );
        let mut last = self.last.borrow_mut();
        if !last.as_ref().is_some_and(|series| series.has(labels)) {
            // Callers may name any model: only those that answered have a series of their own.
            *last = Some(self.find(labels, record.status.get() < 400));
        }
        let Some(series) = &*last else { return };
        series.count(record, spent);
    }

    /// Counts tokens of texts that no caller wanted to have embedded.
    pub(super) fn embedded(&self, labels: Labels<'_>, tokens: u64) {
        let [input, ..] = &self.find(labels, true).tokens;
        add(input, tokens);
    }

    fn find(&self, labels: Labels<'_>, answered: bool) -> Arc<Series> {
        if let Some(series) = self.get(labels) {
            return series;
        }
        let (route, provider, model) = labels;
        let labels = if answered || model.is_empty() { labels } else { (route, provider, OTHER) };
        if let Some(series) = self.get(labels) {
            return series;
        }
        let full = self.shard.load().len() >= SERIES;
        let labels = if full { (OTHER, OTHER, OTHER) } else { labels };
        self.get(labels).unwrap_or_else(|| self.add(labels))
    }

    fn get(&self, labels: Labels<'_>) -> Option<Arc<Series>> {
        let index = self.index.borrow();
        index.get(&self.hasher.hash_one(labels))?.iter().find(|it| it.has(labels)).cloned()
    }

    fn add(&self, labels: Labels<'_>) -> Arc<Series> {
        let series = Arc::new(Series::new(labels));
        let mut all = self.shard.load().to_vec();
        all.push(Arc::clone(&series));
        self.shard.store(Arc::new(all));
        let mut index = self.index.borrow_mut();
        index.entry(self.hasher.hash_one(labels)).or_default().push(Arc::clone(&series));
        series
    }
}

impl Series {
    fn new((route, provider, model): Labels<'_>) -> Self {
        Self {
            route: route.into(),
            provider: provider.into(),
            model: model.into(),
            statuses: Default::default(),
            total: Histogram::new(DURATIONS),
            upstream: Histogram::new(DURATIONS),
            gateway: Histogram::new(OVERHEADS),
            first_token: Histogram::new(DURATIONS),
            tokens: Default::default(),
            cut: AtomicU64::new(0),
            left: AtomicU64::new(0),
        }
    }

    fn has(&self, (route, provider, model): Labels<'_>) -> bool {
        *self.route == *route && *self.provider == *provider && *self.model == *model
    }

    fn count(&self, record: &Record, spent: &Spent) {
        if let Some(status) = self.statuses.get(usize::from(record.status.get() / 100)) {
            add(status, 1);
        }
        self.total.observe(spent.total);
        self.gateway.observe(spent.gateway);
        if record.attempts.get() > 0 {
            self.upstream.observe(spent.upstream);
        }
        if let (true, Some(first)) = (record.streamed.get(), spent.first_token) {
            self.first_token.observe(first);
        }
        if let Some(tokens) = record.tokens.get() {
            let counts = [
                tokens.input,
                tokens.output,
                tokens.cache_read,
                tokens.cache_write,
                tokens.reasoning,
            ];
            for (number, count) in self.tokens.iter().zip(counts) {
                if count > 0 {
                    add(number, count);
                }
            }
        }
        if record.cut.get() {
            add(&self.cut, 1);
        } else if !record.complete.get() {
            add(&self.left, 1);
        }
    }
}

//! What operators see: metrics, the access log, whether the data plane lives and is ready.
//!
//! Each worker counts and writes into places of its own; what must meet meets in the listener of
//! `/metrics` and in the thread that writes the log. Prompts, answers and secrets are never here.

mod access_log;
mod exposition;
mod histogram;
mod line;
mod listener;
mod series;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sanmon_shared::clock::Clock;
use tokio::time::Instant;

pub(crate) use access_log::{Buffer, LogQueue, Writer};
pub(crate) use exposition::Health;
pub(crate) use listener::{Probe, listen};
pub(crate) use series::Metrics;

use crate::exchange::Record;
use line::Seconds;
use series::{Labels, Local, Spent};

/// How long a line may wait in its worker's buffer.
const LINGER: Duration = Duration::from_millis(200);

/// The metrics and the log buffer of one worker.
pub(crate) struct Telemetry {
    local: Local,
    clock: Clock,
    log: Option<RefCell<Buffer>>,
    seconds: RefCell<Seconds>,
    /// Of the task that sends the buffer on, while it waits for a line.
    flusher: Cell<Option<Waker>>,
}

impl Telemetry {
    pub(crate) fn new(metrics: &Arc<Metrics>, log: Option<LogQueue>, clock: Clock) -> Self {
        Self {
            local: Local::new(metrics),
            clock,
            log: log.map(|queue| RefCell::new(Buffer::new(queue))),
            seconds: RefCell::default(),
            flusher: Cell::default(),
        }
    }

    /// An exchange is over.
    pub(crate) fn ended(&self, record: &Record) {
        let now = Instant::now();
        let spent = spent(record, now);
        self.local.count(record, &spent);
        let Some(log) = &self.log else { return };
        let mut log = log.borrow_mut();
        let millis = self.clock.millis();
        line::write(log.line(), &mut self.seconds.borrow_mut(), millis, record, &spent);
        log.end_line();
        if let Some(flusher) = self.flusher.take() {
            flusher.wake();
        }
    }

    /// Texts were embedded, on behalf of no caller, by this provider and model for a route.
    pub(crate) fn embedded(&self, labels: Labels<'_>, tokens: u64) {
        self.local.embedded(labels, tokens);
    }

    /// Sends on what lies in the buffer, a while after it has begun to fill.
    pub(crate) async fn flush_now_and_then(&self) {
        let Some(log) = &self.log else { return };
        loop {
            poll_fn(|context| {
                if log.borrow().is_empty() {
                    self.flusher.set(Some(context.waker().clone()));
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            tokio::time::sleep(LINGER).await;
            log.borrow_mut().flush();
        }
    }
}

/// Where the time of an exchange went.
fn spent(record: &Record, now: Instant) -> Spent {
    let since = |at: Instant| at.saturating_duration_since(record.began);
    let total = since(now);
    let first_byte = record.first_byte.get().map(since);
    let upstream = record.upstream.get();
    Spent {
        total,
        first_byte,
        first_token: record.first_token.get().map(since).or(first_byte),
        upstream,
        // What follows the first byte is the upstream's pace or the caller's.
        gateway: first_byte.unwrap_or(total).saturating_sub(upstream),
    }
}

/// The page of metrics.
#[cfg(test)]
pub(crate) fn page_for_test(metrics: &Metrics, targets: &crate::target::Registry) -> String {
    exposition::text(metrics, targets, Health::default(), "0", 0)
}

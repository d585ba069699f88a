//! What stores inside this process share: waking those who wait, and the reports of data planes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::store::REPORT_KEPT;
use tokio::sync::watch;

/// The most data planes that are remembered; the one heard of longest ago goes first.
const REPORTS: usize = 4096;

/// Wakes who waits for another head.
#[derive(Debug)]
pub(crate) struct Waiters(watch::Sender<Head>);

impl Waiters {
    pub(crate) fn at(head: Head) -> Self {
        Self(watch::Sender::new(head))
    }

    pub(crate) fn announce(&self, head: &Head) {
        self.0.send_if_modified(|now| {
            // Commits may finish in another order than they announce themselves.
            let news = now.lineage != head.lineage || now.revision < head.revision;
            if news {
                now.clone_from(head);
            }
            news
        });
    }

    pub(crate) async fn wait(&self, head: &Head, patience: Duration) {
        let mut heads = self.0.subscribe();
        let _ = tokio::time::timeout(patience, heads.wait_for(|now| now != head)).await;
    }
}

/// Reports, forgotten [`REPORT_KEPT`] after the data plane was last heard of.
#[derive(Debug)]
pub(crate) struct Reports {
    clock: Clock,
    by_id: Mutex<HashMap<Arc<str>, (i64, DataPlaneReport)>>,
}

impl Reports {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, by_id: Mutex::default() }
    }

    pub(crate) fn add(&self, report: DataPlaneReport) {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        if by_id.len() >= REPORTS && !by_id.contains_key(&report.id) {
            let oldest = by_id.iter().min_by_key(|(_, (at, _))| *at).map(|(id, _)| Arc::clone(id));
            oldest.map(|id| by_id.remove(&id));
        }
        by_id.insert(Arc::clone(&report.id), (self.clock.millis(), report));
    }

    pub(crate) fn all(&self) -> Vec<DataPlaneReport> {
        let kept = i64::try_from(REPORT_KEPT.as_millis()).unwrap_or(i64::MAX);
        let since = self.clock.millis().saturating_sub(kept);
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.retain(|_, (at, _)| *at > since);
        let mut reports: Vec<_> = by_id.values().map(|(_, report)| report.clone()).collect();
        reports.sort_by(|a, b| a.id.cmp(&b.id));
        reports
    }
}

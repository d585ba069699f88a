//! A store in memory that can be away, be written by others all the time, and know data planes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, CommitError, EntrySink, Source, Store, StoreError};
use sanmon_shared::{ChangeSet, Head};

use crate::store::MemoryStore;

pub(crate) struct FaultyStore {
    inner: MemoryStore,
    /// Nothing is answered.
    pub(crate) away: AtomicBool,
    /// Every commit finds that somebody else was first.
    pub(crate) contended: AtomicBool,
    /// What data planes said.
    pub(crate) reports: Mutex<Vec<DataPlaneReport>>,
}

impl FaultyStore {
    pub(crate) fn of(inner: MemoryStore) -> Self {
        let (away, contended) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { inner, away, contended, reports: Mutex::default() }
    }

    fn there(&self) -> Result<&MemoryStore, StoreError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("away at redis://hidden-store".to_owned()));
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl Source for FaultyStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.there()?.head().await
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        self.there()?.load(sink).await
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        self.there()?.changes(head, limit).await
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        self.inner.wait(head, patience).await;
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        self.there()?.seal().await
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        self.there()?.report(report).await
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        if self.contended.load(Ordering::Relaxed) {
            // On a paused clock this is how time passes.
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Err(CommitError::Conflict(self.inner.head().await?));
        }
        self.there()?.commit(set).await
    }

    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError> {
        self.there()?.revision(revision).await
    }

    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError> {
        self.there()?.kept().await
    }

    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError> {
        self.there()?;
        Ok(self.reports.lock().unwrap().clone())
    }
}

//! Where configuration is kept ([`Store`]) and whence a data plane follows it ([`Source`]).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::quotas::ReportAnswer;
use crate::report::DataPlaneReport;
use crate::revision::{ChangeSet, Entry, Head};
use crate::seal::Seal;

/// Why a store or source could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or does not answer in time. Trying again may help.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It answered, and refuses us: a wrong password, an evicting memory policy, a lock held by
    /// another process. Trying again does not help; the text says what would.
    #[error("the store refuses: {0}")]
    Refused(String),
    /// What it holds cannot be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The disk is full, read-only or failing.
    #[error("the store cannot write: {0}")]
    Disk(#[source] std::io::Error),
}

/// Why a commit was not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else committed first; the head is now this one.
    #[error("the head has moved to revision {}", .0.revision)]
    Conflict(Head),
    /// The store did not take it. Nothing was stored, or, where the answer was lost, the next
    /// look at the head tells.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The change sets after some revision, or that they are no longer kept.
#[derive(Debug)]
pub enum Changes {
    /// In order, without gaps, the first being the asked revision plus one; empty at the head.
    Sets(Vec<Arc<ChangeSet>>),
    /// The history does not reach back that far, or the lineage is another one: load it all.
    Gone,
}

/// Takes the documents of a full load, one by one.
pub type EntrySink<'a> = &'a mut (dyn FnMut(Entry) + Send);

/// A configuration that a plane can follow.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Where it stands now.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Gives every document to `sink`, as of the returned head or later: whoever loads replays the
    /// change sets after that head, and may meet documents that are already newer.
    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError>;

    /// Change sets after `head`, at most `limit`.
    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError>;

    /// Returns when there may be something after `head`, or after `patience`. A hint, never proof.
    async fn wait(&self, head: &Head, patience: Duration);

    /// What opens the sealed secrets of the documents.
    async fn seal(&self) -> Result<Seal, StoreError>;

    /// Tells the control plane how this data plane is. Kept for a short time only. What it answers is
    /// empty but where it is asked over HTTP.
    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError>;
}

/// A configuration that a plane can change.
#[async_trait]
pub trait Store: Source {
    /// Makes `set` the next revision, whole or not at all, if the head is still the one that it
    /// follows; after `Ok` it is durable and on its way to whoever waits.
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError>;

    /// One revision with what was before it, or none where it is no longer (or not yet) there.
    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError>;

    /// The oldest and the newest revision that [`Store::revision`] still has; none before the first.
    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError>;

    /// The reports of data planes that were heard of lately.
    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError>;
}

/// How long a report is shown after the data plane was last heard of.
pub const REPORT_KEPT: Duration = Duration::from_mins(10);

/// How recent the last report of a live data plane is.
pub const REPORT_LIVE: Duration = Duration::from_secs(15);

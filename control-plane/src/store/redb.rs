//! The embedded store: one file of the data folder, one process at a time.
//!
//! Every commit is on the disk before it is answered. What the disk refuses leaves the state
//! before it whole; the file is then opened anew, as redb wants after a failed write.

mod database;
#[cfg(test)]
mod durability;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, CommitError, EntrySink, Source, Store, StoreError};
use sanmon_shared::{ChangeSet, Head};
use tokio::sync::mpsc;

use self::database::Handle;
pub use self::database::OpenBackend;
use super::history::Retention;
use super::identity::{Given, Identity};
use super::local::{Reports, Waiters};
use super::token::{self, DataPlaneToken};

/// The file of the data folder.
const FILE: &str = "config.redb";

/// How many batches of documents a load reads ahead of whoever takes them.
const LOAD_AHEAD: usize = 4;

/// How an embedded store is opened.
pub struct RedbOptions {
    /// The data folder; made when it is not there.
    pub folder: PathBuf,
    /// What the settings say of its identity.
    pub given: Given,
    /// How far back it remembers.
    pub retention: Retention,
    /// Tells the age of revisions and reports.
    pub clock: Clock,
    /// Opens something else than the file, for tests that lose writes.
    pub backend: Option<OpenBackend>,
}

impl RedbOptions {
    /// In `folder`, everything else as usual.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            given: Given::default(),
            retention: Retention::default(),
            clock: Clock::system(),
            backend: None,
        }
    }
}

/// Keeps a configuration in a file.
pub struct RedbStore {
    handle: Arc<Handle>,
    waiters: Waiters,
    reports: Reports,
    retention: Retention,
    clock: Clock,
    seal: Seal,
    token: DataPlaneToken,
}

impl RedbStore {
    /// Opens the store, and begins a lineage where there is none.
    pub async fn open(options: RedbOptions) -> Result<Self, StoreError> {
        let RedbOptions { folder, given, retention, clock, backend } = options;
        let (handle, identity, head, given) = blocking(move || {
            if backend.is_none() {
                database::make_folder(&folder).map_err(StoreError::Disk)?;
            }
            let handle = Handle::new(backend.unwrap_or_else(|| database::file(folder.join(FILE))));
            let (identity, head) = match handle.with(tables::identity)? {
                Some((text, head)) => (Identity::from_text(&text)?, head),
                None => first_start(&handle, &folder, &given)?,
            };
            Ok((handle, identity, head, given))
        })
        .await?;
        Ok(Self {
            handle: Arc::new(handle),
            waiters: Waiters::at(head),
            reports: Reports::new(clock.clone()),
            retention,
            clock,
            seal: identity.seal(&given)?,
            token: identity.token(&given)?,
        })
    }

    /// Whom it lets follow.
    pub fn token(&self) -> DataPlaneToken {
        self.token.clone()
    }

    async fn with<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&::redb::Database) -> Result<T, tables::Error> + Send + 'static,
    {
        let handle = Arc::clone(&self.handle);
        blocking(move || handle.with(read)).await
    }
}

fn first_start(
    handle: &Handle,
    folder: &std::path::Path,
    given: &Given,
) -> Result<(Identity, Head), StoreError> {
    let (identity, made) = Identity::fresh(given)?;
    // Before the identity: a start that is killed between the two makes both anew.
    if let Some(made) = made {
        token::write(folder, &made).map_err(StoreError::Disk)?;
    }
    let head = Head::empty(&identity.lineage);
    let text = identity.to_text()?;
    handle.with(|database| tables::begin(database, &text, &head))?;
    Ok((identity, head))
}

/// Runs what waits for the disk away from the threads that serve.
async fn blocking<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(StoreError::Unavailable(format!("the store's thread ended: {e}"))))
}

#[async_trait]
impl Source for RedbStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.with(tables::head).await
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        let (batches, mut loaded) = mpsc::channel(LOAD_AHEAD);
        let handle = Arc::clone(&self.handle);
        // When this future is dropped, so is the channel, and the reader ends at its next batch.
        let reader = tokio::task::spawn_blocking(move || {
            handle.with(|database| {
                tables::load(database, |batch| batches.blocking_send(batch).is_ok())
            })
        });
        while let Some(batch) = loaded.recv().await {
            batch.into_iter().for_each(&mut *sink);
        }
        reader
            .await
            .map_err(|e| StoreError::Unavailable(format!("the store's thread ended: {e}")))?
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        let head = head.clone();
        self.with(move |database| tables::changes(database, &head, limit)).await
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        self.waiters.wait(head, patience).await;
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        Ok(self.seal.clone())
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        self.reports.add(report);
        Ok(ReportAnswer::default())
    }
}

#[async_trait]
impl Store for RedbStore {
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        let cutoff = self.retention.cutoff(&self.clock);
        let (retention, set) = (self.retention, set.clone());
        let head = set.head.clone();
        self.with(move |database| tables::commit(database, &set, &retention, cutoff))
            .await?
            .map_err(CommitError::Conflict)?;
        self.waiters.announce(&head);
        Ok(())
    }

    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError> {
        self.with(move |database| tables::revision(database, revision)).await
    }

    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError> {
        self.with(tables::kept).await
    }

    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError> {
        Ok(self.reports.all())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;
    use crate::store::TOKEN_FILE;
    use crate::store::suite::{BEGIN, commit_next, documents, route, suite};

    async fn open(retention: Retention, clock: Clock) -> (Arc<dyn Store>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = RedbOptions { retention, clock, ..RedbOptions::new(folder.path()) };
        (Arc::new(RedbStore::open(options).await.unwrap()), folder)
    }

    suite!(open);

    #[tokio::test]
    async fn what_was_committed_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let options = || RedbOptions::new(folder.path().join("made"));
        let store = RedbStore::open(options()).await.unwrap();
        let clock = Clock::manual(BEGIN);
        let head = commit_next(&store, &clock, route("a", None, Some("{}"))).await;
        let sealed = store.seal().await.unwrap().seal("sk-1").unwrap();
        drop(store);

        let store = RedbStore::open(options()).await.unwrap();
        assert_eq!(store.head().await.unwrap(), head);
        assert_eq!(documents(&store).await.len(), 1);
        assert_eq!(store.seal().await.unwrap().open(&sealed).unwrap(), "sk-1");
        let token = std::fs::read_to_string(folder.path().join("made").join(TOKEN_FILE)).unwrap();
        assert!(store.token().is(token.trim()));
    }

    #[tokio::test]
    async fn the_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let _store = RedbStore::open(RedbOptions::new(folder.path())).await.unwrap();
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_second_store_on_the_file_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let _store = RedbStore::open(RedbOptions::new(folder.path())).await.unwrap();
        match RedbStore::open(RedbOptions::new(folder.path())).await {
            Err(StoreError::Refused(why)) => assert!(why.contains("another process"), "{why}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("opened twice"),
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "not a database".repeat(1000)).unwrap();
        match RedbStore::open(RedbOptions::new(folder.path())).await {
            Err(StoreError::Damaged(_)) => {}
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("opened"),
        }
    }

    #[tokio::test]
    async fn another_seal_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let with = |seal: Option<Seal>| RedbOptions {
            given: Given { seal, token: None },
            ..RedbOptions::new(folder.path())
        };
        let seal = Seal::generate().unwrap();
        drop(RedbStore::open(with(Some(seal.clone()))).await.unwrap());
        for wrong in [None, Some(Seal::generate().unwrap())] {
            assert!(matches!(RedbStore::open(with(wrong)).await, Err(StoreError::Refused(_))));
        }
        RedbStore::open(with(Some(seal))).await.unwrap();
    }
}

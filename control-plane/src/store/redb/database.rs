//! Opens the database, again after a failed write, and says in our words what went wrong.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError};
use sanmon_shared::store::StoreError;

use super::tables::Error;

/// Opens or makes the database with a builder that has our settings.
pub type OpenBackend = Arc<dyn Fn(&Builder) -> Result<Database, DatabaseError> + Send + Sync>;

/// Of redb's own cache; the system's page cache is behind it.
const CACHE_BYTES: usize = 32 << 20;

/// The database, or that it has to be opened.
pub(super) struct Handle {
    open: OpenBackend,
    database: Mutex<Option<Arc<Database>>>,
}

impl Handle {
    pub(super) fn new(open: OpenBackend) -> Self {
        Self { open, database: Mutex::new(None) }
    }

    /// Blocks. A failure that redb does not get over closes the database; the next call opens it.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let database = self.opened()?;
        work(&database).map_err(|error| {
            if error.needs_reopening() {
                let mut current = self.database.lock().unwrap_or_else(PoisonError::into_inner);
                if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, &database)) {
                    *current = None;
                }
            }
            error.into()
        })
    }

    fn opened(&self) -> Result<Arc<Database>, StoreError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*database {
            return Ok(Arc::clone(database));
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        let opened = Arc::new((self.open)(&builder).map_err(Error::from)?);
        *database = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

/// The data folder, for its owner only when it is made here.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A file for its owner only.
pub(super) fn file(path: PathBuf) -> OpenBackend {
    Arc::new(move |builder| {
        let new = !path.exists();
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        if new && let Some(folder) = path.parent() {
            // Or a crash could take the file's name, with every commit in it.
            std::fs::File::open(folder)?.sync_all()?;
        }
        builder.create_with_backend(FileBackend::new(file)?)
    })
}

impl Error {
    fn needs_reopening(&self) -> bool {
        matches!(
            self,
            Self::Redb(
                redb::Error::Io(_)
                    | redb::Error::PreviousIo
                    | redb::Error::DatabaseClosed
                    | redb::Error::LockPoisoned(_)
                    | redb::Error::TransactionPoisoned
            )
        )
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Damaged(what) => Self::Damaged(what),
            Error::Redb(redb::Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Damaged(format!("its file is no database: {error}"))
            }
            Error::Redb(redb::Error::Io(error)) => Self::Disk(error),
            Error::Redb(redb::Error::PreviousIo) => {
                Self::Disk(io::Error::other("an earlier write failed"))
            }
            Error::Redb(redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) => {
                Self::Refused(
                    "another process has the file open; one process at a time may".to_owned(),
                )
            }
            Error::Redb(redb::Error::UpgradeRequired(version)) => {
                Self::Refused(format!("its file has the unknown format {version}"))
            }
            Error::Redb(error) => Self::Damaged(error.to_string()),
        }
    }
}

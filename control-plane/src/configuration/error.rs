//! Why a configuration could not be read or written. Nothing here knows HTTP, or tells a secret.

use sanmon_shared::Problem;
use sanmon_shared::seal::SealError;
use sanmon_shared::store::StoreError;

use super::operation::Referrer;
use super::schemas::SchemaError;

/// Why a write was not made. Nothing was stored, except as [`StoreError`] says.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What was sent is wrong; every problem with its pointer.
    #[error("the write is invalid: {}", list(.0))]
    Invalid(Vec<Problem>),
    /// There is no such kind.
    #[error("there is no kind {0:?}")]
    UnknownKind(String),
    /// There is no such document.
    #[error("there is none of the {plural} with the id {id:?}")]
    NotFound {
        /// The plural of the kind.
        plural: String,
        /// The id.
        id: String,
    },
    /// A document with this id exists.
    #[error("there is one of the {plural} with the id {id:?} already")]
    IdTaken {
        /// The plural of the kind.
        plural: String,
        /// The id.
        id: String,
    },
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("one of the {plural} with the id {id:?} is not at the expected revision")]
    Precondition {
        /// The plural of the kind.
        plural: String,
        /// The id.
        id: String,
        /// The revision at which it is; none where it does not exist.
        revision: Option<u64>,
    },
    /// Others refer to what would be deleted.
    #[error("others refer to one of the {plural} with the id {id:?}")]
    Referenced {
        /// The plural of the kind.
        plural: String,
        /// The id.
        id: String,
        /// Who, and where.
        by: Vec<Referrer>,
    },
    /// Nobody could change the configuration any more.
    #[error("the last enabled admin with the role \"admin\" has to stay as it is")]
    LastAdmin,
    /// The revision is not there yet.
    #[error("there is no revision {0}")]
    UnknownRevision(u64),
    /// The revision is no longer kept.
    #[error("revision {0} is no longer kept")]
    Gone(u64),
    /// Others kept committing first until the deadline.
    #[error("others kept writing until the deadline; try again")]
    Deadline,
    /// A secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(problems: &[Problem]) -> String {
    let one = |problem: &Problem| format!("{:?}: {}", problem.pointer, problem.message);
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Why the history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The revision is not there yet.
    #[error("there is no revision {0}")]
    UnknownRevision(u64),
    /// The revision is no longer kept.
    #[error("revision {0} is no longer kept")]
    Gone(u64),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReadError> for WriteError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::UnknownRevision(revision) => Self::UnknownRevision(revision),
            ReadError::Gone(revision) => Self::Gone(revision),
            ReadError::Store(error) => Self::Store(error),
        }
    }
}

/// Why a configuration could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schemas do not compile.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// Why there is no first admin.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The given key is too easy to guess.
    #[error("the first admin's key has to have at least 32 characters")]
    ShortKey,
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

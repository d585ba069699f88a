//! The configuration: everything between the admin API and the store. A write is checked here,
//! against schemas, references and the data plane's own build code, before it is committed; what is
//! read here is masked. Nothing here knows HTTP.

mod admins;
mod bootstrap;
mod error;
mod follow;
mod history;
mod kinds;
mod operation;
mod plan;
mod references;
mod rules;
mod schemas;
mod state;
mod transfer;
mod write;

use std::sync::Arc;

use sanmon_shared::Entry;
use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::clock::Clock;
use sanmon_shared::store::Store;
use sanmon_shared::task::Tasks;
use serde_json::Value;
use tokio::sync::Mutex;

use follow::Follower;
use rules::Rules;

pub use admins::{AdminIdentity, Admins, Denied};
pub use bootstrap::FirstAdmin;
pub use error::{BootstrapError, OpenError, ReadError, WriteError};
pub use history::{ChangeView, DiffView, RevisionPage, RevisionView};
pub use kinds::KindInfo;
pub use operation::{
    Action, Author, Edit, Effect, Match, Operation, Outcome, Precondition, Referrer, Shown,
    WriteRequest, Written,
};
pub(crate) use plan::apply_patch;
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

/// The configuration of one store, as this control plane sees and changes it.
pub struct Configuration {
    store: Arc<dyn Store>,
    rules: Arc<Rules>,
    clock: Clock,
    follower: Arc<Follower>,
    /// Held by the write whose turn it is.
    writing: Mutex<()>,
}

impl Configuration {
    /// Loads everything and follows the store from then on: other control planes write to it too.
    pub async fn open(
        store: Arc<dyn Store>,
        catalogue: Arc<dyn PluginCatalogue>,
        schemas: Arc<Schemas>,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, OpenError> {
        let rules = Arc::new(Rules::new(schemas, catalogue));
        let follower = Follower::open(Arc::clone(&store), Arc::clone(&rules)).await?;
        follower.start(tasks);
        Ok(Arc::new(Self { store, rules, clock, follower, writing: Mutex::new(()) }))
    }

    /// The state as last seen, at once.
    pub fn state(&self) -> Arc<State> {
        self.follower.state()
    }

    /// A state at least as new as the store's head now; the last known one if the store is down.
    pub async fn fresh(&self) -> Fresh {
        match self.follower.catch_up().await {
            Ok(state) => Fresh { state, stale: None },
            Err(error) => Fresh { state: self.state(), stale: Some(error.to_string()) },
        }
    }

    /// What keeps this control plane from following its store; none when all is well.
    pub fn alarm(&self) -> Option<Arc<String>> {
        self.follower.alarm()
    }

    /// The schemas by which documents are checked.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.rules.schemas
    }

    /// The plugins and providers that documents may name.
    pub fn catalogue(&self) -> &Arc<dyn PluginCatalogue> {
        &self.rules.catalogue
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
        self.rules.shown(entry.kind.as_str(), &entry.document)
    }
}

#[cfg(test)]
pub(crate) mod tests;

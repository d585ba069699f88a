//! Tests of the whole module over the memory store.

pub(crate) mod catalogue;
mod documents;
mod faults;
mod history;
mod races;
mod secrets;
pub(crate) mod seeds;
mod writes;

use std::sync::Arc;

use sanmon_shared::clock::Clock;
use sanmon_shared::store::Store;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};

use super::*;
use crate::store::{Given, MemoryStore, Retention};
use catalogue::TestCatalogue;

/// Some time in 2026.
const NOW: i64 = 1_790_000_000_000;

/// A configuration with its store.
struct Rig {
    store: Arc<MemoryStore>,
    configuration: Arc<Configuration>,
    clock: Clock,
    tasks: Tasks,
}

impl Rig {
    async fn new() -> Self {
        Self::with(Retention::default()).await
    }

    async fn with(retention: Retention) -> Self {
        let clock = Clock::manual(NOW);
        let store = MemoryStore::new(&Given::default(), retention, clock.clone()).unwrap();
        let (store, tasks) = (Arc::new(store), Tasks::default());
        let configuration = open(&store, &clock, &tasks).await;
        Self { store, configuration, clock, tasks }
    }

    /// Another control plane on the same store.
    async fn another(&self) -> Arc<Configuration> {
        open(&self.store, &self.clock, &self.tasks).await
    }

    async fn write(&self, operation: Operation) -> Result<Written, WriteError> {
        self.configuration.write(&author(), WriteRequest::single(operation)).await
    }

    async fn put(&self, plural: &str, id: &str, document: Value) -> Written {
        self.write(Operation::put(plural, id, document)).await.unwrap()
    }

    async fn transact(&self, operations: Vec<Operation>) -> Result<Written, WriteError> {
        self.configuration.write(&author(), WriteRequest::transaction(operations)).await
    }

    /// A document as a read shows it.
    fn read(&self, plural: &str, id: &str) -> Value {
        let state = self.configuration.state();
        self.configuration.shown(state.get(plural, id).unwrap())
    }

    /// A document as it is stored.
    fn stored(&self, plural: &str, id: &str) -> Value {
        let state = self.configuration.state();
        serde_json::from_str(state.get(plural, id).unwrap().document.get()).unwrap()
    }
}

async fn open(store: &Arc<MemoryStore>, clock: &Clock, tasks: &Tasks) -> Arc<Configuration> {
    let catalogue: Arc<dyn PluginCatalogue> = Arc::new(TestCatalogue::new());
    let schemas = Arc::new(Schemas::new(&*catalogue).unwrap());
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    Configuration::open(store, catalogue, schemas, clock.clone(), tasks).await.unwrap()
}

fn author() -> Author {
    Author::new("tester")
}

fn provider(name: &str) -> Value {
    json!({"name": name, "provider": "openai", "connection": {"token": "sk-canary-1"}})
}

fn chat_route(refs: &[&str]) -> Value {
    json!({"plugins": [{"plugin": "openai-chat-completions", "config": {"refs": refs}}]})
}

fn pointers(error: &WriteError) -> Vec<&str> {
    match error {
        WriteError::Invalid(problems) => problems.iter().map(|p| p.pointer.as_str()).collect(),
        other => panic!("not invalid: {other:?}"),
    }
}

fn shown(written: &Written) -> &Value {
    &written.outcomes[0].document.as_ref().unwrap().0
}

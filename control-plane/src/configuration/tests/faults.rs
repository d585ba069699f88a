//! A store that is away, loses answers, goes back, or is suddenly another one.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, CommitError, EntrySink, Source, StoreError};
use sanmon_shared::{ChangeSet, Head};

use super::*;

/// What the store behind does to those who ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Away,
    /// Commits, and does not say so.
    Mute,
}

struct Moody {
    mood: Mutex<Mood>,
    inner: Mutex<Arc<MemoryStore>>,
}

impl Moody {
    fn ask(&self) -> Result<Arc<MemoryStore>, StoreError> {
        match *self.mood.lock().unwrap() {
            Mood::Away => Err(StoreError::Unavailable("connection refused".to_owned())),
            Mood::Well | Mood::Mute => Ok(Arc::clone(&self.inner.lock().unwrap())),
        }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

#[async_trait]
impl Source for Moody {
    async fn head(&self) -> Result<Head, StoreError> {
        self.ask()?.head().await
    }
    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        self.ask()?.load(sink).await
    }
    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        self.ask()?.changes(head, limit).await
    }
    async fn wait(&self, _: &Head, patience: Duration) {
        tokio::time::sleep(patience).await;
    }
    async fn seal(&self) -> Result<Seal, StoreError> {
        self.ask()?.seal().await
    }
    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        self.ask()?.report(report).await
    }
}

#[async_trait]
impl Store for Moody {
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        self.ask()?.commit(set).await?;
        if *self.mood.lock().unwrap() == Mood::Mute {
            return Err(StoreError::Unavailable("the answer was lost".to_owned()).into());
        }
        Ok(())
    }
    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError> {
        self.ask()?.revision(revision).await
    }
    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError> {
        self.ask()?.kept().await
    }
    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError> {
        self.ask()?.reports().await
    }
}

fn memory() -> Arc<MemoryStore> {
    let clock = Clock::manual(NOW);
    Arc::new(MemoryStore::new(&Given::default(), Retention::default(), clock).unwrap())
}

async fn rig() -> (Arc<Moody>, Arc<Configuration>) {
    let store = Arc::new(Moody { mood: Mutex::new(Mood::Well), inner: Mutex::new(memory()) });
    let catalogue: Arc<dyn PluginCatalogue> = Arc::new(TestCatalogue::new());
    let schemas = Arc::new(Schemas::new(&*catalogue).unwrap());
    let (clock, tasks) = (Clock::manual(NOW), Tasks::default());
    let opened = Configuration::open(Arc::clone(&store) as _, catalogue, schemas, clock, &tasks);
    let configuration = opened.await.unwrap();
    (store, configuration)
}

async fn put(configuration: &Configuration, name: &str) -> Result<Written, WriteError> {
    let document = json!({"name": name, "provider": "mock"});
    let request = WriteRequest::single(Operation::put("providers", "p", document));
    configuration.write(&author(), request).await
}

#[tokio::test]
async fn while_the_store_is_away_the_last_state_is_shown_and_writes_are_refused() {
    let (store, configuration) = rig().await;
    put(&configuration, "a").await.unwrap();
    store.set(Mood::Away);
    let fresh = configuration.fresh().await;
    assert!(fresh.stale.is_some() && configuration.alarm().is_some());
    assert_eq!(fresh.state.count("providers"), 1);
    let began = Instant::now();
    let error = put(&configuration, "b").await.unwrap_err();
    assert!(matches!(error, WriteError::Store(StoreError::Unavailable(_))), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    store.set(Mood::Well);
    assert!(configuration.fresh().await.stale.is_none() && configuration.alarm().is_none());
    put(&configuration, "b").await.unwrap();
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_and_answered() {
    let (store, configuration) = rig().await;
    store.set(Mood::Mute);
    let written = put(&configuration, "a").await.unwrap();
    assert_eq!(written.head.revision, 1);
    assert_eq!(configuration.state().head(), &written.head);
}

#[tokio::test]
async fn a_store_of_another_line_is_not_taken_for_ours() {
    let (store, configuration) = rig().await;
    put(&configuration, "a").await.unwrap();
    let ours = std::mem::replace(&mut *store.inner.lock().unwrap(), memory());
    let fresh = configuration.fresh().await;
    assert!(fresh.stale.unwrap().contains("another line"));
    assert_eq!(fresh.state.count("providers"), 1);
    let error = put(&configuration, "b").await.unwrap_err();
    assert!(matches!(error, WriteError::Store(StoreError::Refused(_))), "{error:?}");
    *store.inner.lock().unwrap() = ours;
    put(&configuration, "b").await.unwrap();
}

#[tokio::test]
async fn a_store_that_was_emptied_while_we_had_nothing_is_taken() {
    let (store, configuration) = rig().await;
    *store.inner.lock().unwrap() = memory();
    put(&configuration, "a").await.unwrap();
    assert_eq!(configuration.state().count("providers"), 1);
}

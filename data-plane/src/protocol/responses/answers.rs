//! Answers that callers may come back to, by their ids.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sanmon_shared::state::StateStore;
use sanmon_shared::task::Tasks;
use tokio::sync::mpsc;

use super::record::Record;
use crate::error::{Code, GatewayError};

/// All answers of a data plane together, in bytes; the least used leave first.
const MOST: u64 = 128 * 1024 * 1024;

/// A larger answer, its conversation included, is not kept.
const LARGEST: usize = 8 * 1024 * 1024;

/// The longest that an answer is kept.
pub(crate) const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Writes to the shared store that wait for it.
const WAITING: usize = 256;

/// Answers of a data plane, shared by its workers, and with other data planes where there is a store
/// for it. Nothing is locked while the store is asked. What is on its way to the store, or what the
/// store did not take, is found here.
pub(crate) struct Answers {
    here: Cache<Arc<str>, Arc<Record>>,
    shared: Option<SharedStore>,
}

struct SharedStore {
    store: Arc<dyn StateStore>,
    writes: mpsc::Sender<(Arc<str>, Arc<Record>, Duration)>,
}

impl Default for Answers {
    fn default() -> Self {
        let weigh = |id: &Arc<str>, record: &Arc<Record>| {
            u32::try_from(id.len() + record.size()).unwrap_or(u32::MAX)
        };
        let here = Cache::builder().weigher(weigh).max_capacity(MOST).time_to_live(LONGEST).build();
        Self { here, shared: None }
    }
}

fn key(id: &str) -> String {
    format!("responses:{id}")
}

fn unavailable(error: &sanmon_shared::store::StoreError) -> GatewayError {
    GatewayError::new(Code::StateUnavailable, "kept answers cannot be looked up now")
        .detail(error.to_string())
}

impl Answers {
    /// Kept in `store` for all data planes.
    pub(crate) fn shared(store: Arc<dyn StateStore>, tasks: &Tasks) -> Self {
        let (writes, mut queue) = mpsc::channel::<(Arc<str>, Arc<Record>, Duration)>(WAITING);
        let answers = Self::default();
        let (here, to, stop) = (answers.here.clone(), Arc::clone(&store), tasks.clone());
        tasks.spawn(async move {
            loop {
                let next = tokio::select! {
                    next = queue.recv() => next,
                    () = stop.stopping() => queue.try_recv().ok(),
                };
                let Some((id, record, kept)) = next else { break };
                // Forgotten while it waited.
                if !here.contains_key(&id) {
                    continue;
                }
                let written = match serde_json::to_vec(&*record) {
                    Ok(bytes) => to.put(&key(&id), &bytes, kept).await,
                    Err(_) => continue,
                };
                match written {
                    Ok(()) => here.invalidate(&id),
                    Err(error) => {
                        tracing::warn!(%error, "an answer is kept by this data plane only");
                    }
                }
            }
        });
        Self { shared: Some(SharedStore { store, writes }), ..answers }
    }

    /// Keeps an answer from now on.
    pub(super) fn keep(&self, id: &str, record: Record, kept: Duration) {
        if record.size() > LARGEST {
            tracing::debug!(id, "an answer is too large to be kept");
            return;
        }
        let record = Arc::new(record);
        self.here.insert(id.into(), Arc::clone(&record));
        if let Some(shared) = &self.shared
            && shared.writes.try_send((id.into(), record, kept)).is_err()
        {
            tracing::warn!(
                "too many answers wait for the store: one is kept by this data plane only"
            );
        }
    }

    /// The answer with this id, if `owner` may know of it and it is still kept.
    pub(super) async fn get(
        &self,
        id: &str,
        owner: &str,
        now: i64,
    ) -> Result<Option<Arc<Record>>, GatewayError> {
        let found = match (self.here.get(id), &self.shared) {
            (Some(found), _) => Some(found),
            (None, None) => None,
            (None, Some(shared)) => {
                let bytes = shared.store.get(&key(id)).await.map_err(|e| unavailable(&e))?;
                bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).map(Arc::new)
            }
        };
        Ok(found.filter(|record| *record.owner == *owner && record.expires_at > now))
    }

    /// Forgets an answer.
    pub(super) async fn remove(&self, id: &str) -> Result<(), GatewayError> {
        self.here.invalidate(id);
        match &self.shared {
            Some(shared) => shared.store.remove(&key(id)).await.map_err(|e| unavailable(&e)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use sanmon_shared::store::StoreError;

    use super::*;

    fn record(owner: &str, size: usize) -> Record {
        Record {
            owner: owner.into(),
            expires_at: 10,
            provider: None,
            credential: 0,
            response: sanmon_wire::json::Json::of(&"x".repeat(size)),
            input: None,
        }
    }

    #[tokio::test]
    async fn answers_are_for_their_owner_and_for_a_time() {
        let answers = Answers::default();
        answers.keep("resp_1", record("me", 1), LONGEST);
        assert!(answers.get("resp_1", "me", 9).await.unwrap().is_some());
        assert!(answers.get("resp_1", "me", 10).await.unwrap().is_none());
        assert!(answers.get("resp_1", "you", 9).await.unwrap().is_none());
        answers.remove("resp_1").await.unwrap();
        assert!(answers.get("resp_1", "me", 9).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn many_large_answers_stay_within_their_bound() {
        let answers = Answers::default();
        for index in 0..200 {
            answers.keep(&index.to_string(), record("me", 1024 * 1024), LONGEST);
        }
        answers.here.run_pending_tasks();
        assert!(answers.here.weighted_size() <= MOST);
        assert!(answers.here.entry_count() > 50);
        answers.keep("large", record("me", LARGEST), LONGEST);
        assert!(answers.get("large", "me", 9).await.unwrap().is_none());
    }

    /// A store that data planes share, which can be away.
    #[derive(Default)]
    struct Common {
        values: std::sync::Mutex<std::collections::HashMap<String, Vec<u8>>>,
        away: std::sync::atomic::AtomicBool,
    }

    impl Common {
        fn here(&self) -> Result<(), StoreError> {
            if self.away.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(StoreError::Unavailable("away".to_owned()));
            }
            Ok(())
        }
    }

    #[async_trait::async_trait]
    impl StateStore for Common {
        async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
            self.here()?;
            Ok(self.values.lock().unwrap().get(key).cloned())
        }

        async fn put(&self, key: &str, value: &[u8], _: Duration) -> Result<(), StoreError> {
            self.here()?;
            self.values.lock().unwrap().insert(key.to_owned(), value.to_owned());
            Ok(())
        }

        async fn remove(&self, key: &str) -> Result<(), StoreError> {
            self.here()?;
            self.values.lock().unwrap().remove(key);
            Ok(())
        }
    }

    #[tokio::test]
    async fn data_planes_that_share_a_store_find_each_others_answers() {
        let (common, tasks) = (Arc::new(Common::default()), Tasks::default());
        let one = Answers::shared(common.clone(), &tasks);
        let other = Answers::shared(common.clone(), &tasks);
        one.keep("resp_1", record("me", 1), LONGEST);
        assert!(one.get("resp_1", "me", 9).await.unwrap().is_some(), "before it is written, too");
        while other.get("resp_1", "me", 9).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(other.get("resp_1", "you", 9).await.unwrap().is_none());
        other.remove("resp_1").await.unwrap();
        while one.get("resp_1", "me", 9).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        common.away.store(true, std::sync::atomic::Ordering::Relaxed);
        one.keep("resp_2", record("me", 1), LONGEST);
        tokio::task::yield_now().await;
        assert!(one.get("resp_2", "me", 9).await.unwrap().is_some(), "kept here at least");
        let lost = other.get("resp_2", "me", 9).await.unwrap_err();
        assert_eq!(lost.code, Code::StateUnavailable);
        tasks.stop().await;
    }
}

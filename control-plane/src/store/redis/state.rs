//! What data planes keep for their callers, each value under a key of its own that expires.

use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::state::StateStore;
use sanmon_shared::store::StoreError;

use super::connection::{Connection, Keys, PATIENCE};
use super::counters::Scripts;

/// State in Redis, beside the configuration and under the same hash tag. Without Redis nothing is
/// found and nothing is kept: callers are told.
pub struct RedisState {
    pub(super) connection: Connection,
    pub(super) keys: Keys,
    pub(super) counters: Scripts,
}

impl RedisState {
    /// Connects when it is first used.
    pub fn new(url: &str, prefix: &str) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Connection::new(url)?,
            keys: Keys::new(prefix),
            counters: Scripts::default(),
        })
    }
}

#[async_trait]
impl StateStore for RedisState {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut get = redis::cmd("GET");
        get.arg(self.keys.state(key));
        self.connection.query(&get, PATIENCE).await
    }

    async fn put(&self, key: &str, value: &[u8], kept: Duration) -> Result<(), StoreError> {
        let mut set = redis::cmd("SET");
        let millis = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).max(1);
        set.arg(self.keys.state(key)).arg(value).arg("PX").arg(millis);
        self.connection.query::<()>(&set, PATIENCE).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let mut del = redis::cmd("DEL");
        del.arg(self.keys.state(key));
        self.connection.query::<i64>(&del, PATIENCE).await.map(drop)
    }
}

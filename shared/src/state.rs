//! What data planes keep for their callers between requests, and share with each other. No
//! configuration: it may be lost, and is forgotten after a time.

use std::time::Duration;

use async_trait::async_trait;

use crate::store::StoreError;

/// Values by their keys, the same for every data plane.
#[async_trait]
pub trait StateStore: Send + Sync + 'static {
    /// The value, while it is kept.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a value for so long; the last one counts.
    async fn put(&self, key: &str, value: &[u8], kept: Duration) -> Result<(), StoreError>;

    /// Forgets a value.
    async fn remove(&self, key: &str) -> Result<(), StoreError>;
}

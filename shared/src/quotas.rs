//! How far the quotas of API keys are used. The data plane implements it, the binary injects it, and so
//! they are looked up by the code that counts. Data planes that are elsewhere and count on their own tell
//! it in their reports, and are told to reset it by what these are answered with.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::resources::Apikey;
use crate::store::StoreError;

/// The time for which a quota of a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// Some seconds, or what a bucket holds.
    Window,
    /// The calendar day.
    Day,
    /// The calendar month.
    Month,
}

/// What was used of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Used {
    /// Of which quota.
    pub period: Period,
    /// How many calls.
    pub calls: u64,
    /// When they count no more.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// What was used of the quotas of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyUsage {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// Of each quota of which something is.
    pub used: Vec<Used>,
}

/// What a report is answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// How far the data plane is told of resets; its next report says so.
    pub resets_until: u64,
    /// The keys whose counters it is to reset, of those that it was not told of.
    pub resets: Vec<Arc<str>>,
}

/// The counters of keys, as far as they are here.
#[async_trait]
pub trait KeyCounters: Send + Sync + 'static {
    /// Whether these are the counters that data planes have in common, rather than those of the data
    /// plane of this process.
    fn in_common(&self) -> bool;

    /// What was used of the key's quotas; none where nothing was.
    async fn used(&self, key: &Apikey) -> Result<Vec<Used>, StoreError>;

    /// All of its quotas are whole again.
    async fn reset(&self, key: &Apikey) -> Result<(), StoreError>;
}

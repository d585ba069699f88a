//! What data planes say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::quotas::KeyUsage;
use crate::revision::Digest;
use crate::store::REPORT_LIVE;

/// How one data plane is, as told by itself every few seconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DataPlaneReport {
    /// Stays the same over restarts of one data folder.
    #[schema(value_type = String, example = "dp_01jd3x7c7v5x")]
    pub id: Arc<str>,
    /// Of the program.
    #[schema(value_type = String, example = "0.1.0")]
    pub version: Arc<str>,
    /// Where it listens.
    #[schema(example = "127.0.0.1:9080")]
    pub address: String,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it said this, by its own clock.
    #[schema(value_type = String, format = DateTime)]
    pub reported_at: Timestamp,
    /// The lineage it serves; none before its first snapshot.
    #[schema(value_type = Option<String>)]
    pub lineage: Option<Arc<str>>,
    /// The revision it serves.
    pub revision: u64,
    /// Over all documents that it serves.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// When it began to serve that revision.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub applied_at: Option<Timestamp>,
    /// What it could not build and so left in its last good form.
    pub refusals: Vec<Refusal>,
    /// What else is wrong with it: a source it cannot reach, a disk it cannot write, a lineage
    /// that is not its own. Empty when all is well.
    pub alarms: Vec<String>,
    /// Providers that are held, probed, or have failed since it started.
    #[serde(default)]
    pub providers: Vec<ProviderHealth>,
    /// What was used of the quotas of API keys, of those that were used last first; none where they are
    /// counted in common, or in the control plane's process.
    #[serde(default)]
    pub quotas: Option<Vec<KeyUsage>>,
    /// How far it was told of resets of quotas; none before its first report was answered.
    #[serde(default)]
    pub resets_until: Option<u64>,
}

impl DataPlaneReport {
    /// How long ago it said this, in milliseconds; 0 where its clock is ahead.
    pub fn age_millis(&self, now: Timestamp) -> u64 {
        u64::try_from(now.as_millisecond().saturating_sub(self.reported_at.as_millisecond()))
            .unwrap_or(0)
    }

    /// Whether it said this within [`REPORT_LIVE`], whichever clock is ahead.
    pub fn is_live(&self, now: Timestamp) -> bool {
        let apart = now.as_millisecond().saturating_sub(self.reported_at.as_millisecond());
        u128::from(apart.unsigned_abs()) < REPORT_LIVE.as_millis()
    }
}

/// How a provider is, as one data plane finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderHealth {
    /// Its id.
    #[schema(example = "provider_openai_1")]
    pub id: String,
    /// Why an operator keeps it from being asked.
    pub held: Option<String>,
    /// Whether it is probed.
    pub probed: bool,
    /// Why probes find it unwell.
    pub unwell: Option<String>,
    /// Attempts since the data plane started.
    pub attempts: u64,
    /// How many of them failed, by kind.
    #[schema(example = json!({"timeout": 3}))]
    pub failures: BTreeMap<String, u64>,
    /// Its credentials and models that were asked.
    pub targets: Vec<TargetHealth>,
}

/// How a credential and a model of a provider are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TargetHealth {
    /// Which of the provider's credentials, from 0.
    pub credential: u32,
    /// The model as the provider calls it; empty where none was named, `*` for all those for which
    /// there is no room.
    #[schema(example = "gpt-4o-mini")]
    pub model: String,
    /// Whether it is asked.
    pub breaker: BreakerState,
    /// For how many milliseconds yet it is not asked, be it for the breaker or because the provider
    /// wants the credential to be left alone.
    pub out_for: Option<u64>,
    /// Why, or how the last attempt failed.
    #[schema(example = "server (500)")]
    pub reason: Option<String>,
    /// Failures in a row.
    pub failures_in_a_row: u64,
    /// All failures that were the target's.
    pub failures: u64,
    /// Attempts under way.
    pub in_flight: u32,
    /// Milliseconds to the first content, of late.
    pub latency: Option<u64>,
}

/// How a circuit breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Attempts are made.
    Closed,
    /// None are made.
    Open,
    /// One is made to see how it does.
    HalfOpen,
}

/// One document that a data plane could not build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// The plural of its kind.
    #[schema(example = "providers")]
    pub kind: String,
    /// Its id.
    #[schema(example = "provider_openai_1")]
    pub id: String,
    /// The revision that brought it.
    pub revision: u64,
    /// Why, without secrets.
    #[schema(example = "the environment variable OPENAI_API_KEY is not set")]
    pub reason: String,
}

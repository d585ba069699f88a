//! What data planes say of themselves.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::revision::Digest;

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

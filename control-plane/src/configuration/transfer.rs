//! Everything out, and in again. An export keeps secrets sealed and hashed, as the store does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sanmon_shared::Document;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names the form of an export.
pub const FORMAT: &str = "sanmon.export/v1";

/// Every document, as stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Export {
    /// [`FORMAT`].
    #[schema(example = "sanmon.export/v1")]
    pub format: &'static str,
    /// Of which line of revisions.
    pub lineage: String,
    /// At which revision.
    pub revision: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub exported_at: Timestamp,
    /// By kinds, in the order of their ids.
    #[schema(value_type = BTreeMap<String, Vec<Object>>)]
    pub resources: BTreeMap<String, Vec<Document>>,
}

/// What an import does with documents that it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// They stay.
    #[default]
    Merge,
    /// They are deleted: the configuration becomes what is imported.
    Replace,
}

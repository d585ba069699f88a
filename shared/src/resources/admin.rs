use jiff::Timestamp;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{AdminId, yes};
use crate::resource::Resource;
use crate::secret::HashedSecret;

/// Who may call the admin API.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Admin {
    /// Generated when absent. The user name of Basic, and the client id of Otoroshi's headers.
    #[schema(value_type = Option<String>)]
    pub id: AdminId,
    /// Shown to people, and in the history.
    #[serde(default)]
    pub name: String,
    /// Who that is.
    #[serde(default)]
    pub description: String,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What it may do.
    #[serde(default)]
    pub role: Role,
    /// A disabled one is refused.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Refused from then on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    /// Generated when absent. The answer to the write that sets it shows it once.
    #[schema(value_type = Option<HashedSecret>)]
    pub key: HashedSecret,
}

/// What an admin may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Reading.
    #[default]
    Viewer,
}

impl Resource for Admin {
    const KIND: &'static str = "admin";
    const PLURAL: &'static str = "admins";
    const TITLE: &'static str = "Admin";
    const ABOUT: &'static str = "Who may call the admin API.";

    fn example() -> Value {
        json!({"name": "pipeline", "role": "viewer"})
    }
}

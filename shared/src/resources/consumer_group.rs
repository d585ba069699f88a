use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ConsumerGroupId, PluginSlot};
use crate::resource::Resource;

/// Plugins that several consumers share.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsumerGroup {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: ConsumerGroupId,
    /// Shown to people.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What requests of its consumers pass. A plugin of a kind that the route or service has too takes
    /// that one's place; the consumer's own takes this one's.
    #[serde(default)]
    pub plugins: Vec<PluginSlot>,
}

impl Resource for ConsumerGroup {
    const KIND: &'static str = "consumer-group";
    const PLURAL: &'static str = "consumer-groups";
    const TITLE: &'static str = "ConsumerGroup";
    const ABOUT: &'static str = "Plugins that several consumers share.";

    fn example() -> Value {
        json!({"name": "trial", "plugins": []})
    }
}

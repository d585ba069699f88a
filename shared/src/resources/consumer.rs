use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ConsumerGroupId, ConsumerId, PluginSlot, yes};
use crate::resource::Resource;

/// Who calls: a person, team or application with plugins of its own, whatever key it shows. API keys
/// name it in `consumerRef`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Consumer {
    /// Generated when absent. APISIX calls it `username`.
    #[schema(value_type = Option<String>)]
    pub id: ConsumerId,
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
    /// The keys of a disabled consumer are refused.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The group whose plugins it has too.
    #[serde(default)]
    pub group_ref: Option<ConsumerGroupId>,
    /// What its requests pass. A plugin of a kind that the route or service has too takes that one's
    /// place.
    #[serde(default)]
    pub plugins: Vec<PluginSlot>,
}

impl Resource for Consumer {
    const KIND: &'static str = "consumer";
    const PLURAL: &'static str = "consumers";
    const TITLE: &'static str = "Consumer";
    const ABOUT: &'static str = "Who calls, with plugins of their own.";

    fn example() -> Value {
        json!({"name": "team blue", "metadata": {"cost_center": "4711"}})
    }
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Inert, PluginConfig, PluginId, yes};
use crate::resource::Resource;

/// A plugin with its config, used by the slots that name it in `ref`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Plugin)]
pub struct PluginInstance {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: PluginId,
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
    /// Slots that use a disabled plugin are skipped.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The kind of plugin, as `/plugin-kinds` lists it.
    #[schema(example = "openai-chat-completions")]
    pub plugin: String,
    /// Its config, by that kind's schema.
    #[serde(default)]
    pub config: PluginConfig,
}

/// A place in a route's, service's or the global list of plugins.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PluginSlot {
    /// A disabled slot is skipped.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The kind of plugin, as `/plugin-kinds` lists it. Either this or `ref`.
    #[serde(default)]
    #[schema(example = "openai-chat-completions")]
    pub plugin: Option<String>,
    /// A stored plugin instead, with its config.
    #[serde(default, rename = "ref")]
    pub instance: Option<PluginId>,
    /// The config, by the kind's schema.
    #[serde(default)]
    pub config: PluginConfig,
    /// Regular expressions; the slot acts where one matches the whole path. None: everywhere.
    #[serde(default)]
    pub include: Vec<String>,
    /// Regular expressions; the slot does not act where one matches the whole path.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Path prefixes of whole segments, beside `include`.
    #[serde(default)]
    #[schema(example = json!(["/v1/chat/completions"]))]
    pub includes: Vec<String>,
    /// Path prefixes of whole segments, beside `exclude`.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Contexts in an execution report.
    #[serde(default)]
    debug: Inert,
    /// Listeners on which the slot acts.
    #[serde(default)]
    bound_listeners: Inert,
    /// Order by phase; the order of the list counts.
    #[serde(default)]
    plugin_index: Inert,
}

impl Resource for PluginInstance {
    const KIND: &'static str = "plugin";
    const PLURAL: &'static str = "plugins";
    const TITLE: &'static str = "Plugin";
    const ABOUT: &'static str =
        "Plugins with their configs, shared by the slots that refer to them.";

    fn example() -> Value {
        json!({"name": "team keys only", "plugin": "apikeys", "config": {"mandatory": true}})
    }
}

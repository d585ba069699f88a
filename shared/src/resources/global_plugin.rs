use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{GlobalPluginId, PluginConfig, yes};
use crate::resource::Resource;

/// A plugin that every request passes, before those of its service and route.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GlobalPlugin {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: GlobalPluginId,
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
    /// A disabled one is skipped.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Smaller ones come first; equal ones by id.
    #[serde(default)]
    pub order: i32,
    /// The kind of plugin, as `/plugin-kinds` lists it.
    #[schema(example = "cors")]
    pub plugin: String,
    /// Its config, by that kind's schema.
    #[serde(default)]
    pub config: PluginConfig,
    /// Regular expressions; it acts where one matches the whole path. None: everywhere.
    #[serde(default)]
    pub include: Vec<String>,
    /// Regular expressions; it does not act where one matches the whole path.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Path prefixes of whole segments, beside `include`.
    #[serde(default)]
    pub includes: Vec<String>,
    /// Path prefixes of whole segments, beside `exclude`.
    #[serde(default)]
    pub excludes: Vec<String>,
}

impl Resource for GlobalPlugin {
    const KIND: &'static str = "global-plugin";
    const PLURAL: &'static str = "global-plugins";
    const TITLE: &'static str = "GlobalPlugin";
    const ABOUT: &'static str = "Plugins that every request passes.";

    fn example() -> Value {
        json!({"name": "browsers may call", "plugin": "cors", "config": {"allow_origin": "*"}})
    }
}

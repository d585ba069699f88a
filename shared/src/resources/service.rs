use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Backend, BackendId, PluginSlot, ServiceId, yes};
use crate::resource::Resource;

/// What several routes share: they name it in `service_ref` and inherit from it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: ServiceId,
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
    /// The routes of a disabled service are as good as absent.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Hosts of its routes that have no domain of their own; a route's domain that begins with `/`
    /// is a path on these hosts.
    #[serde(default)]
    #[schema(example = json!(["llm.my-domain.com"]))]
    pub domains: Vec<String>,
    /// Whether the path that a domain of the service has is removed on the way to targets, of routes
    /// with paths below it that do not strip those themselves.
    #[serde(default)]
    pub strip_path: bool,
    /// For its routes that have none of their own.
    #[serde(default)]
    pub backend: Option<Backend>,
    /// A stored backend, which wins over `backend`.
    #[serde(default)]
    pub backend_ref: Option<BackendId>,
    /// What requests of its routes pass before the route's own plugins. Of a kind that the route has too,
    /// where both act on a path, only the route's acts.
    #[serde(default)]
    pub plugins: Vec<PluginSlot>,
}

impl Resource for Service {
    const KIND: &'static str = "service";
    const PLURAL: &'static str = "services";
    const TITLE: &'static str = "Service";
    const ABOUT: &'static str = "Domains, backend and plugins that several routes inherit.";

    fn example() -> Value {
        json!({
            "name": "llm",
            "domains": ["llm.my-domain.com"],
            "plugins": [{"plugin": "apikeys"}]
        })
    }
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Backend, BackendId, Inert, PluginSlot, RouteId, ServiceId, Vars, yes};
use crate::resource::Resource;

/// Sends matching requests through its plugins to its backend.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: RouteId,
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
    /// A disabled route is as good as absent.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Groups by which API keys are authorised on it.
    #[serde(default = "default_groups")]
    pub groups: Vec<String>,
    /// Which requests it answers.
    #[serde(default)]
    pub frontend: Frontend,
    /// Where its requests go, unless one of its plugins answers them.
    #[serde(default)]
    pub backend: Option<Backend>,
    /// A stored backend, which wins over `backend`.
    #[serde(default)]
    pub backend_ref: Option<BackendId>,
    /// The service whose domains, backend and plugins it inherits.
    #[serde(default)]
    pub service_ref: Option<ServiceId>,
    /// What its requests pass, in this order, after the global plugins and those of its service.
    #[serde(default)]
    pub plugins: Vec<PluginSlot>,
    #[serde(default)]
    #[doc = "An execution report per request."]
    debug_flow: Inert,
    #[serde(default)]
    #[doc = "Execution reports as events."]
    export_reporting: Inert,
    #[serde(default)]
    #[doc = "Traffic captures as events."]
    capture: Inert,
    #[serde(default)]
    #[doc = "Listeners to which the route is bound."]
    bound_listeners: Inert,
}

/// Which requests a route answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Frontend {
    /// `host[/path]`, without scheme and port. `*` stands for any text in the host or in a path
    /// segment, `:name` and `$name<regex>` for a segment. Without domains, any host and path.
    #[schema(example = json!(["llm.my-domain.com"]))]
    pub domains: Vec<String>,
    /// One more domain.
    pub domain: Option<String>,
    /// Paths on those domains, from `/` to their end, or to a `*` that ends them: `/chat`, `/v1/*`.
    /// No other character stands for others. None: as the domains say.
    #[schema(example = json!(["/chat", "/v1/*"]))]
    pub paths: Vec<String>,
    /// Among routes whose domain and path are equal, the larger goes first.
    pub priority: i32,
    /// Whether the matched path prefix is removed on the way to the backend's targets.
    pub strip_path: bool,
    /// Whether the path must match to its end.
    pub exact: bool,
    /// Expected headers: a literal, `Exists()`, `NotDefined()`, `Regex(…)` or `Wildcard(…)`.
    pub headers: BTreeMap<String, String>,
    /// Expected query parameters, in the same words.
    pub query: BTreeMap<String, String>,
    /// Expected cookies, in the same words.
    pub cookies: BTreeMap<String, String>,
    /// Methods; none for any.
    pub methods: Vec<String>,
    /// Addresses and networks of callers, behind trusted proxies too; none for any.
    #[schema(example = json!(["10.0.0.0/8", "::1"]))]
    pub addresses: Vec<String>,
    /// Conditions on whatever else a request says, its body included.
    pub vars: Vars,
}

impl Default for Frontend {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            domain: None,
            paths: Vec::new(),
            priority: 0,
            strip_path: true,
            exact: false,
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            cookies: BTreeMap::new(),
            methods: Vec::new(),
            addresses: Vec::new(),
            vars: Vars::default(),
        }
    }
}

fn default_groups() -> Vec<String> {
    vec!["default".to_owned()]
}

impl Resource for Route {
    const KIND: &'static str = "route";
    const PLURAL: &'static str = "routes";
    const TITLE: &'static str = "Route";
    const ABOUT: &'static str = "Which requests are answered, by which plugins, from where.";

    fn example() -> Value {
        json!({
            "name": "chat",
            "frontend": {"domains": ["llm.my-domain.com"]},
            "plugins": [
                {"plugin": "apikeys"},
                {
                    "plugin": "openai-chat-completions",
                    "includes": ["/v1/chat/completions"],
                    "config": {"refs": ["provider_example"]}
                }
            ]
        })
    }
}

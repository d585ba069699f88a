//! What documents look like here. Every member that is taken stands in these types; what others they
//! may have elsewhere is refused by name, with a reason where we know one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::refusal::Refusal;

/// The plugins of a resource, by name.
pub(super) type Plugins = Map<String, Value>;
/// Labels with values.
pub(super) type Labels = BTreeMap<String, String>;

/// An id: a text, or a number of which the digits are the text.
#[derive(Clone, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^[a-zA-Z0-9_.-]{1,64}$")]
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E>(self, id: &str) -> Result<Id, E> {
                Ok(Id(id.to_owned()))
            }

            fn visit_u64<E>(self, id: u64) -> Result<Id, E> {
                Ok(Id(id.to_string()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Which requests are answered, by which plugins, from where.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixRoute)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Route {
    pub(super) id: Option<Id>,
    #[schema(min_length = 1, max_length = 256)]
    pub(super) name: Option<String>,
    #[schema(max_length = 256)]
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    /// Exact, or a prefix where it ends with `*`. One of `uri`, `uris` and `paths`.
    pub(super) uri: Option<String>,
    pub(super) uris: Option<Vec<String>>,
    /// The same as `uris`.
    pub(super) paths: Option<Vec<String>>,
    pub(super) host: Option<String>,
    pub(super) hosts: Option<Vec<String>>,
    pub(super) methods: Option<Vec<String>>,
    /// Larger first.
    pub(super) priority: Option<i32>,
    /// Address or network of callers. One of `remote_addr` and `remote_addrs`.
    pub(super) remote_addr: Option<String>,
    pub(super) remote_addrs: Option<Vec<String>>,
    /// Conditions: `[variable, operator, value]`, or lists of them after `AND`, `OR`, `!AND`, `!OR`.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(super) vars: Option<Vec<Value>>,
    /// 1, or 0 for a route that never matches.
    #[schema(minimum = 0, maximum = 1)]
    pub(super) status: Option<u8>,
    #[schema(value_type = Option<Object>)]
    pub(super) plugins: Option<Plugins>,
    pub(super) plugin_config_id: Option<Id>,
    pub(super) service_id: Option<Id>,
    pub(super) upstream_id: Option<Id>,
    pub(super) upstream: Option<Upstream>,
    /// Of its own `upstream`.
    pub(super) timeout: Option<Timeout>,
    pub(super) enable_websocket: Option<bool>,
}

/// What several routes share.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixService)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Service {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    pub(super) hosts: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    pub(super) plugins: Option<Plugins>,
    pub(super) upstream_id: Option<Id>,
    pub(super) upstream: Option<Upstream>,
    pub(super) enable_websocket: Option<bool>,
    /// 1, or 0 for a service whose routes never match.
    #[schema(minimum = 0, maximum = 1)]
    pub(super) status: Option<u8>,
    /// Only `http`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Before the paths of its routes.
    pub(super) path_prefix: Option<String>,
    /// Whether upstreams see paths without it; they do unless told otherwise.
    pub(super) strip_path_prefix: Option<bool>,
}

/// Servers that requests are sent to.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixUpstream)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Upstream {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    /// `roundrobin`, `chash`, `least_conn` or `ewma`.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// For `chash`: `vars`, `header`, `cookie`, `consumer` or `vars_combinations`.
    pub(super) hash_on: Option<String>,
    /// Its name; of `vars_combinations` all names, a `$` before each.
    pub(super) key: Option<String>,
    /// `{"host:port": weight}`, or a list of `{host, port, weight, priority}`.
    #[schema(value_type = Option<Object>)]
    pub(super) nodes: Option<Value>,
    /// `http` or `https`.
    pub(super) scheme: Option<String>,
    /// `pass`, `node` or `rewrite`.
    pub(super) pass_host: Option<String>,
    /// For `rewrite`.
    pub(super) upstream_host: Option<String>,
    /// Attempts after the first.
    pub(super) retries: Option<u32>,
    pub(super) timeout: Option<Timeout>,
}

/// A node of an upstream, in the form of a list.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixNode)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) weight: u32,
    #[serde(default)]
    pub(super) priority: i32,
}

/// Seconds.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixTimeout)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeout {
    pub(super) connect: f64,
    pub(super) send: f64,
    pub(super) read: f64,
}

/// Who calls.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixConsumer)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Consumer {
    pub(super) username: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    pub(super) group_id: Option<Id>,
    #[schema(value_type = Option<Object>)]
    pub(super) plugins: Option<Plugins>,
}

/// A key of a consumer.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixCredential)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Credential {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    /// `key-auth` with its `key`.
    #[schema(value_type = Option<Object>)]
    pub(super) plugins: Option<Plugins>,
}

/// Plugins under one id: a consumer group, a plugin config, a global rule.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixPlugins)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Bundle {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) desc: Option<String>,
    pub(super) labels: Option<Labels>,
    #[schema(value_type = Option<Object>)]
    pub(super) plugins: Option<Plugins>,
}

/// Members that these documents may have elsewhere, and why they are not taken.
const REFUSED: &[(&str, &str, &str)] = &[
    ("route", "filter_func", LUA),
    ("route", "script", LUA),
    ("route", "script_id", LUA),
    ("service", "script", LUA),
    (
        "upstream",
        "checks",
        "servers of plain proxying are not probed; instances of ai-proxy-multi are",
    ),
    ("upstream", "service_name", DISCOVERY),
    ("upstream", "discovery_type", DISCOVERY),
    ("upstream", "discovery_args", DISCOVERY),
    ("upstream", "retry_timeout", "timeout bounds all attempts together"),
    ("upstream", "keepalive_pool", "connections are pooled, and the pool has no settings"),
    ("upstream", "tls", "client certificates are not sent to upstreams, and theirs are verified"),
];
const LUA: &str = "no Lua runs here";
const DISCOVERY: &str = "nodes are listed in the upstream; names are looked up in DNS";

/// Reads a document; what it says beyond its type is refused by name.
pub(super) fn read<D: DeserializeOwned>(what: &str, document: Value) -> Result<D, Refusal> {
    let Value::Object(members) = &document else {
        return Err(Refusal::invalid("the document is no object"));
    };
    for (_, member, why) in REFUSED.iter().filter(|(kind, ..)| *kind == what) {
        if members.contains_key(*member) {
            return Err(Refusal::invalid(format!(
                "additional properties forbidden, found {member}: {why}"
            )));
        }
    }
    if let Some(upstream) = members.get("upstream").and_then(Value::as_object) {
        let refused = REFUSED
            .iter()
            .find(|(kind, member, _)| *kind == "upstream" && upstream.contains_key(*member));
        if let Some((_, member, why)) = refused {
            return Err(Refusal::property("upstream", &format!("{member}: {why}")));
        }
    }
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        let text = error.into_inner().to_string();
        let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        match unknown {
            Some((member, _)) if member == path => {
                Refusal::invalid(format!("additional properties forbidden, found {member}"))
            }
            Some((member, _)) => Refusal::property(
                path.strip_suffix(member).unwrap_or(&path).trim_end_matches('.'),
                &format!("additional properties forbidden, found {member}"),
            ),
            None => Refusal::property(&path, &text),
        }
    })
}

/// A document as it is shown: members that say nothing are left out.
pub(super) fn written(document: &impl Serialize) -> Map<String, Value> {
    let value = serde_json::to_value(document).unwrap_or_default();
    let Value::Object(mut members) = value else { return Map::new() };
    members.retain(|_, value| !value.is_null());
    for (name, value) in &mut members {
        // Configs of plugins are shown as they are.
        if let (true, Value::Object(inner)) = (name == "upstream", value) {
            inner.retain(|_, value| !value.is_null());
        }
    }
    members
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BackendId, HashOn, Inert};
use crate::resource::Resource;

/// A backend that several routes name in `backend_ref`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = StoredBackend)]
pub struct BackendEntity {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: BackendId,
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
    /// The backend.
    pub backend: Backend,
}

/// Where requests go that no plugin answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Backend {
    /// The servers. A route whose plugin answers never calls them.
    pub targets: Vec<Target>,
    /// Prefix of the upstream path.
    pub root: String,
    /// Whether the upstream path is exactly `root`.
    pub rewrite: bool,
    /// Timeouts.
    pub client: Client,
    /// `scheme://host[:port][/root]`: short for one target and its root.
    #[schema(example = "https://api.example.com/v1")]
    pub url: Option<String>,
    /// The same as `url`.
    pub target: Option<String>,
    /// The same as `url`.
    pub target_url: Option<String>,
    /// How a target is chosen.
    pub load_balancing: LoadBalancing,
    /// By which name targets are called, in the header `Host`.
    pub pass_host: PassHost,
    /// The name, where `pass_host` is `rewrite`.
    #[schema(example = "api.internal")]
    pub upstream_host: Option<String>,
    /// Active probes of targets.
    health_check: Inert,
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            root: "/".to_owned(),
            rewrite: false,
            client: Client::default(),
            url: None,
            target: None,
            target_url: None,
            load_balancing: LoadBalancing::default(),
            pass_host: PassHost::default(),
            upstream_host: None,
            health_check: Inert,
        }
    }
}

/// A server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// A label for it.
    #[serde(default)]
    pub id: Option<String>,
    /// Name or address.
    #[schema(example = "request.otoroshi.io")]
    pub hostname: String,
    /// Port.
    #[serde(default)]
    pub port: Option<u16>,
    /// Whether it is called over TLS.
    #[serde(default)]
    pub tls: bool,
    /// Its share, relative to the others; 0 takes it out.
    #[serde(default = "one")]
    pub weight: u32,
    /// Called only when no other target is left.
    #[serde(default)]
    pub backup: bool,
    /// Those with a smaller one are called only when none with a larger one is left.
    #[serde(default)]
    pub priority: i32,
    /// Address to connect to instead of resolving `hostname`.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// Lets it be a link-local address or a cloud's metadata service, which are refused otherwise.
    #[serde(default)]
    pub allow_link_local: bool,
    /// Protocol version; now always HTTP/1.1.
    #[serde(default)]
    protocol: Inert,
    /// Where the target may be used from.
    #[serde(default)]
    predicate: Inert,
    /// Client certificates and trust.
    #[serde(default)]
    tls_config: Inert,
}

/// How one of the targets of a priority is chosen.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LoadBalancing {
    /// The way.
    #[serde(rename = "type")]
    pub kind: BalancingKind,
    /// For `ConsistentHash`: what of a request is hashed, all of these together. Where a request has
    /// none of them, and when there are none, its caller's address is.
    pub hash_on: Vec<HashOn>,
    /// For `HeaderHash`: the header.
    pub header_name: Option<String>,
    /// For `CookieHash`: the cookie.
    pub cookie_name: Option<String>,
    /// For `QueryHash`: the parameter.
    pub query_name: Option<String>,
    /// For `WeightedBestResponseTime`: the part of requests that goes to the best, between 0 and 1.
    #[schema(minimum = 0, maximum = 1)]
    pub ratio: f64,
}

impl Default for LoadBalancing {
    fn default() -> Self {
        Self {
            kind: BalancingKind::default(),
            hash_on: Vec::new(),
            header_name: None,
            cookie_name: None,
            query_name: None,
            ratio: 0.5,
        }
    }
}

/// A way of choosing a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum BalancingKind {
    /// In turn, by weight.
    #[default]
    RoundRobin,
    /// By chance, by weight.
    Random,
    /// The same one for the same caller, by a cookie that it is given.
    Sticky,
    /// The same one for the same address.
    IpAddressHash,
    /// The same one for the same value of a header.
    HeaderHash,
    /// The same one for the same value of a cookie.
    CookieHash,
    /// The same one for the same value of a parameter.
    QueryHash,
    /// The same one for the same value of `hash_on`.
    ConsistentHash,
    /// The one of two, drawn by weight, with less under way for its weight.
    LeastConnections,
    /// The same as `LeastConnections`.
    PowerOfTwoRandomChoices,
    /// The one that answered soonest of late; now and then another, to see how that does.
    BestResponseTime,
    /// The same for a part of requests; the others go to any.
    WeightedBestResponseTime,
    /// The first of the list; the next one when it cannot be reached.
    NaiveFailover,
}

/// By which name targets are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PassHost {
    /// By the name by which the caller called the gateway.
    #[default]
    Pass,
    /// By their own.
    Node,
    /// By `upstream_host`.
    Rewrite,
}

fn one() -> u32 {
    1
}

/// Timeouts of calls to targets, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Client {
    /// One call, until the head of the answer.
    #[schema(minimum = 1)]
    pub call_timeout: u64,
    /// The same for all attempts together.
    #[schema(minimum = 1)]
    pub global_timeout: u64,
    /// One call, its whole body included.
    #[schema(minimum = 1)]
    pub call_and_stream_timeout: u64,
    /// Until the connection stands.
    #[schema(minimum = 1)]
    pub connection_timeout: u64,
    /// Silence on the connection.
    #[schema(minimum = 1)]
    pub idle_timeout: u64,
    /// Attempts at most, the first one included; each target once when absent. Where it says more than
    /// one, calls that may be repeated (`GET`, `PUT`, …) are also tried again after they were sent.
    #[schema(minimum = 1)]
    pub retries: Option<u32>,
    /// Failures that open the breaker.
    max_errors: Inert,
    /// Delay before the second attempt.
    retry_initial_delay: Inert,
    /// Factor of that delay.
    backoff_factor: Inert,
    /// How long a breaker stays open.
    sample_interval: Inert,
    /// Forward proxy.
    proxy: Inert,
    /// Timeouts by path.
    custom_timeouts: Inert,
    /// Connection cache.
    cache_connection_settings: Inert,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            call_timeout: 30_000,
            global_timeout: 30_000,
            call_and_stream_timeout: 120_000,
            connection_timeout: 10_000,
            idle_timeout: 60_000,
            retries: None,
            max_errors: Inert,
            retry_initial_delay: Inert,
            backoff_factor: Inert,
            sample_interval: Inert,
            proxy: Inert,
            custom_timeouts: Inert,
            cache_connection_settings: Inert,
        }
    }
}

impl Resource for BackendEntity {
    const KIND: &'static str = "backend";
    const PLURAL: &'static str = "backends";
    const TITLE: &'static str = "StoredBackend";
    const ABOUT: &'static str = "Servers that several routes send plain HTTP requests to.";

    fn example() -> Value {
        json!({
            "name": "billing",
            "backend": {"targets": [{"hostname": "billing.internal", "port": 8080}], "root": "/v2"}
        })
    }
}

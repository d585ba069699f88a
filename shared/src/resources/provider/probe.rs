use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks now and then whether a provider is well, with its credential. Times in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Probe {
    /// What is done.
    #[serde(rename = "type")]
    pub kind: ProbeKind,
    /// The method of the request.
    #[schema(example = "GET")]
    pub method: String,
    /// The path, from the root of the provider's host; its list of models when absent.
    #[schema(example = "/health")]
    pub path: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// Headers beside those of the credential.
    pub headers: BTreeMap<String, String>,
    /// Between two of them while all is well.
    #[schema(minimum = 100)]
    pub interval: u64,
    /// How long one may take.
    #[schema(minimum = 1)]
    pub timeout: u64,
    /// When a provider that was unwell is well again.
    pub healthy: HealthyWhen,
    /// When it is unwell.
    pub unhealthy: UnhealthyWhen,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            kind: ProbeKind::Http,
            method: "GET".to_owned(),
            path: None,
            body: None,
            headers: BTreeMap::new(),
            interval: 10_000,
            timeout: 5_000,
            healthy: HealthyWhen::default(),
            unhealthy: UnhealthyWhen::default(),
        }
    }
}

/// What a probe does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// A request, whose status counts.
    Http,
    /// A connection, whatever is answered on it.
    Tcp,
}

/// When a provider that was unwell is well again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct HealthyWhen {
    /// So many good answers in a row.
    #[schema(minimum = 1, maximum = 254)]
    pub successes: u32,
    /// The good statuses; 200 to 399 when empty.
    pub statuses: Vec<u16>,
}

impl Default for HealthyWhen {
    fn default() -> Self {
        Self { successes: 2, statuses: Vec::new() }
    }
}

/// When a provider is unwell.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UnhealthyWhen {
    /// Between two of them while it is unwell; the same as while all is well when absent.
    #[schema(minimum = 100)]
    pub interval: Option<u64>,
    /// So many bad answers in a row.
    #[schema(minimum = 1, maximum = 254)]
    pub failures: u32,
    /// The bad statuses; 429 and 500 to 599 when empty. Others say nothing.
    pub statuses: Vec<u16>,
    /// So many connections in a row that could not be made, or broke.
    #[schema(minimum = 1, maximum = 254)]
    pub connect_failures: u32,
    /// So many in a row without an answer in time.
    #[schema(minimum = 1, maximum = 254)]
    pub timeouts: u32,
}

impl Default for UnhealthyWhen {
    fn default() -> Self {
        Self { interval: None, failures: 5, statuses: Vec::new(), connect_failures: 2, timeouts: 3 }
    }
}

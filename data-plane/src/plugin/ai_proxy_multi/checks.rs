use std::collections::BTreeMap;

use sanmon_shared::Problem;
use sanmon_shared::resources::{HealthyWhen, Inert, Probe, ProbeKind, UnhealthyWhen};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::target::ProbeRules;

/// Calls that find out whether an instance is well.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AiProxyMultiChecks)]
pub(super) struct Checks {
    /// Made beside requests.
    active: Active,
}

/// Calls that are made beside requests.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyMultiActiveChecks)]
struct Active {
    /// What is called; over TLS where the endpoint is.
    r#type: Kind,
    /// Seconds that one may take.
    timeout: f64,
    #[doc = "How many are made at once."]
    concurrency: Inert,
    #[doc = "The host: credentials go to that of the endpoint alone."]
    host: Inert,
    #[doc = "The port: it is that of the endpoint."]
    port: Inert,
    /// The method of the request.
    http_method: String,
    /// Its body.
    http_req_body: String,
    /// Its path, from the root of the endpoint's host.
    http_path: String,
    #[doc = "Whether certificates are verified: they are."]
    https_verify_certificate: Inert,
    /// Its headers, beside those of `auth`, as `Name: value`.
    req_headers: Vec<String>,
    /// When an instance is well again.
    healthy: Healthy,
    /// When it is not.
    unhealthy: Unhealthy,
}

/// What is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AiProxyMultiCheckType)]
enum Kind {
    /// The HTTP server.
    #[default]
    Http,
    /// The same.
    Https,
    /// Whoever takes a connection.
    Tcp,
}

/// When an instance is well again.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyMultiHealthy)]
struct Healthy {
    /// Seconds between two calls while all is well.
    #[schema(minimum = 1)]
    interval: u64,
    /// The good statuses.
    http_statuses: Vec<u16>,
    /// So many good answers in a row.
    #[schema(minimum = 1, maximum = 254)]
    successes: u32,
}

/// When an instance is not well.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyMultiUnhealthy)]
struct Unhealthy {
    /// Seconds between two calls while it is not.
    #[schema(minimum = 1)]
    interval: u64,
    /// The bad statuses; others say nothing.
    http_statuses: Vec<u16>,
    /// So many bad answers in a row.
    #[schema(minimum = 1, maximum = 254)]
    http_failures: u32,
    /// So many connections in a row that could not be made.
    #[schema(minimum = 1, maximum = 254)]
    tcp_failures: u32,
    /// So many calls in a row without an answer in time.
    #[schema(minimum = 1, maximum = 254)]
    timeouts: u32,
}

impl Default for Active {
    fn default() -> Self {
        Self {
            r#type: Kind::Http,
            timeout: 1.0,
            concurrency: Inert,
            host: Inert,
            port: Inert,
            http_method: "GET".to_owned(),
            http_req_body: String::new(),
            http_path: "/".to_owned(),
            https_verify_certificate: Inert,
            req_headers: Vec::new(),
            healthy: Healthy::default(),
            unhealthy: Unhealthy::default(),
        }
    }
}

impl Default for Healthy {
    fn default() -> Self {
        Self { interval: 1, http_statuses: vec![200, 302], successes: 2 }
    }
}

impl Default for Unhealthy {
    fn default() -> Self {
        Self {
            interval: 1,
            http_statuses: vec![429, 404, 500, 501, 502, 503, 504, 505],
            http_failures: 5,
            tcp_failures: 2,
            timeouts: 3,
        }
    }
}

impl Checks {
    /// Checks and compiles them; problems point into the instance.
    pub(super) fn rules(&self) -> Result<ProbeRules, Vec<Problem>> {
        const AT: &str = "/checks/active";
        let mut problems = Vec::new();
        let Active { healthy, unhealthy, .. } = &self.active;
        let mut headers = BTreeMap::new();
        for (index, header) in self.active.req_headers.iter().enumerate() {
            if let Some((name, value)) = header.split_once(':') {
                headers.insert(name.trim().to_owned(), value.trim().to_owned());
            } else {
                let at = format!("{AT}/req_headers/{index}");
                problems.push(Problem::at(at, "a header is of the form \"Name: value\""));
            }
        }
        let seconds = self.active.timeout;
        if !(0.001..=3_600.0).contains(&seconds) {
            let text = "it has to be from 0.001 to 3600 seconds";
            problems.push(Problem::at(format!("{AT}/timeout"), text));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the bounds above; what is not is refused"
        )]
        let timeout = (seconds * 1_000.0) as u64;
        let body = Some(&self.active.http_req_body).filter(|body| !body.is_empty());
        let probe = Probe {
            kind: if self.active.r#type == Kind::Tcp { ProbeKind::Tcp } else { ProbeKind::Http },
            method: self.active.http_method.clone(),
            path: Some(self.active.http_path.clone()),
            body: body.cloned(),
            headers,
            interval: healthy.interval.max(1) * 1_000,
            timeout,
            healthy: HealthyWhen {
                successes: healthy.successes,
                statuses: healthy.http_statuses.clone(),
            },
            unhealthy: UnhealthyWhen {
                interval: Some(unhealthy.interval.max(1) * 1_000),
                failures: unhealthy.http_failures,
                statuses: unhealthy.http_statuses.clone(),
                connect_failures: unhealthy.tcp_failures,
                timeouts: unhealthy.timeouts,
            },
        };
        let rules = ProbeRules::build(&probe, AT, &mut problems);
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }
}

use std::net::IpAddr;
use std::time::Duration;

use sanmon_shared::problem::join_pointer;
use sanmon_shared::{Problem, resources};
use url::Url;

/// Where requests go that no plugin answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Backend {
    /// Servers with a weight above 0, primaries and backups. May be empty.
    pub targets: Box<[Target]>,
    /// Prefix of the upstream path: begins with `/` and ends without one, so `/` is empty.
    pub root: Box<str>,
    /// Whether the upstream path is exactly `root`, the query dropped.
    pub rewrite: bool,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whether it is called over TLS.
    pub tls: bool,
    /// Name or address, without brackets.
    pub host: Box<str>,
    /// Port.
    pub port: u16,
    /// Connected to instead of resolving `host`.
    pub address: Option<IpAddr>,
    /// Its share, relative to the others; at least 1.
    pub weight: u32,
    /// Called only when no other target is left.
    pub backup: bool,
    /// Whether it may be a link-local address or a metadata service.
    pub allow_link_local: bool,
}

/// How long calls to targets may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// One call, until the head of the answer.
    pub call: Duration,
    /// All attempts together, until the head of the answer.
    pub global: Duration,
    /// One call, its whole body included.
    pub stream: Duration,
    /// Silence on the connection.
    pub idle: Duration,
}

impl Backend {
    /// Checks and compiles it; problems point into the backend.
    pub fn build(document: &resources::Backend) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut targets = Vec::with_capacity(document.targets.len());
        for (index, target) in document.targets.iter().enumerate() {
            match Target::build(target) {
                Ok(target) if target.weight > 0 => targets.push(target),
                Ok(_) => {}
                Err(problem) => {
                    let at = join_pointer("/targets", &index.to_string());
                    problems.push(problem.under(&at));
                }
            }
        }
        let mut root = document.root.clone();
        let short = [
            ("/url", &document.url),
            ("/target", &document.target),
            ("/target_url", &document.target_url),
        ];
        if let Some((at, url)) = short.iter().find_map(|(at, url)| Some((at, url.as_ref()?))) {
            match Target::from_url(url) {
                Ok((target, path)) => {
                    targets.push(target);
                    root = path;
                }
                Err(message) => problems.push(Problem::at(*at, message)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let root = root.trim_matches('/');
        let root = if root.is_empty() { String::new() } else { format!("/{root}") };
        let client = &document.client;
        Ok(Self {
            targets: targets.into(),
            root: root.into(),
            rewrite: document.rewrite,
            timeouts: Timeouts {
                connect: Duration::from_millis(client.connection_timeout),
                call: Duration::from_millis(client.call_timeout),
                global: Duration::from_millis(client.global_timeout),
                stream: Duration::from_millis(client.call_and_stream_timeout),
                idle: Duration::from_millis(client.idle_timeout),
            },
        })
    }
}

impl Target {
    fn build(target: &resources::Target) -> Result<Self, Problem> {
        let host = target.hostname.trim_start_matches('[').trim_end_matches(']');
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        if url::Host::parse(&bracketed).is_err() {
            return Err(Problem::at("/hostname", "not the name or address of a host"));
        }
        let address = match &target.ip_address {
            None => None,
            Some(text) if text.is_empty() => None,
            Some(text) => {
                Some(text.parse().map_err(|_| Problem::at("/ip_address", "not an IP address"))?)
            }
        };
        Ok(Self {
            tls: target.tls,
            host: host.into(),
            port: target.port.unwrap_or(if target.tls { 443 } else { 80 }),
            address,
            weight: target.weight,
            backup: target.backup,
            allow_link_local: target.allow_link_local,
        })
    }

    fn from_url(text: &str) -> Result<(Self, String), &'static str> {
        let url = Url::parse(text).map_err(|_| "not a URL")?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err("the scheme is neither http nor https"),
        };
        let host = url.host_str().ok_or("the URL has no host")?;
        let target = Self {
            tls,
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port: url.port_or_known_default().unwrap_or(80),
            address: None,
            weight: 1,
            backup: false,
            allow_link_local: false,
        };
        Ok((target, url.path().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn build(document: Value) -> Result<Backend, Vec<Problem>> {
        Backend::build(&serde_json::from_value(document).unwrap())
    }

    #[test]
    fn a_url_is_one_target_and_its_root() {
        let backend = build(json!({"url": "https://api.example.com/v1/"})).unwrap();
        assert_eq!(backend.targets.len(), 1);
        let target = &backend.targets[0];
        assert_eq!((&*target.host, target.port, target.tls), ("api.example.com", 443, true));
        assert_eq!(&*backend.root, "/v1");
    }

    #[test]
    fn ports_follow_tls_and_weight_0_takes_a_target_out() {
        let backend = build(json!({"targets": [
            {"hostname": "a", "tls": true},
            {"hostname": "::1", "ip_address": "127.0.0.1"},
            {"hostname": "c", "weight": 0}
        ]}))
        .unwrap();
        let ports: Vec<u16> = backend.targets.iter().map(|target| target.port).collect();
        assert_eq!(ports, [443, 80]);
        assert_eq!(backend.targets[1].address, Some([127, 0, 0, 1].into()));
        assert_eq!(&*backend.root, "");
    }

    #[test]
    fn every_mistake_is_pointed_at() {
        let problems = build(json!({
            "targets": [{"hostname": "a b"}, {"hostname": "x", "ip_address": "y"}],
            "target_url": "ftp://x"
        }))
        .unwrap_err();
        let pointers: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/targets/0/hostname", "/targets/1/ip_address", "/target_url"]);
    }
}

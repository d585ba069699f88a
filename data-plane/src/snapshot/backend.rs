use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{BalancingKind, PassHost};
use sanmon_shared::{Problem, resources};
use url::Url;

use crate::forward::Balance;
use crate::plugin::BuildContext;

/// Where requests go that no plugin answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Backend {
    /// Servers with a weight above 0, tier by tier. May be empty.
    pub targets: Box<[Target]>,
    /// Prefix of the upstream path: begins with `/` and ends without one, so `/` is empty.
    pub root: Box<str>,
    /// Whether the upstream path is exactly `root`, the query dropped.
    pub rewrite: bool,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// By which name servers are called.
    pub host: HostHeader,
    /// How many of them are tried at most; each of them where nothing is said.
    pub attempts: Option<u32>,
    /// How one of a tier is chosen; in turn where nothing is said.
    pub(crate) balance: Option<Arc<Balance>>,
}

/// By which name servers are called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostHeader {
    /// The one by which the caller called.
    Caller,
    /// Their own.
    Target,
    /// This one.
    Name(Box<str>),
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
    /// Called only when no target of a smaller one is left.
    pub tier: u32,
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
    pub fn build(
        document: &resources::Backend,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut targets = Vec::with_capacity(document.targets.len());
        for (index, target) in document.targets.iter().enumerate() {
            match Target::build(target) {
                Ok(built) if built.weight > 0 => {
                    targets.push((target.backup, Reverse(target.priority), built));
                }
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
                    targets.push((false, Reverse(0), target));
                    root = path;
                }
                Err(message) => problems.push(Problem::at(*at, message)),
            }
        }
        let targets = tiers(targets, document.load_balancing.kind);
        let registry = context.targets;
        let mut inner = Vec::new();
        let balance = Balance::build(&document.load_balancing, &targets, registry, &mut inner);
        problems.extend(inner.into_iter().map(|problem| problem.under("/load_balancing")));
        let host = HostHeader::build(document).map_err(|problem| problems.push(problem));
        let host = match host {
            Ok(host) if problems.is_empty() => host,
            _ => return Err(problems),
        };
        let root = root.trim_matches('/');
        let root = if root.is_empty() { String::new() } else { format!("/{root}") };
        let client = &document.client;
        Ok(Self {
            targets,
            host,
            attempts: document.client.retries,
            balance: balance.map(Arc::new),
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

impl HostHeader {
    fn build(document: &resources::Backend) -> Result<Self, Problem> {
        let name = document.upstream_host.as_deref().map(str::trim).filter(|name| !name.is_empty());
        match (document.pass_host, name) {
            (PassHost::Pass, _) => Ok(Self::Caller),
            (PassHost::Node, _) => Ok(Self::Target),
            (PassHost::Rewrite, Some(name)) => {
                let is_host = url::Url::parse(&format!("http://{name}/"))
                    .is_ok_and(|url| url.path() == "/" && url.username().is_empty());
                if is_host {
                    Ok(Self::Name(name.into()))
                } else {
                    Err(Problem::at("/upstream_host", "not the name of a host"))
                }
            }
            (PassHost::Rewrite, None) => Err(Problem::at(
                "/upstream_host",
                "`pass_host` is `rewrite`, so it has to be there",
            )),
        }
    }
}

/// Servers tier by tier: by priority, backups last; of a failover, each alone.
fn tiers(mut targets: Vec<(bool, Reverse<i32>, Target)>, kind: BalancingKind) -> Box<[Target]> {
    // Stable: within a tier the order is the document's.
    targets.sort_by_key(|(backup, priority, _)| (*backup, *priority));
    let mut tier = 0;
    let mut before = None;
    let numbered = targets.into_iter().map(|(backup, priority, target)| {
        let alone = kind == BalancingKind::NaiveFailover;
        if before.is_some_and(|before| alone || before != (backup, priority)) {
            tier += 1;
        }
        before = Some((backup, priority));
        Target { tier, ..target }
    });
    numbered.collect()
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
            tier: 0,
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
            tier: 0,
            allow_link_local: false,
        };
        Ok((target, url.path().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::for_test::CONTEXT;
    use serde_json::{Value, json};

    fn build(document: Value) -> Result<Backend, Vec<Problem>> {
        Backend::build(&serde_json::from_value(document).unwrap(), &CONTEXT)
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
    fn targets_stand_tier_by_tier() {
        let target = |name: &str, priority: i32, backup: bool| json!({"hostname": name, "priority": priority, "backup": backup});
        let targets = json!([
            target("d", 9, true),
            target("b", 0, false),
            target("a", 5, false),
            target("c", 0, false),
        ]);
        let tiers = |balancing: &str| -> Vec<(String, u32)> {
            let kind = json!({"type": balancing});
            let backend = build(json!({"targets": targets, "load_balancing": kind})).unwrap();
            backend.targets.iter().map(|target| (target.host.to_string(), target.tier)).collect()
        };
        let named = |list: [(&str, u32); 4]| list.map(|(name, tier)| (name.to_owned(), tier));
        assert_eq!(tiers("Random"), named([("a", 0), ("b", 1), ("c", 1), ("d", 2)]));
        assert_eq!(tiers("NaiveFailover"), named([("a", 0), ("b", 1), ("c", 2), ("d", 3)]));
    }

    #[test]
    fn every_mistake_is_pointed_at() {
        let problems = build(json!({
            "targets": [{"hostname": "a b"}, {"hostname": "x", "ip_address": "y"}],
            "target_url": "ftp://x",
            "load_balancing": {"type": "HeaderHash"},
            "pass_host": "rewrite", "upstream_host": "a/b",
        }))
        .unwrap_err();
        let pointers: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
        let expected = [
            "/targets/0/hostname",
            "/targets/1/ip_address",
            "/target_url",
            "/load_balancing/header_name",
            "/upstream_host",
        ];
        assert_eq!(pointers, expected);
    }
}

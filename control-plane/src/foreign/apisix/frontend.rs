//! Which requests a route answers: its hosts, paths, methods and conditions as our `frontend`, and
//! back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::documents::Route;
use super::refusal::Refusal;
use super::vars;
use super::view::{Found, Members};

/// Methods that a route may name.
const METHODS: &[&str] =
    &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"];

/// As our `frontend`.
pub(super) fn read(route: &Route) -> Result<Value, Refusal> {
    let mut frontend = Map::new();
    frontend.insert("paths".to_owned(), json!(paths(route)?));
    match (&route.host, &route.hosts) {
        (Some(_), Some(_)) => return Err(Refusal::bad("only one of host or hosts is allowed")),
        (None, None) => {}
        (Some(host), None) => {
            check_host("host", host)?;
            frontend.insert("domain".to_owned(), Value::from(host.as_str()));
        }
        (None, Some(hosts)) => {
            unique("hosts", hosts)?;
            hosts.iter().try_for_each(|host| check_host("hosts", host))?;
            frontend.insert("domains".to_owned(), json!(hosts));
        }
    }
    if let Some(methods) = &route.methods {
        unique("methods", methods)?;
        for (index, method) in methods.iter().enumerate() {
            if !METHODS.contains(&method.as_str()) {
                let reason = format!(
                    "failed to validate item {}: matches none of the enum values",
                    index + 1
                );
                return Err(Refusal::property("methods", &reason));
            }
        }
        frontend.insert("methods".to_owned(), json!(methods));
    }
    match (&route.remote_addr, &route.remote_addrs) {
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("only one of remote_addr or remote_addrs is allowed"));
        }
        (None, None) => {}
        (Some(address), None) => drop(frontend.insert("addresses".to_owned(), json!([address]))),
        (None, Some(addresses)) => {
            unique("remote_addrs", addresses)?;
            frontend.insert("addresses".to_owned(), json!(addresses));
        }
    }
    if let Some(vars) = route.vars.as_ref().filter(|vars| !vars.is_empty()) {
        frontend.insert("vars".to_owned(), json!(vars));
    }
    if let Some(priority) = route.priority.filter(|priority| *priority != 0) {
        frontend.insert("priority".to_owned(), Value::from(priority));
    }
    frontend.insert("strip_path".to_owned(), Value::Bool(false));
    Ok(Value::Object(frontend))
}

/// The paths, under whichever name they are.
fn paths(route: &Route) -> Result<Vec<String>, Refusal> {
    let (name, paths) = match (&route.uri, &route.uris, &route.paths) {
        (Some(uri), None, None) => ("uri", std::slice::from_ref(uri)),
        (None, Some(uris), None) => ("uris", uris.as_slice()),
        (None, None, Some(paths)) => ("paths", paths.as_slice()),
        (None, None, None) => {
            return Err(Refusal::invalid(
                "allOf 1 failed: value should match only one schema, but matches none: one of uri, \
                 uris and paths is required",
            ));
        }
        _ => {
            return Err(Refusal::invalid(
                "allOf 1 failed: value should match only one schema: there is more than one of \
                 uri, uris and paths",
            ));
        }
    };
    unique(name, paths)?;
    for path in paths {
        let literal = path.strip_suffix('*').unwrap_or(path);
        if literal.contains('*') {
            let reason = format!("{path:?}: \"*\" stands for others at the end only");
            return Err(Refusal::property(name, &reason));
        }
        if !literal.starts_with('/') && path != "*" {
            return Err(Refusal::property(name, &format!("{path:?} does not begin with \"/\"")));
        }
        if path.len() > 4096 {
            return Err(Refusal::property(name, "string too long, expected at most 4096"));
        }
    }
    Ok(paths.to_vec())
}

fn unique(name: &str, items: &[String]) -> Result<(), Refusal> {
    if items.is_empty() {
        return Err(Refusal::property(name, "expect array to have at least 1 items"));
    }
    for (index, item) in items.iter().enumerate() {
        if let Some(first) = items.iter().take(index).position(|other| other == item) {
            let (first, second) = (first + 1, index + 1);
            let reason = format!("expected unique items but items {first} and {second} are equal");
            return Err(Refusal::property(name, &reason));
        }
    }
    Ok(())
}

fn check_host(name: &str, host: &str) -> Result<(), Refusal> {
    let rest = host.strip_prefix('*').unwrap_or(host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    if host.is_empty() || !rest.bytes().all(plain) {
        let reason = format!("failed to match pattern: {host:?} is no host, nor \"*\" and its end");
        return Err(Refusal::property(name, &reason));
    }
    Ok(())
}

/// Shows a `frontend` of ours.
pub(super) fn show(mut frontend: Members, api7: bool, has_backend: bool, found: &mut Found) {
    let hidden = &mut found.hidden;
    let value = &mut found.value;
    let domain = frontend.text("domain");
    let domains = frontend.texts("domains");
    let exact = frontend.take("exact") == Some(Value::Bool(true));
    let stripped = frontend.is_on("strip_path");
    let mut paths = frontend.texts("paths");
    let all: Vec<&str> = domains.iter().map(String::as_str).chain(domain.as_deref()).collect();
    let (hosts, below) = split(&all);
    if paths.is_empty() {
        match below {
            // Every host has the same paths: a host and a path can be told apart.
            Some(below) => {
                paths = spelt(&below, exact).unwrap_or_else(|| {
                    hidden.push("/frontend/domains".to_owned());
                    below.iter().map(|path| (*path).to_owned()).collect()
                });
            }
            None => hidden.push("/frontend/domains".to_owned()),
        }
        if stripped && has_backend && paths != ["/*"] {
            hidden.push("/frontend/strip_path".to_owned());
        }
    } else {
        if below.is_none_or(|below| below.iter().any(|path| !path.is_empty())) {
            hidden.push("/frontend/domains".to_owned());
        }
        if exact {
            hidden.push("/frontend/exact".to_owned());
        }
        if stripped && has_backend {
            hidden.push("/frontend/strip_path".to_owned());
        }
    }
    match (api7, paths.as_slice()) {
        (true, _) => value.insert("paths".to_owned(), json!(paths)),
        (false, [uri]) => value.insert("uri".to_owned(), json!(uri)),
        (false, _) => value.insert("uris".to_owned(), json!(paths)),
    };
    match (&domain, hosts.as_slice()) {
        (_, []) => {}
        (Some(_), [host]) => drop(value.insert("host".to_owned(), json!(host))),
        (_, hosts) => drop(value.insert("hosts".to_owned(), json!(hosts))),
    }
    let methods = frontend.texts("methods");
    if !methods.is_empty() {
        value.insert("methods".to_owned(), json!(methods));
    }
    if let Some(priority) = frontend.take("priority").filter(|priority| *priority != 0) {
        value.insert("priority".to_owned(), priority);
    }
    let mut shown = Vec::new();
    for (member, prefix) in [("headers", "http_"), ("query", "arg_"), ("cookies", "cookie_")] {
        for (name, expected) in frontend.object(member).map(|m| m.0).unwrap_or_default() {
            match vars::show(prefix, &name, expected.as_str().unwrap_or_default()) {
                Some(var) => shown.push(var),
                None => hidden.push(format!("/frontend/{member}/{name}")),
            }
        }
    }
    let written = frontend.list("vars");
    match written.first() {
        // A list of its own: all of it is one of the conditions.
        Some(Value::String(_)) if !shown.is_empty() => shown.push(Value::Array(written)),
        _ => shown.extend(written),
    }
    if !shown.is_empty() {
        value.insert("vars".to_owned(), Value::Array(shown));
    }
    match frontend.texts("addresses").as_slice() {
        [] => {}
        [address] => drop(value.insert("remote_addr".to_owned(), json!(address))),
        addresses => drop(value.insert("remote_addrs".to_owned(), json!(addresses))),
    }
    hidden.extend(frontend.rest("/frontend"));
}

/// Hosts and paths of domains, where each of the hosts has each of the paths.
pub(super) fn split<'d>(domains: &[&'d str]) -> (Vec<&'d str>, Option<Vec<&'d str>>) {
    if domains.is_empty() {
        return (Vec::new(), Some(vec![""]));
    }
    let pairs: BTreeSet<(&str, &str)> = domains
        .iter()
        .map(|domain| domain.split_at(domain.find('/').unwrap_or(domain.len())))
        .map(|(host, path)| (host, path.trim_end_matches('/')))
        .collect();
    let mut hosts: Vec<&str> = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for domain in domains {
        let (host, path) = domain.split_at(domain.find('/').unwrap_or(domain.len()));
        let path = path.trim_end_matches('/');
        if !host.is_empty() && host != "*" && !hosts.contains(&host) {
            hosts.push(host);
        }
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let crossed = pairs.len() == hosts.len().max(1) * paths.len();
    (hosts, crossed.then_some(paths))
}

/// Prefixes of whole segments as paths; none where they have patterns in them.
fn spelt(prefixes: &[&str], exact: bool) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    for prefix in prefixes {
        if prefix.contains(['*', ':', '$']) {
            return None;
        }
        match (prefix.is_empty(), exact) {
            (true, true) => paths.push("/".to_owned()),
            (true, false) => paths.push("/*".to_owned()),
            (false, true) => paths.extend([(*prefix).to_owned(), format!("{prefix}/")]),
            (false, false) => paths.extend([(*prefix).to_owned(), format!("{prefix}/*")]),
        }
    }
    Some(paths)
}

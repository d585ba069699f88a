//! Upstreams: our backends, stored ones and those within routes and services.

use serde_json::{Map, Value, json};

use super::super::balancing;
use super::super::documents::{self, Node, Timeout, Upstream};
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Members, View};
use super::{Kind, begun, put, schema_of, shown};
use crate::configuration::Operation;

pub(super) struct Upstreams;

impl Kind for Upstreams {
    fn collection(&self) -> &'static str {
        "upstreams"
    }

    fn singular(&self) -> &'static str {
        "upstream"
    }

    fn posts(&self) -> bool {
        true
    }

    fn schema(&self) -> Value {
        schema_of::<Upstream>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let entry = view.state.get("backends", id)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("backends/{id}"), entry.revision);
        let backend = members.object("backend").unwrap_or(Members(Map::new()));
        let (upstream, timeout) = show(backend, "/backend", &mut found.hidden);
        found.value.extend(upstream);
        put(&mut found.value, "timeout", timeout);
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        view.state.list("backends").map(|entry| entry.id.to_string()).collect()
    }

    fn put(
        &self,
        _: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let upstream: Upstream = documents::read("upstream", document)?;
        let mut document = begun(
            id,
            upstream.name.as_ref(),
            upstream.desc.as_ref(),
            upstream.labels.as_ref(),
            stamp,
        )?;
        document.insert("backend".to_owned(), read(&upstream, None)?);
        Ok(vec![Operation::put("backends", id, Value::Object(document))])
    }

    fn delete(&self, _: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        vec![Operation::delete("backends", id, force)]
    }
}

/// A backend of ours. One within another document, at `within`, has no name of its own.
pub(super) fn read(upstream: &Upstream, within: Option<&str>) -> Result<Value, Refusal> {
    let wrong = |member: &str, why: &str| {
        let property = within.map_or_else(|| member.to_owned(), |at| format!("{at}.{member}"));
        Refusal::property(&property, why)
    };
    if within.is_some() {
        let named = [
            ("id", upstream.id.is_some()),
            ("name", upstream.name.is_some()),
            ("desc", upstream.desc.is_some()),
            ("labels", upstream.labels.is_some()),
        ];
        if let Some((member, _)) = named.into_iter().find(|(_, there)| *there) {
            return Err(wrong(member, "only an upstream of its own, under /upstreams, has it"));
        }
    }
    let balancing = balancing::read(upstream).map_err(|(member, why)| wrong(member, &why))?;
    match (upstream.pass_host.as_deref(), &upstream.upstream_host) {
        (None | Some("pass" | "node"), None) | (Some("rewrite"), Some(_)) => {}
        (Some("rewrite"), None) => {
            return Err(wrong("upstream_host", "pass_host is rewrite, so it has to be there"));
        }
        (None | Some("pass" | "node"), Some(_)) => {
            return Err(wrong("upstream_host", "only pass_host rewrite has it"));
        }
        (Some(_), _) => return Err(wrong("pass_host", "there are pass, node and rewrite")),
    }
    let tls = match upstream.scheme.as_deref() {
        None | Some("http") => false,
        Some("https") => true,
        Some(_) => return Err(wrong("scheme", "there are http and https")),
    };
    let targets = match &upstream.nodes {
        Some(Value::Object(nodes)) => {
            nodes.iter().map(|(address, weight)| keyed(address, weight, tls)).collect()
        }
        Some(Value::Array(nodes)) => listed(nodes, tls),
        _ => Err("expected nodes by \"host:port\", or a list of them".to_owned()),
    };
    let targets: Vec<Value> = targets.map_err(|why: String| wrong("nodes", &why))?;
    let mut backend = json!({"targets": targets});
    if let Some(members) = backend.as_object_mut() {
        let mut client = upstream.timeout.map_or_else(|| Ok(Map::new()), timeouts)?;
        if let Some(retries) = upstream.retries {
            // Ours counts the first attempt too.
            client.insert("retries".to_owned(), Value::from(retries.saturating_add(1)));
        }
        put(members, "load_balancing", balancing);
        put(members, "pass_host", upstream.pass_host.as_deref());
        put(members, "upstream_host", upstream.upstream_host.as_deref());
        if !client.is_empty() {
            members.insert("client".to_owned(), Value::Object(client));
        }
    }
    Ok(backend)
}

/// A backend that says only how long things may take.
pub(super) fn only_timeout(timeout: Timeout) -> Result<Value, Refusal> {
    Ok(json!({"client": timeouts(timeout)?}))
}

/// `{"host:port": weight}`. The id of the target keeps how the address was written.
fn keyed(address: &str, weight: &Value, tls: bool) -> Result<Value, String> {
    let wrong = || format!("{address:?} is no host:port with a weight");
    let weight = weight.as_u64().and_then(|weight| u32::try_from(weight).ok()).ok_or_else(wrong)?;
    let end = address.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match address.get(end..).and_then(|rest| rest.rsplit_once(':')) {
        Some((host, port)) => {
            let host = format!("{}{host}", address.get(..end).unwrap_or_default());
            (host, Some(port.parse::<u16>().map_err(|_| wrong())?))
        }
        None => (address.to_owned(), None),
    };
    let mut target = json!({"id": address, "hostname": host, "weight": weight, "tls": tls});
    if let (Some(members), Some(port)) = (target.as_object_mut(), port) {
        members.insert("port".to_owned(), Value::from(port));
    }
    Ok(target)
}

/// `[{host, port, weight, priority}]`: the largest priority first.
fn listed(nodes: &[Value], tls: bool) -> Result<Vec<Value>, String> {
    let read = |node: &Value| {
        serde_json::from_value::<Node>(node.clone()).map_err(|error| error.to_string())
    };
    let nodes: Vec<Node> = nodes.iter().map(read).collect::<Result<_, _>>()?;
    let target = |node: Node| {
        let mut target = json!({"hostname": node.host, "weight": node.weight, "tls": tls});
        if let Some(members) = target.as_object_mut() {
            put(members, "port", node.port);
            put(members, "priority", Some(node.priority).filter(|priority| *priority != 0));
        }
        target
    };
    Ok(nodes.into_iter().map(target).collect())
}

/// Seconds as the milliseconds of our `client`. How long sending may take is part of how long the
/// answer may.
fn timeouts(timeout: Timeout) -> Result<Map<String, Value>, Refusal> {
    let millis = |name: &str, seconds: f64| {
        if !(seconds > 0.0 && seconds <= 86_400.0) {
            let why = "expected more than 0 seconds and at most a day";
            return Err(Refusal::property(&format!("timeout.{name}"), why));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a day"
        )]
        Ok(((seconds * 1000.0).round() as u64).max(1))
    };
    let connect = millis("connect", timeout.connect)?;
    let read = millis("send", timeout.send)?.max(millis("read", timeout.read)?);
    let client = json!({
        "connection_timeout": connect,
        "call_timeout": read,
        "global_timeout": read,
        "idle_timeout": read,
        "call_and_stream_timeout": read.max(120_000),
    });
    match client {
        Value::Object(client) => Ok(client),
        _ => Ok(Map::new()),
    }
}

/// A backend of ours as an upstream, and its timeouts.
pub(super) fn show(
    mut backend: Members,
    at: &str,
    hidden: &mut Vec<String>,
) -> (Map<String, Value>, Option<Value>) {
    let mut upstream = Map::new();
    let targets = backend.list("targets");
    if !targets.is_empty() {
        if !balancing::show(backend.object("load_balancing"), &mut upstream) {
            hidden.push(format!("{at}/load_balancing"));
        }
        put(&mut upstream, "pass_host", backend.text("pass_host"));
        put(&mut upstream, "upstream_host", backend.text("upstream_host"));
        nodes(targets, &mut upstream, at, hidden);
    }
    let mut timeout = None;
    if let Some(mut client) = backend.object("client") {
        let attempts = client.take("retries").and_then(|attempts| attempts.as_u64());
        put(&mut upstream, "retries", attempts.map(|attempts| attempts.saturating_sub(1)));
        let mut millis = |name: &str| client.take(name).and_then(|value| value.as_u64());
        let times = (millis("connection_timeout"), millis("call_timeout"), millis("idle_timeout"));
        millis("global_timeout");
        millis("call_and_stream_timeout");
        if let (Some(connect), Some(call), Some(idle)) = times {
            if call != idle {
                hidden.push(format!("{at}/client/call_timeout"));
            }
            let (connect, read) = (seconds(connect), seconds(idle));
            timeout = Some(json!({"connect": connect, "send": read.clone(), "read": read}));
        } else if times != (None, None, None) {
            hidden.push(format!("{at}/client"));
        }
        hidden.extend(client.rest(&format!("{at}/client")));
    }
    if backend.0.get("root").is_some_and(|root| root == "/") {
        backend.take("root");
    }
    hidden.extend(backend.rest(at));
    (upstream, timeout)
}

/// Targets as nodes: by address where they were written so, else as a list.
fn nodes(
    targets: Vec<Value>,
    upstream: &mut Map<String, Value>,
    at: &str,
    hidden: &mut Vec<String>,
) {
    let (mut keyed, mut list, mut schemes) = (Map::new(), Vec::new(), Vec::new());
    let priority = |target: &Value| target.get("priority").and_then(Value::as_i64).unwrap_or(0);
    let least = targets.iter().map(priority).min().unwrap_or(0);
    for (index, target) in targets.into_iter().enumerate() {
        let Value::Object(target) = target else { continue };
        let mut target = Members(target);
        let id = target.text("id");
        let weight = target.take("weight").unwrap_or(Value::from(1));
        schemes.push(target.take("tls") == Some(Value::Bool(true)));
        let host = target.text("hostname");
        let port = target.take("port");
        let backup = target.take("backup") == Some(Value::Bool(true));
        let written = match (&host, &port) {
            (Some(host), Some(port)) => id.as_deref() == Some(&format!("{host}:{port}")),
            (Some(host), None) => id.as_ref() == Some(host),
            (None, _) => false,
        };
        let priority = target.take("priority").filter(|priority| *priority != 0);
        let priority = if backup { Some(Value::from(least - 1)) } else { priority };
        if let (true, Some(id)) = (written && priority.is_none(), id) {
            keyed.insert(id, weight.clone());
        }
        let mut node = json!({"host": host, "weight": weight});
        if let Some(members) = node.as_object_mut() {
            put(members, "port", port);
            put(members, "priority", priority);
        }
        list.push(node);
        hidden.extend(target.rest(&format!("{at}/targets/{index}")));
    }
    let all_keyed = keyed.len() == list.len();
    let nodes = if all_keyed { Value::Object(keyed) } else { Value::Array(list) };
    upstream.insert("nodes".to_owned(), nodes);
    match (schemes.contains(&true), schemes.contains(&false)) {
        (true, false) => put(upstream, "scheme", Some("https")),
        (true, true) => hidden.push(format!("{at}/targets (tls)")),
        _ => {}
    }
}

fn seconds(millis: u64) -> Value {
    if millis.is_multiple_of(1000) {
        return Value::from(millis / 1000);
    }
    #[expect(clippy::cast_precision_loss, reason = "it was written by a person")]
    Value::from(millis as f64 / 1000.0)
}

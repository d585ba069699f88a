//! How one of an upstream's nodes is chosen: `type`, `hash_on` and `key` as our `load_balancing`, and
//! back.

use serde_json::{Map, Value, json};

use super::documents::Upstream;
use super::view::Members;

/// What variables of requests are called, and where our documents look for them.
const VARIABLES: &[(&str, &str)] = &[
    ("remote_addr", "client"),
    ("uri", "path"),
    ("request_uri", "uri"),
    ("query_string", "query_string"),
    ("host", "host"),
];

/// The ways of choosing that need no key.
const KINDS: &[(&str, &str)] = &[("least_conn", "LeastConnections"), ("ewma", "BestResponseTime")];

/// As our `load_balancing`; none where nodes are taken in turn. What is wrong comes with its member.
pub(super) fn read(upstream: &Upstream) -> Result<Option<Value>, (&'static str, String)> {
    let hash_on = upstream.hash_on.as_deref().unwrap_or("vars");
    let key = upstream.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    match upstream.kind.as_deref() {
        Some("chash") => {}
        Some(_) | None if key.is_some() => {
            return Err(("key", "only the type chash has a key".to_owned()));
        }
        None | Some("roundrobin") => return Ok(None),
        Some(kind) => {
            let known = KINDS.iter().find(|(name, _)| *name == kind);
            let (_, ours) = known.ok_or_else(|| {
                ("type", "there are roundrobin, chash, least_conn and ewma".to_owned())
            })?;
            return Ok(Some(json!({"type": ours})));
        }
    }
    let wrong = |text: String| ("key", text);
    let key = || key.ok_or_else(|| wrong(format!("missing key: hash_on is {hash_on}")));
    let parts = match hash_on {
        "consumer" => vec![json!({"source": "consumer"})],
        "header" | "cookie" => vec![json!({"source": hash_on, "name": key()?})],
        "vars" => vec![variable(key()?).map_err(wrong)?],
        "vars_combinations" => {
            let names = key()?.split('$').map(str::trim).filter(|name| !name.is_empty());
            names.map(variable).collect::<Result<Vec<_>, _>>().map_err(wrong)?
        }
        _ => {
            let why = "there are vars, header, cookie, consumer and vars_combinations".to_owned();
            return Err(("hash_on", why));
        }
    };
    Ok(Some(json!({"type": "ConsistentHash", "hash_on": parts})))
}

/// A variable, as a part of what is hashed.
fn variable(name: &str) -> Result<Value, String> {
    if let Some((_, source)) = VARIABLES.iter().find(|(variable, _)| *variable == name) {
        return Ok(json!({"source": source}));
    }
    let parameter = name.strip_prefix("arg_").filter(|parameter| !parameter.is_empty());
    parameter.map(|parameter| json!({"source": "query", "name": parameter})).ok_or_else(|| {
        format!(
            "there is no variable {name:?}; there are remote_addr, uri, request_uri, query_string, \
             host and arg_<parameter>"
        )
    })
}

/// Shows our `load_balancing`; whether all of it could be said.
pub(super) fn show(balancing: Option<Members>, upstream: &mut Map<String, Value>) -> bool {
    let mut put = |kind: &str, hash: Option<(&str, Option<String>)>| {
        upstream.insert("type".to_owned(), Value::from(kind));
        if let Some((on, key)) = hash {
            upstream.insert("hash_on".to_owned(), Value::from(on));
            upstream.extend(key.map(|key| ("key".to_owned(), Value::from(key))));
        }
        true
    };
    let Some(mut balancing) = balancing else { return put("roundrobin", None) };
    let kind = balancing.text("type");
    let mut named = |member: &str| balancing.text(member);
    match kind.as_deref() {
        None | Some("RoundRobin") => put("roundrobin", None),
        Some("LeastConnections" | "PowerOfTwoRandomChoices") => put("least_conn", None),
        Some("BestResponseTime") => put("ewma", None),
        Some("IpAddressHash") => put("chash", Some(("vars", Some("remote_addr".to_owned())))),
        Some("HeaderHash") => put("chash", Some(("header", named("header_name")))),
        Some("CookieHash") => put("chash", Some(("cookie", named("cookie_name")))),
        Some("QueryHash") => {
            let name = named("query_name").unwrap_or_default();
            put("chash", Some(("vars", Some(format!("arg_{name}")))))
        }
        Some("ConsistentHash") => match hashed(&balancing.list("hash_on")) {
            Some((on, key)) => put("chash", Some((on, key))),
            None => !put("chash", None),
        },
        Some(_) => !put("roundrobin", None),
    }
}

/// What is hashed, as `hash_on` and `key`.
fn hashed(parts: &[Value]) -> Option<(&'static str, Option<String>)> {
    let source = |part: &Value| part.get("source")?.as_str().map(str::to_owned);
    let name = |part: &Value| part.get("name")?.as_str().map(str::to_owned);
    let variable = |part: &Value| {
        let source = source(part)?;
        if source == "query" {
            return Some(format!("arg_{}", name(part)?));
        }
        let (variable, _) = VARIABLES.iter().find(|(_, ours)| *ours == source)?;
        Some((*variable).to_owned())
    };
    match parts {
        [] => Some(("vars", Some("remote_addr".to_owned()))),
        [one] => match source(one)?.as_str() {
            "consumer" => Some(("consumer", None)),
            "header" => Some(("header", Some(name(one)?))),
            "cookie" => Some(("cookie", Some(name(one)?))),
            _ => Some(("vars", Some(variable(one)?))),
        },
        several => {
            let names: Option<Vec<String>> =
                several.iter().map(|part| variable(part).map(|name| format!("${name}"))).collect();
            Some(("vars_combinations", Some(names?.concat())))
        }
    }
}

//! Services.

use serde_json::{Value, json};

use super::super::documents::{self, Service};
use super::super::frontend;
use super::super::plugins::{self, Placed};
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Manner, Members, View};
use super::upstream;
use super::{Kind, begun, is_on, no_websocket, put, schema_of, shown, text};
use crate::configuration::Operation;

pub(super) struct Services;

impl Kind for Services {
    fn collection(&self) -> &'static str {
        "services"
    }

    fn singular(&self) -> &'static str {
        "service"
    }

    fn posts(&self) -> bool {
        true
    }

    fn schema(&self) -> Value {
        schema_of::<Service>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let entry = view.state.get("services", id)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("services/{id}"), entry.revision);
        let is_on = members.is_on("enabled");
        if view.manner == Manner::Api7 || !is_on {
            found.value.insert("status".to_owned(), Value::from(u8::from(is_on)));
        }
        let domains = members.texts("domains");
        let strips = members.take("strip_path") == Some(Value::Bool(true));
        let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
        let (hosts, prefixes) = frontend::split(&domains);
        if !hosts.is_empty() {
            found.value.insert("hosts".to_owned(), json!(hosts));
        }
        match prefixes.as_deref() {
            Some([""]) => {}
            Some([prefix]) => {
                found.value.insert("path_prefix".to_owned(), json!(prefix));
                put(&mut found.value, "strip_path_prefix", (!strips).then_some(false));
            }
            _ => found.hidden.push("/domains".to_owned()),
        }
        put(&mut found.value, "upstream_id", members.text("backend_ref"));
        if let Some(backend) = members.object("backend") {
            let (mut inline, timeout) = upstream::show(backend, "/backend", &mut found.hidden);
            put(&mut inline, "timeout", timeout);
            found.value.insert("upstream".to_owned(), Value::Object(inline));
        }
        let mut slots = plugins::show(view, members.list("plugins"));
        if slots.plugin_config.is_some() {
            found.hidden.push("/plugins (ref)".to_owned());
        }
        if !slots.plugins.is_empty() {
            found.value.insert("plugins".to_owned(), Value::Object(slots.plugins));
        }
        found.hidden.append(&mut slots.hidden);
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        view.state.list("services").map(|entry| entry.id.to_string()).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let service: Service = documents::read("service", document)?;
        let mut document = begun(
            id,
            service.name.as_ref(),
            service.desc.as_ref(),
            service.labels.as_ref(),
            stamp,
        )?;
        no_websocket(service.enable_websocket)?;
        if service.kind.as_deref().is_some_and(|kind| kind != "http") {
            return Err(Refusal::property("type", "only http is served, no streams"));
        }
        if !is_on(service.status)? {
            document.insert("enabled".to_owned(), Value::Bool(false));
        }
        match service.path_prefix.as_deref().map(prefix).transpose()?.filter(|it| !it.is_empty()) {
            None => put(&mut document, "domains", service.hosts),
            Some(prefix) => {
                let hosts = service.hosts.unwrap_or_else(|| vec!["*".to_owned()]);
                let domains = hosts.iter().map(|host| format!("{host}{prefix}"));
                document.insert("domains".to_owned(), domains.collect());
                let strips = service.strip_path_prefix.unwrap_or(true);
                put(&mut document, "strip_path", strips.then_some(true));
            }
        }
        let upstream = text(service.upstream_id.as_ref());
        let upstream = upstream.map(|named| view.reference("upstream_id", named)).transpose()?;
        put(&mut document, "backend_ref", upstream.flatten());
        let inline = service.upstream.as_ref();
        let inline = inline.map(|inline| upstream::read(inline, Some("upstream"))).transpose()?;
        put(&mut document, "backend", inline);
        let slots: Vec<Value> =
            plugins::read(view, service.plugins)?.into_iter().map(Placed::slot).collect();
        if !slots.is_empty() {
            document.insert("plugins".to_owned(), json!(slots));
        }
        Ok(vec![Operation::put("services", id, Value::Object(document))])
    }

    fn delete(&self, _: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        vec![Operation::delete("services", id, force)]
    }
}

/// A prefix without the slash at its end.
fn prefix(prefix: &str) -> Result<&str, Refusal> {
    if !prefix.starts_with('/') || prefix.contains(['*', ':', '$']) {
        let reason = "it begins with \"/\", and no character of it stands for others";
        return Err(Refusal::property("path_prefix", reason));
    }
    Ok(prefix.trim_end_matches('/'))
}

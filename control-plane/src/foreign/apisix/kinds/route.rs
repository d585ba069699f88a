//! Routes.

use serde_json::{Map, Value, json};

use super::super::documents::{self, Route};
use super::super::frontend;
use super::super::plugins::{self, Placed};
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Manner, Members, View, unknown};
use super::plugin_config::{self, parts};
use super::upstream;
use super::{Kind, begun, is_on, no_websocket, put, schema_of, shown, text};
use crate::configuration::Operation;

pub(super) struct Routes;

impl Kind for Routes {
    fn collection(&self) -> &'static str {
        "routes"
    }

    fn singular(&self) -> &'static str {
        "route"
    }

    fn posts(&self) -> bool {
        true
    }

    fn schema(&self) -> Value {
        schema_of::<Route>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let entry = view.state.get("routes", id)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("routes/{id}"), entry.revision);
        let status = u8::from(members.is_on("enabled"));
        if members.texts("groups").iter().any(|group| group != "default") {
            found.hidden.push("/groups".to_owned());
        }
        let has_backend =
            members.0.contains_key("backend") || members.0.contains_key("backend_ref");
        let frontend = members.object("frontend").unwrap_or(Members(Map::new()));
        frontend::show(frontend, view.manner == Manner::Api7, has_backend, &mut found);
        found.value.insert("status".to_owned(), Value::from(status));
        let mut slots = plugins::show(view, members.list("plugins"));
        put(&mut found.value, "plugin_config_id", slots.plugin_config);
        put(&mut found.value, "service_id", members.text("service_ref"));
        put(&mut found.value, "upstream_id", members.text("backend_ref"));
        if let Some(backend) = members.object("backend") {
            let (mut inline, timeout) = upstream::show(backend, "/backend", &mut found.hidden);
            // Servers of its own, or only how long they may take.
            if inline.contains_key("nodes") {
                put(&mut inline, "timeout", timeout);
                found.value.insert("upstream".to_owned(), Value::Object(inline));
            } else {
                put(&mut found.value, "timeout", timeout);
            }
        }
        if !slots.plugins.is_empty() {
            found.value.insert("plugins".to_owned(), Value::Object(slots.plugins));
        }
        found.hidden.append(&mut slots.hidden);
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        view.state.list("routes").map(|entry| entry.id.to_string()).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let route: Route = documents::read("route", document)?;
        let mut document =
            begun(id, route.name.as_ref(), route.desc.as_ref(), route.labels.as_ref(), stamp)?;
        no_websocket(route.enable_websocket)?;
        if !is_on(route.status)? {
            document.insert("enabled".to_owned(), Value::Bool(false));
        }
        let answered = route.plugins.is_some()
            || route.upstream.is_some()
            || route.upstream_id.is_some()
            || route.service_id.is_some()
            || route.plugin_config_id.is_some();
        if !answered {
            return Err(Refusal::invalid(
                "allOf 2 failed: object matches none of the required: there has to be one of \
                 plugins, upstream, upstream_id, service_id and plugin_config_id",
            ));
        }
        document.insert("frontend".to_owned(), frontend::read(&route)?);
        for (property, member, named) in [
            ("service_id", "service_ref", text(route.service_id.as_ref())),
            ("upstream_id", "backend_ref", text(route.upstream_id.as_ref())),
        ] {
            let named = named.map(|named| view.reference(property, named)).transpose()?;
            put(&mut document, member, named.flatten());
        }
        let own = plugins::read(view, route.plugins)?;
        let config = match text(route.plugin_config_id.as_ref()) {
            Some(config) => match view.reference("plugin_config_id", config)? {
                Some(config) => {
                    let parts = parts(view, &config);
                    if parts.is_empty() {
                        return Err(unknown("plugin_config_id", &config));
                    }
                    parts
                }
                None => Vec::new(),
            },
            None => Vec::new(),
        };
        let inline = match (route.upstream, route.timeout) {
            (Some(mut upstream), timeout) => {
                upstream.timeout = timeout.or(upstream.timeout);
                Some(upstream::read(&upstream, Some("upstream"))?)
            }
            (None, Some(timeout)) if is_answered(&own) => Some(upstream::only_timeout(timeout)?),
            (None, Some(_)) => {
                return Err(Refusal::property(
                    "timeout",
                    "it is that of the route's own upstream; write it into the upstream or \
                     service that the route names",
                ));
            }
            (None, None) => None,
        };
        put(&mut document, "backend", inline);
        let slots = own.into_iter().map(Placed::slot).collect();
        let slots = plugin_config::merge(view, slots, &config);
        if !slots.is_empty() {
            document.insert("plugins".to_owned(), json!(slots));
        }
        Ok(vec![Operation::put("routes", id, Value::Object(document))])
    }

    fn delete(&self, _: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        vec![Operation::delete("routes", id, force)]
    }
}

/// Whether a plugin answers, so that no server is ever called.
fn is_answered(plugins: &[Placed]) -> bool {
    plugins.iter().any(|one| one.listed.name.starts_with("ai-proxy"))
}

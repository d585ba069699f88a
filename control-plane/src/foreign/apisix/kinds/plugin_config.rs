//! Plugin configs: one of our stored plugins for each plugin, with the id `<config>.<plugin>`, to
//! which the slots of routes refer. A route's own plugin goes before the config's of the same name,
//! whose slot is then off. So a config that gets or loses a plugin changes the routes that name it,
//! in the same revision.

use serde_json::{Map, Value, json};

use super::super::documents::Bundle;
use super::super::plugins::{self, Placed};
use super::super::refusal::Refusal;
use super::super::stamp::{PRIORITY, Stamp};
use super::super::view::{Found, Members, View};
use super::{Kind, begun, bundle, schema_of, shown};
use crate::configuration::Operation;

const PLURAL: &str = "plugins";

pub(super) struct PluginConfigs;

/// A stored plugin of a config.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Its id.
    pub(super) stored: String,
    /// What it is.
    kind: String,
    /// Larger ones come first.
    rank: i32,
}

impl Part {
    fn of(id: &str, placed: &Placed) -> Self {
        let Placed { listed, .. } = placed;
        let stored = format!("{id}.{}", listed.name);
        Self { stored, kind: listed.kind.to_owned(), rank: placed.rank() }
    }
}

impl Kind for PluginConfigs {
    fn collection(&self) -> &'static str {
        "plugin_configs"
    }

    fn singular(&self) -> &'static str {
        "plugin config"
    }

    fn schema(&self) -> Value {
        schema_of::<Bundle>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let mut config: Option<Found> = None;
        let mut map = Map::new();
        for part in parts(view, id) {
            let entry = view.state.get(PLURAL, &part.stored)?;
            let mut members = Members(view.members(entry));
            let see = format!("{PLURAL}/{}", part.stored);
            let one = shown(&mut members, id, &see, entry.revision);
            let config = config.get_or_insert(one);
            config.revision = config.revision.max(entry.revision);
            members.take("plugin");
            let (enabled, own) = (members.is_on("enabled"), members.take("config"));
            match plugins::one(view, &part.kind, own, enabled, Some(part.rank)) {
                Some((name, config)) => drop(map.insert(name.to_owned(), config)),
                None => config.hidden.push(format!("/{} ({})", part.stored, part.kind)),
            }
            config.hidden.extend(members.rest(&format!("/{}", part.stored)));
        }
        let mut config = config?;
        config.value.insert("plugins".to_owned(), Value::Object(map));
        Some(config)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        let mut ids: Vec<String> =
            view.state.list(PLURAL).map(|entry| plugins::config_of(view, &entry.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let (config, placed) = bundle::read_some(view, self.singular(), document)?;
        let before = parts(view, id);
        let after: Vec<Part> = placed.iter().map(|one| Part::of(id, one)).collect();
        let mut operations = Vec::new();
        for (one, part) in placed.into_iter().zip(&after) {
            let (name, desc) = (config.name.as_ref(), config.desc.as_ref());
            let mut document = begun(&part.stored, name, desc, config.labels.as_ref(), stamp)?;
            if let Some(priority) = one.priority
                && let Value::Object(metadata) =
                    document.entry("metadata").or_insert_with(|| json!({}))
            {
                metadata.insert(PRIORITY.to_owned(), Value::from(priority.to_string()));
            }
            if !one.enabled {
                document.insert("enabled".to_owned(), Value::Bool(false));
            }
            document.insert("plugin".to_owned(), Value::from(one.listed.kind));
            document.insert("config".to_owned(), one.config);
            operations.push(Operation::put(PLURAL, &part.stored, Value::Object(document)));
        }
        let gone = before.iter().filter(|part| after.iter().all(|a| a.stored != part.stored));
        operations.extend(gone.map(|part| Operation::delete(PLURAL, &part.stored, false)));
        if before != after {
            operations.extend(routes(view, &before, &after));
        }
        Ok(operations)
    }

    fn delete(&self, view: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        let parts = parts(view, id).into_iter();
        parts.map(|part| Operation::delete(PLURAL, &part.stored, force)).collect()
    }
}

/// The stored plugins of a config, the largest priority first.
pub(super) fn parts(view: &View<'_>, id: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = view
        .beginning(PLURAL, id)
        .filter(|entry| plugins::config_of(view, &entry.id) == id)
        .map(|entry| {
            let mut members = Members(view.members(entry));
            let said = members.text("plugin").unwrap_or_default();
            let known = view.configuration.catalogue().plugin(&said);
            let kind = known.map_or(said.as_str(), |info| info.name).to_owned();
            let own = members.0.get("metadata").and_then(|metadata| metadata.get(PRIORITY));
            let own = own.and_then(Value::as_str).and_then(|priority| priority.parse().ok());
            let rank = own.or_else(|| plugins::priority(view, &kind)).unwrap_or(0);
            Part { stored: entry.id.to_string(), kind, rank }
        })
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.rank));
    parts
}

/// Slots of a route and those that refer to the parts of a config, the largest priority first.
pub(super) fn merge(view: &View<'_>, own: Vec<Value>, parts: &[Part]) -> Vec<Value> {
    let kind = |slot: &Value| {
        let known = view.configuration.catalogue().plugin(slot.get("plugin")?.as_str()?)?;
        Some(known.name)
    };
    let overridden =
        |part: &Part| own.iter().any(|slot| kind(slot).is_some_and(|kind| kind == part.kind));
    let referring: Vec<(i32, Value)> = parts
        .iter()
        .map(|part| {
            let mut slot = json!({"ref": part.stored});
            if let (true, Some(members)) = (overridden(part), slot.as_object_mut()) {
                members.insert("enabled".to_owned(), Value::Bool(false));
            }
            (part.rank, slot)
        })
        .collect();
    // What has no priority here stays behind what it stood behind.
    let mut last = i32::MAX;
    let ranked = own.into_iter().map(|slot| {
        let written = slot.pointer("/plugin_index/priority").and_then(Value::as_i64);
        let written = written.and_then(|priority| i32::try_from(priority).ok());
        let known = kind(&slot).and_then(|kind| plugins::priority(view, kind));
        last = written.or(known).unwrap_or(last);
        (last, slot)
    });
    let mut slots: Vec<(i32, Value)> = ranked.collect();
    slots.extend(referring);
    slots.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    slots.into_iter().map(|(_, slot)| slot).collect()
}

/// What lets the routes that name the config have these parts.
fn routes(view: &View<'_>, before: &[Part], after: &[Part]) -> Vec<Operation> {
    let mut ids: Vec<String> = Vec::new();
    for part in before {
        let referrers = view.state.referrers(PLURAL, &part.stored);
        let routes = referrers.filter(|(kind, _)| kind.as_str() == "routes");
        ids.extend(routes.map(|(_, id)| id.to_string()));
    }
    ids.sort_unstable();
    ids.dedup();
    let of_config = |slot: &Value| {
        let reference = slot.get("ref").and_then(Value::as_str);
        reference.is_some_and(|id| before.iter().any(|part| part.stored == id))
    };
    let operation = |id: String| {
        let slots = Members(view.document("routes", &id)?).list("plugins");
        let own = slots.into_iter().filter(|slot| !of_config(slot)).collect();
        let slots = merge(view, own, after);
        let patch = json!([{"op": "replace", "path": "/plugins", "value": slots}]);
        Some(Operation::patch("routes", &id, patch))
    };
    ids.into_iter().filter_map(operation).collect()
}

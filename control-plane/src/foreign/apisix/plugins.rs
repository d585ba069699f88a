//! Maps of plugins become slots, ordered by one table of priorities, and slots become maps.

use sanmon_shared::marks::{Mark, marks};
use serde_json::{Map, Value, json};

use super::cors;
use super::documents::Plugins;
use super::refusal::Refusal;
use super::secrets;
use super::view::{Members, View};
use crate::configuration::Configuration;

/// A plugin as this API knows it.
pub(super) struct Listed {
    /// Its name.
    pub(super) name: &'static str,
    /// Larger ones come first.
    pub(super) priority: i32,
    /// The plugin of ours that does it.
    pub(super) kind: &'static str,
    /// How their configs differ.
    form: Form,
}

/// How the configs of a plugin and of ours differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Not at all.
    Same,
    Cors,
}

/// A plugin that has the same name and config with us.
const fn same(name: &'static str, priority: i32) -> Listed {
    Listed { name, priority, kind: name, form: Form::Same }
}

/// Every plugin that there is a counterpart for, the largest priority first.
const TABLE: &[Listed] = &[
    same("proxy-buffering", 21991),
    same("request-id", 12015),
    Listed { name: "cors", priority: 4000, kind: "cors", form: Form::Cors },
    same("key-auth", 2500),
    same("ai-prompt-template", 1071),
    same("ai-prompt-decorator", 1070),
    // 1072 with APISIX, where it looks at what the two before have made all the same: they act in an
    // earlier phase.
    same("ai-prompt-guard", 1069),
    same("ai-proxy-multi", 1041),
    same("ai-proxy", 1040),
    same("ai-rate-limiting", 1030),
    same("limit-count", 1002),
];

/// The plugin whose configs hold keys of consumers.
pub(super) const KEY_AUTH: &str = "key-auth";

/// Those that this gateway has, the largest priority first.
pub(super) fn listed(configuration: &Configuration) -> impl Iterator<Item = &'static Listed> {
    TABLE.iter().filter(|listed| configuration.catalogue().plugin(listed.kind).is_some())
}

/// The plugin with this name.
pub(super) fn named(configuration: &Configuration, name: &str) -> Option<&'static Listed> {
    listed(configuration).find(|listed| listed.name == name)
}

/// The schema of a plugin's config.
pub(super) fn schema(configuration: &Configuration, listed: &Listed) -> Value {
    match listed.form {
        Form::Same => configuration.schemas().plugin(listed.kind).cloned().unwrap_or_default(),
        Form::Cors => cors::schema(),
    }
}

/// A plugin of a resource, as it is to be stored.
pub(super) struct Placed {
    pub(super) listed: &'static Listed,
    pub(super) config: Value,
    pub(super) enabled: bool,
    /// Where it is not the plugin's own.
    pub(super) priority: Option<i32>,
}

impl Placed {
    /// By which plugins are ordered.
    pub(super) fn rank(&self) -> i32 {
        self.priority.unwrap_or(self.listed.priority)
    }

    /// As a slot.
    pub(super) fn slot(self) -> Value {
        let mut slot = json!({"plugin": self.listed.kind, "config": self.config});
        if let Some(members) = slot.as_object_mut() {
            if !self.enabled {
                members.insert("enabled".to_owned(), Value::Bool(false));
            }
            if let Some(priority) = self.priority {
                members.insert("plugin_index".to_owned(), json!({"priority": priority}));
            }
        }
        slot
    }
}

/// Reads a map of plugins; the largest priority comes first.
pub(super) fn read(view: &View<'_>, plugins: Option<Plugins>) -> Result<Vec<Placed>, Refusal> {
    let mut placed = Vec::new();
    for (name, config) in plugins.into_iter().flatten() {
        let listed = named(view.configuration, &name)
            .ok_or_else(|| Refusal::bad(format!("unknown plugin [{name}]")))?;
        placed.push(place(view, listed, config).map_err(|refusal| wrong(&name, &refusal.text()))?);
    }
    placed.sort_by_key(|one| std::cmp::Reverse((one.rank(), one.listed.priority)));
    Ok(placed)
}

/// What is wrong with the config of a plugin.
pub(super) fn wrong(name: &str, reason: &str) -> Refusal {
    let reason = reason.strip_prefix("invalid configuration: ").unwrap_or(reason);
    Refusal::bad(format!("failed to check the configuration of plugin {name} err: {reason}"))
}

fn place(view: &View<'_>, listed: &'static Listed, config: Value) -> Result<Placed, Refusal> {
    let Value::Object(mut config) = config else {
        return Err(Refusal::bad("wrong type: expected object"));
    };
    let (enabled, priority) = meta(config.shift_remove("_meta"))?;
    let mut config = match listed.form {
        Form::Same => Value::Object(config),
        Form::Cors => cors::read(config)?,
    };
    references(view, listed.kind, &mut config)?;
    let priority = priority.filter(|priority| *priority != listed.priority);
    Ok(Placed { listed, config, enabled, priority })
}

/// Reads `_meta`: whether the plugin is on, and its priority.
fn meta(meta: Option<Value>) -> Result<(bool, Option<i32>), Refusal> {
    let (mut enabled, mut priority) = (true, None);
    let members = match meta {
        None | Some(Value::Null) => return Ok((enabled, priority)),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Refusal::property("_meta", "wrong type: expected object")),
    };
    for (name, value) in members {
        match (name.as_str(), &value) {
            ("disable", Value::Bool(disable)) => enabled = !disable,
            ("priority", Value::Number(number)) => {
                let number = number.as_i64().and_then(|number| i32::try_from(number).ok());
                priority = Some(number.ok_or_else(|| {
                    Refusal::property("_meta.priority", "expected a number of 32 bits")
                })?);
            }
            ("disable" | "priority", _) => {
                return Err(Refusal::property(&format!("_meta.{name}"), "wrong type"));
            }
            _ => {
                return Err(Refusal::property(
                    "_meta",
                    &format!(
                        "additional properties forbidden, found {name}: there are disable and priority"
                    ),
                ));
            }
        }
    }
    Ok((enabled, priority))
}

/// Refuses references to secrets where they would be taken for plain texts.
fn references(view: &View<'_>, kind: &str, config: &mut Value) -> Result<(), Refusal> {
    let catalogue = view.configuration.catalogue();
    let schema = catalogue.plugin(kind).map(|info| &info.schema);
    let secret: Vec<String> = schema.map_or_else(Vec::new, |schema| {
        let marked = marks(schema, schema, config, &**catalogue).into_iter();
        let secret = marked.filter(|marked| marked.mark == Mark::Secret);
        secret.map(|marked| marked.pointer).collect()
    });
    secrets::check(config, "", &secret, view.references)
}

/// What slots look like as a map.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) plugins: Plugins,
    /// The plugin config that the slots refer to.
    pub(super) plugin_config: Option<String>,
    pub(super) hidden: Vec<String>,
}

/// Shows slots.
pub(super) fn show(view: &View<'_>, slots: Vec<Value>) -> Shown {
    let mut shown = Shown::default();
    for (index, slot) in slots.into_iter().enumerate() {
        let at = format!("/plugins/{index}");
        let Value::Object(slot) = slot else { continue };
        let mut slot = Members(slot);
        if let Some(reference) = slot.text("ref") {
            let config = config_of(view, &reference);
            let other = shown.plugin_config.as_ref().is_some_and(|one| *one != config);
            if other {
                shown.hidden.push(format!("{at}/ref"));
            } else {
                shown.plugin_config = Some(config);
            }
            // Whether the slot is on follows from the route's own plugins.
            slot.take("enabled");
        } else {
            let kind = slot.text("plugin").unwrap_or_default();
            let priority = slot.object("plugin_index").and_then(|mut index| index.take("priority"));
            let priority = priority.and_then(|priority| i32::try_from(priority.as_i64()?).ok());
            let (enabled, config) = (slot.is_on("enabled"), slot.take("config"));
            match one(view, &kind, config, enabled, priority) {
                Some((name, config)) if !shown.plugins.contains_key(name) => {
                    shown.plugins.insert(name.to_owned(), config);
                }
                _ => {
                    shown.hidden.push(format!("{at} ({kind})"));
                    continue;
                }
            }
        }
        shown.hidden.extend(slot.rest(&at));
    }
    shown
}

/// Name and config of a plugin of ours; none where it has no form here.
pub(super) fn one(
    view: &View<'_>,
    kind: &str,
    config: Option<Value>,
    enabled: bool,
    priority: Option<i32>,
) -> Option<(&'static str, Value)> {
    let kind = view.configuration.catalogue().plugin(kind)?.name;
    let listed = listed(view.configuration).find(|listed| listed.kind == kind)?;
    let config = match config {
        Some(Value::Object(config)) => config,
        _ => Map::new(),
    };
    let mut config = match listed.form {
        Form::Same => config,
        Form::Cors => cors::show(config)?,
    };
    let mut meta = Map::new();
    if !enabled {
        meta.insert("disable".to_owned(), Value::Bool(true));
    }
    if let Some(priority) = priority.filter(|priority| *priority != listed.priority) {
        meta.insert("priority".to_owned(), Value::from(priority));
    }
    if !meta.is_empty() {
        config.insert("_meta".to_owned(), Value::Object(meta));
    }
    Some((listed.name, Value::Object(config)))
}

/// The id of the plugin config that a stored plugin is part of: `<config>.<plugin>`, or its own id.
pub(super) fn config_of(view: &View<'_>, stored: &str) -> String {
    match stored.rsplit_once('.') {
        Some((config, plugin)) if named(view.configuration, plugin).is_some() => config.to_owned(),
        _ => stored.to_owned(),
    }
}

/// The priority of a plugin of ours; none of one that has no form here.
pub(super) fn priority(view: &View<'_>, kind: &str) -> Option<i32> {
    listed(view.configuration).find(|listed| listed.kind == kind).map(|listed| listed.priority)
}

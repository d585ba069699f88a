//! Places for plugins: exactly one plugin in each, one that there is, with a config that its schema
//! takes. Found by `x-plugin-config` in the schemas, whatever the kind.

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use serde_json::Value;

use super::Planner;
use crate::configuration::schemas::{nearest, visit};

/// An object of which one member is the config of the plugin that another one names.
struct Slot<'v> {
    pointer: String,
    value: &'v Value,
    /// The member with the config.
    config: String,
    /// Whether it may name a stored plugin instead.
    takes_ref: bool,
}

impl Planner<'_> {
    /// Everything that is wrong with the plugin slots of a document.
    pub(super) fn slots(&self, plural: &str, document: &Value) -> Vec<Problem> {
        let root = self.rules.schemas.root();
        let Some(schema) = self.rules.schemas.schema(plural) else { return Vec::new() };
        let mut slots = Vec::new();
        visit(root, schema, document, &mut |schema, value, pointer| {
            let Some(members) = schema.get("properties").and_then(Value::as_object) else { return };
            let config = members.iter().find(|(_, member)| is_config(root, member));
            if let (Some((config, _)), true) = (config, value.is_object()) {
                slots.push(Slot {
                    pointer: pointer.to_owned(),
                    value,
                    config: config.clone(),
                    takes_ref: members.contains_key("ref"),
                });
            }
        });
        slots.iter().flat_map(|slot| self.slot(slot)).collect()
    }

    fn slot(&self, slot: &Slot<'_>) -> Vec<Problem> {
        let text = |name: &str| slot.value.get(name).and_then(Value::as_str);
        let at = |name: &str| join_pointer(&slot.pointer, name);
        let config = slot.value.get(&slot.config);
        match (text("plugin"), text("ref").filter(|_| slot.takes_ref)) {
            (Some(_), Some(_)) => vec![Problem::at(
                &slot.pointer,
                "a slot takes either \"plugin\" or \"ref\", not both",
            )],
            // Where there is no `ref`, the schema says that `plugin` is missing.
            (None, None) if !slot.takes_ref => Vec::new(),
            (None, None) => {
                let wrong = |name: &str| slot.value.get(name).is_some_and(|value| !value.is_null());
                if wrong("plugin") || wrong("ref") {
                    // Of a wrong type, which the schema says.
                    return Vec::new();
                }
                vec![Problem::at(&slot.pointer, "a slot needs \"plugin\" or \"ref\"")]
            }
            // Nobody would read it, nor know which of its members are secrets.
            (None, Some(_))
                if config
                    .is_some_and(|config| config.as_object().is_none_or(|c| !c.is_empty())) =>
            {
                vec![Problem::at(
                    at(&slot.config),
                    "the config is that of the stored plugin; leave this one out",
                )]
            }
            (None, Some(_)) => Vec::new(),
            (Some(name), None) => match self.rules.catalogue.plugin(name) {
                None => vec![Problem::at(at("plugin"), self.unknown(name))],
                Some(info) => {
                    let none = Value::Object(serde_json::Map::new());
                    let pointer = at(&slot.config);
                    let problems =
                        self.rules.schemas.check_config(info.name, config.unwrap_or(&none));
                    problems.into_iter().map(|problem| problem.under(&pointer)).collect()
                }
            },
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known = self.rules.catalogue.plugins();
        let names = known
            .iter()
            .flat_map(|info| std::iter::once(info.name).chain(info.aliases.iter().copied()));
        match nearest(name, names) {
            Some(near) => format!("there is no plugin {name:?}; is \"{near}\" meant?"),
            None => format!("there is no plugin {name:?}; see /plugin-kinds"),
        }
    }
}

/// Whether a schema is that of a plugin's config.
fn is_config(root: &Value, schema: &Value) -> bool {
    if schema.get("x-plugin-config").is_some() {
        return true;
    }
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| root.pointer(target.strip_prefix('#')?));
    let forms = ["allOf", "anyOf", "oneOf"].into_iter();
    let listed = forms.filter_map(|keyword| schema.get(keyword).and_then(Value::as_array));
    target.into_iter().chain(listed.flatten()).any(|form| is_config(root, form))
}

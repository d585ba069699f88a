//! Global rules: one of our global plugins for each plugin of a rule, with the id `<rule>.<plugin>`.

use serde_json::{Map, Value};

use super::super::documents::Bundle;
use super::super::plugins;
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Members, View};
use super::{Kind, begun, bundle, schema_of, shown};
use crate::configuration::Operation;

const PLURAL: &str = "global-plugins";

pub(super) struct GlobalRules;

impl Kind for GlobalRules {
    fn collection(&self) -> &'static str {
        "global_rules"
    }

    fn singular(&self) -> &'static str {
        "global rule"
    }

    fn schema(&self) -> Value {
        schema_of::<Bundle>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let mut rule: Option<Found> = None;
        let mut map = Map::new();
        for stored in parts(view, id) {
            let entry = view.state.get(PLURAL, &stored)?;
            let mut members = Members(view.members(entry));
            let part = shown(&mut members, id, &format!("{PLURAL}/{stored}"), entry.revision);
            let rule = rule.get_or_insert(part);
            rule.revision = rule.revision.max(entry.revision);
            let kind = members.text("plugin").unwrap_or_default();
            let order = members.take("order").and_then(|order| order.as_i64()).unwrap_or(0);
            let priority = i32::try_from(order.saturating_neg()).ok();
            let (enabled, config) = (members.is_on("enabled"), members.take("config"));
            match plugins::one(view, &kind, config, enabled, priority) {
                Some((name, config)) => drop(map.insert(name.to_owned(), config)),
                None => rule.hidden.push(format!("/{stored} ({kind})")),
            }
            rule.hidden.extend(members.rest(&format!("/{stored}")));
        }
        let mut rule = rule?;
        rule.value.insert("plugins".to_owned(), Value::Object(map));
        Some(rule)
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
        let (rule, placed) = bundle::read_some(view, self.singular(), document)?;
        let before = parts(view, id);
        let mut operations = Vec::new();
        let mut kept = Vec::new();
        for one in placed {
            elsewhere(view, id, one.listed.kind, one.listed.name)?;
            let stored = format!("{id}.{}", one.listed.name);
            let mut document = begun(
                &stored,
                rule.name.as_ref(),
                rule.desc.as_ref(),
                rule.labels.as_ref(),
                stamp,
            )?;
            if !one.enabled {
                document.insert("enabled".to_owned(), Value::Bool(false));
            }
            document.insert("plugin".to_owned(), Value::from(one.listed.kind));
            document.insert("order".to_owned(), Value::from(one.rank().saturating_neg()));
            document.insert("config".to_owned(), one.config);
            operations.push(Operation::put(PLURAL, &stored, Value::Object(document)));
            kept.push(stored);
        }
        let gone = before.iter().filter(|stored| !kept.contains(stored));
        operations.extend(gone.map(|stored| Operation::delete(PLURAL, stored, true)));
        Ok(operations)
    }

    fn delete(&self, view: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        let parts = parts(view, id).into_iter();
        parts.map(|stored| Operation::delete(PLURAL, &stored, force)).collect()
    }
}

/// The global plugins of a rule.
fn parts(view: &View<'_>, id: &str) -> Vec<String> {
    view.beginning(PLURAL, id)
        .filter(|entry| plugins::config_of(view, &entry.id) == id)
        .map(|entry| entry.id.to_string())
        .collect()
}

/// Refuses a plugin that another rule has.
fn elsewhere(view: &View<'_>, id: &str, kind: &str, name: &str) -> Result<(), Refusal> {
    for entry in view.state.list(PLURAL) {
        let rule = plugins::config_of(view, &entry.id);
        let theirs = Members(view.members(entry)).text("plugin").unwrap_or_default();
        let theirs = view.configuration.catalogue().plugin(&theirs).map(|info| info.name);
        if rule != id && theirs == Some(kind) {
            return Err(Refusal::bad(format!(
                "plugin '{name}' already exists in global rule with id '{rule}'"
            )));
        }
    }
    Ok(())
}

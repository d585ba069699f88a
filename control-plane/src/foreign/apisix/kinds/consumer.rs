//! Consumers. The key of their own `key-auth` is an API key of ours, as those of their credentials
//! are.

use serde_json::{Value, json};

use super::super::documents::{self, Consumer};
use super::super::plugins::{self, KEY_AUTH, Placed};
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Members, View};
use super::credential::{self, INLINE, Key};
use super::{Kind, begun, put, schema_of, shown, text};
use crate::configuration::Operation;

const PLURAL: &str = "consumers";

pub(super) struct Consumers;

impl Kind for Consumers {
    fn collection(&self) -> &'static str {
        "consumers"
    }

    fn singular(&self) -> &'static str {
        "consumer"
    }

    fn id_member(&self) -> &'static str {
        "username"
    }

    fn patches(&self) -> bool {
        false
    }

    fn schema(&self) -> Value {
        schema_of::<Consumer>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let entry = view.state.get(PLURAL, id)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("{PLURAL}/{id}"), entry.revision);
        if found.value.shift_remove("name").is_some_and(|name| name != id) {
            found.hidden.push("/name".to_owned());
        }
        if !members.is_on("enabled") {
            found.hidden.push("/enabled".to_owned());
        }
        put(&mut found.value, "group_id", members.text("group_ref"));
        let mut slots = plugins::show(view, members.list("plugins"));
        if slots.plugin_config.is_some() {
            found.hidden.push("/plugins (ref)".to_owned());
        }
        if let Some(inline) = view.state.get(credential::PLURAL, &inline(id)) {
            let mut key = Members(view.members(inline));
            found.revision = found.revision.max(inline.revision);
            slots.plugins.insert(KEY_AUTH.to_owned(), credential::show(&mut key));
        }
        if !slots.plugins.is_empty() {
            found.value.insert("plugins".to_owned(), Value::Object(slots.plugins));
        }
        found.hidden.append(&mut slots.hidden);
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        view.state.list(PLURAL).map(|entry| entry.id.to_string()).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let mut consumer: Consumer = documents::read("consumer", document)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_empty() || id.len() > 128 || !id.bytes().all(plain) {
            let reason = "failed to match pattern: letters, digits, \"-\" and \"_\"";
            return Err(Refusal::property("username", reason));
        }
        let mut document =
            begun(id, None, consumer.desc.as_ref(), consumer.labels.as_ref(), stamp)?;
        document.insert("name".to_owned(), Value::from(id));
        let group = text(consumer.group_id.as_ref());
        let group = group.map(|group| view.reference("group_id", group)).transpose()?;
        put(&mut document, "group_ref", group.flatten());
        let key = consumer.plugins.as_mut().and_then(|plugins| plugins.shift_remove(KEY_AUTH));
        let placed = plugins::read(view, consumer.plugins)
            .map_err(|refusal| refusal.of("invalid plugins configuration: "))?;
        let slots: Vec<Value> = placed.into_iter().map(Placed::slot).collect();
        if !slots.is_empty() {
            document.insert("plugins".to_owned(), json!(slots));
        }
        let mut operations = vec![Operation::put(PLURAL, id, Value::Object(document))];
        let inline = inline(id);
        match key {
            Some(config) => {
                let key = Key { id: &inline, name: id, consumer: id, config };
                operations.push(key.put(view, None, None, stamp)?);
            }
            None if view.state.get(credential::PLURAL, &inline).is_some() => {
                operations.push(Operation::delete(credential::PLURAL, &inline, true));
            }
            None => {}
        }
        Ok(operations)
    }

    fn delete(&self, view: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        let mut operations = vec![Operation::delete(PLURAL, id, force)];
        let own = format!("{id}.");
        let keys = view
            .state
            .referrers(PLURAL, id)
            .filter(|(kind, key)| kind.as_str() == credential::PLURAL && key.starts_with(&own));
        operations.extend(keys.map(|(_, key)| Operation::delete(credential::PLURAL, key, force)));
        operations
    }
}

/// The id of the API key in a consumer itself.
fn inline(id: &str) -> String {
    format!("{id}.{INLINE}")
}

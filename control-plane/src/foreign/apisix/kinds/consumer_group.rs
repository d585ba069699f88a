//! Consumer groups.

use serde_json::{Value, json};

use super::super::documents::Bundle;
use super::super::plugins::{self, Placed};
use super::super::refusal::Refusal;
use super::super::stamp::Stamp;
use super::super::view::{Found, Members, View};
use super::{Kind, begun, bundle, schema_of, shown};
use crate::configuration::Operation;

pub(super) struct ConsumerGroups;

impl Kind for ConsumerGroups {
    fn collection(&self) -> &'static str {
        "consumer_groups"
    }

    fn singular(&self) -> &'static str {
        "consumer group"
    }

    fn schema(&self) -> Value {
        schema_of::<Bundle>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let entry = view.state.get("consumer-groups", id)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("consumer-groups/{id}"), entry.revision);
        let mut slots = plugins::show(view, members.list("plugins"));
        if slots.plugin_config.is_some() {
            found.hidden.push("/plugins (ref)".to_owned());
        }
        found.value.insert("plugins".to_owned(), Value::Object(slots.plugins));
        found.hidden.append(&mut slots.hidden);
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        view.state.list("consumer-groups").map(|entry| entry.id.to_string()).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let (group, placed) = bundle::read(view, self.singular(), document)?;
        let mut document =
            begun(id, group.name.as_ref(), group.desc.as_ref(), group.labels.as_ref(), stamp)?;
        let slots: Vec<Value> = placed.into_iter().map(Placed::slot).collect();
        document.insert("plugins".to_owned(), json!(slots));
        Ok(vec![Operation::put("consumer-groups", id, Value::Object(document))])
    }

    fn delete(&self, _: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        vec![Operation::delete("consumer-groups", id, force)]
    }
}

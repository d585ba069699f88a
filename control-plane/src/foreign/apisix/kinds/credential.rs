//! Credentials of a consumer: API keys of ours with the id `<consumer>.<credential>`.

use sanmon_shared::secret::{HashedSecret, is_placeholder};
use serde_json::{Map, Value, json};

use super::super::documents::{self, Credential};
use super::super::plugins::{self, KEY_AUTH};
use super::super::refusal::Refusal;
use super::super::stamp::{self, Stamp};
use super::super::view::{Found, Members, References, View};
use super::{Kind, put, schema_of, shown};
use crate::configuration::Operation;

pub(super) const PLURAL: &str = "apikeys";
/// The credential that stands in the consumer itself.
pub(super) const INLINE: &str = "key-auth";

/// The credentials of one consumer.
pub(crate) struct Credentials {
    /// Whose.
    pub(crate) consumer: String,
}

impl Credentials {
    /// The id of the API key with this id here: ours, or any that names the consumer.
    fn stored(&self, view: &View<'_>, id: &str) -> Option<String> {
        let of_consumer = |stored: &String| {
            let mut referrers = view.state.referrers("consumers", &self.consumer);
            referrers.any(|(kind, key)| kind.as_str() == PLURAL && **key == **stored)
        };
        if id == INLINE {
            return None;
        }
        let own = format!("{}.{id}", self.consumer);
        [own, id.to_owned()].into_iter().find(of_consumer)
    }
}

impl Kind for Credentials {
    fn collection(&self) -> &'static str {
        "credentials"
    }

    fn singular(&self) -> &'static str {
        "credential"
    }

    fn patches(&self) -> bool {
        false
    }

    fn key(&self, id: &str) -> String {
        format!("/apisix/consumers/{}/credentials/{id}", self.consumer)
    }

    fn schema(&self) -> Value {
        schema_of::<Credential>()
    }

    fn find(&self, view: &View<'_>, id: &str) -> Option<Found> {
        let stored = self.stored(view, id)?;
        let entry = view.state.get(PLURAL, &stored)?;
        let mut members = Members(view.members(entry));
        let mut found = shown(&mut members, id, &format!("{PLURAL}/{stored}"), entry.revision);
        put(&mut found.value, "name", members.text("clientName"));
        found.value.insert("plugins".to_owned(), json!({KEY_AUTH: show(&mut members)}));
        members.take("clientId");
        members.take("consumerRef");
        found.hidden.extend(members.rest(""));
        Some(found)
    }

    fn ids(&self, view: &View<'_>) -> Vec<String> {
        let own = format!("{}.", self.consumer);
        let keys = view.state.referrers("consumers", &self.consumer);
        let keys = keys.filter(|(kind, _)| kind.as_str() == PLURAL);
        let ids = keys.map(|(_, key)| key.strip_prefix(&own).unwrap_or(key).to_owned());
        ids.filter(|id| id != INLINE).collect()
    }

    fn put(
        &self,
        view: &View<'_>,
        id: &str,
        document: Value,
        stamp: &Stamp,
    ) -> Result<Vec<Operation>, Refusal> {
        let mut credential: Credential = documents::read("credential", document)?;
        if id == INLINE {
            let reason = "\"key-auth\" stands for the key within the consumer";
            return Err(Refusal::property("id", reason));
        }
        let mut plugins = credential.plugins.take().unwrap_or_default();
        let config = plugins.shift_remove(KEY_AUTH);
        if let Some(other) = plugins.keys().next() {
            return Err(match plugins::named(view.configuration, other) {
                Some(_) => Refusal::bad("only supports auth type plugins in consumer credential"),
                None => Refusal::bad(format!("unknown plugin [{other}]")),
            });
        }
        let Some(config) = config else {
            return Err(Refusal::property("plugins", "key-auth is required"));
        };
        let stored = self.stored(view, id);
        let stored = stored.unwrap_or_else(|| format!("{}.{id}", self.consumer));
        let name = credential.name.as_deref().unwrap_or_default();
        let key = Key { id: &stored, name, consumer: &self.consumer, config };
        let (desc, labels) = (credential.desc.as_ref(), credential.labels.as_ref());
        Ok(vec![key.put(view, desc, labels, stamp)?])
    }

    fn delete(&self, view: &View<'_>, id: &str, force: bool) -> Vec<Operation> {
        let stored = self.stored(view, id).into_iter();
        stored.map(|stored| Operation::delete(PLURAL, &stored, force)).collect()
    }
}

/// The config of `key-auth` as a consumer has it.
pub(super) fn show(key: &mut Members) -> Value {
    let mut config = Map::new();
    put(&mut config, "key", key.text("clientSecret"));
    if !key.is_on("enabled") {
        config.insert("_meta".to_owned(), json!({"disable": true}));
    }
    Value::Object(config)
}

/// A key that is to be stored.
pub(super) struct Key<'a> {
    /// The id of the API key.
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) consumer: &'a str,
    /// Of `key-auth`.
    pub(super) config: Value,
}

impl Key<'_> {
    /// What stores it.
    pub(super) fn put(
        self,
        view: &View<'_>,
        desc: Option<&String>,
        labels: Option<&documents::Labels>,
        stamp: &Stamp,
    ) -> Result<Operation, Refusal> {
        let (key, enabled) = self.secret()?;
        if !is_placeholder(&key) {
            self.alone(view, &key)?;
        }
        if let Some(there) = view.document(PLURAL, self.id) {
            let theirs = there.get("consumerRef").and_then(Value::as_str);
            if theirs.is_some_and(|theirs| theirs != self.consumer) {
                let text = format!("the API key {:?} is that of another consumer", self.id);
                return Err(Refusal::bad(text));
            }
        }
        let mut document = json!({
            "clientId": self.id,
            "clientSecret": key,
            "clientName": self.name,
            "description": desc.map_or("", String::as_str),
            "metadata": stamp::metadata(labels, stamp)?,
            "enabled": enabled,
        });
        if let (References::Kept, Some(members)) = (view.references, document.as_object_mut()) {
            members.insert("consumerRef".to_owned(), Value::from(self.consumer));
        }
        Ok(Operation::put(PLURAL, self.id, document))
    }

    /// The key itself, and whether it is on.
    fn secret(&self) -> Result<(String, bool), Refusal> {
        let wrong = |why: &str| plugins::wrong(KEY_AUTH, why);
        let Value::Object(config) = &self.config else {
            return Err(wrong("wrong type: expected object"));
        };
        let mut enabled = true;
        let mut key = None;
        for (name, value) in config {
            match (name.as_str(), value) {
                ("key", Value::String(text)) if !text.is_empty() => key = Some(text.clone()),
                ("_meta", Value::Object(meta)) if meta.keys().all(|name| name == "disable") => {
                    enabled = meta.get("disable") != Some(&Value::Bool(true));
                }
                ("key", _) => return Err(wrong("property \"key\" validation failed: a string")),
                _ => {
                    let why = format!("additional properties forbidden, found {name}");
                    return Err(wrong(&why));
                }
            }
        }
        let key = key.ok_or_else(|| wrong("property \"key\" is required"))?;
        if key.starts_with('$') && key.contains("://") {
            let why = "property \"key\" validation failed: only its hash is stored, which no \
                       reference has; write the key itself";
            return Err(wrong(why));
        }
        Ok((key, enabled))
    }

    /// Refuses a key that somebody else has.
    fn alone(&self, view: &View<'_>, key: &str) -> Result<(), Refusal> {
        // Up to the hash of the bearer form, which differs by id.
        let stored = HashedSecret::store(self.id, key, None);
        let stored = stored.rsplit_once(':').map_or("", |(secret, _)| secret);
        let other = view
            .state
            .list(PLURAL)
            .find(|entry| *entry.id != *self.id && entry.document.get().contains(stored));
        let Some(other) = other else { return Ok(()) };
        let theirs = Members(view.members(other)).text("consumerRef");
        let theirs = theirs.unwrap_or_else(|| other.id.to_string());
        Err(Refusal::bad(format!(
            "duplicate key of plugin {KEY_AUTH} found with consumer: {theirs}"
        )))
    }
}

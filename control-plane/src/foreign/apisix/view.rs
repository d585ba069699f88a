//! What a call sees of the configuration, and in which manner it speaks.

use std::sync::Arc;

use sanmon_shared::Entry;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::stamp::Stamp;
use crate::configuration::{Configuration, State};

/// Whose manner a call has. They differ in envelopes and in a few members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Apisix,
    /// Known by `gateway_group_id`.
    Api7,
}

/// Whether the ids that a document names have to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    Kept,
    /// Left out: only the document itself is checked.
    LeftOut,
}

/// What a call sees.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) configuration: &'a Configuration,
    pub(super) manner: Manner,
    pub(super) references: References,
}

impl View<'_> {
    /// One of our documents, secrets masked.
    pub(super) fn document(&self, plural: &str, id: &str) -> Option<Map<String, Value>> {
        self.state.get(plural, id).map(|entry| self.members(entry))
    }

    /// The documents with this id, or with one that begins with it, in the order of their ids.
    pub(super) fn beginning<'v>(
        &'v self,
        plural: &'v str,
        id: &'v str,
    ) -> impl Iterator<Item = &'v Arc<Entry>> {
        let after = self.state.list_after(plural, id).take_while(move |e| e.id.starts_with(id));
        self.state.get(plural, id).into_iter().chain(after)
    }

    /// A document as its members, secrets masked.
    pub(super) fn members(&self, entry: &Arc<Entry>) -> Map<String, Value> {
        match self.configuration.shown(entry) {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The id of a document that another one is to name; none where references are left out.
    pub(super) fn reference(&self, property: &str, id: &str) -> Result<Option<String>, Refusal> {
        check_reference(property, id)?;
        Ok((self.references == References::Kept).then(|| id.to_owned()))
    }
}

/// A resource, put together from our documents.
#[derive(Default)]
pub(super) struct Found {
    pub(super) id: String,
    /// Without id and times.
    pub(super) value: Map<String, Value>,
    /// What of our documents has no form here, by pointers.
    pub(super) hidden: Vec<String>,
    /// Where our own API shows it whole.
    pub(super) see: String,
    /// The revision that changed it last.
    pub(super) revision: u64,
    pub(super) stamp: Stamp,
}

/// The members of a document of ours that are still to be shown.
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    /// Takes a member.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text that says something.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Takes a list.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// Takes a list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let text = |value: Value| value.as_str().map(str::to_owned);
        self.list(name).into_iter().filter_map(text).collect()
    }

    /// Takes an object.
    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name) {
            Some(Value::Object(members)) => Some(Self(members)),
            _ => None,
        }
    }

    /// Takes what is on unless it says otherwise.
    pub(super) fn is_on(&mut self, name: &str) -> bool {
        self.take(name) != Some(Value::Bool(false))
    }

    /// What is left and says something, by pointers below `at`.
    pub(super) fn rest(self, at: &str) -> Vec<String> {
        let silent = |value: &Value| match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(true) | Value::Number(_) => false,
        };
        let left = self.0.into_iter().filter(|(_, value)| !silent(value));
        left.map(|(name, _)| format!("{at}/{name}")).collect()
    }
}

/// Why `id` is none here.
fn wrong(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !(1..=64).contains(&id.len()) || !id.bytes().all(plain)
}

/// Refuses a text that cannot be the id of a resource.
pub(super) fn check_id(id: &str) -> Result<(), Refusal> {
    if wrong(id) {
        return Err(Refusal::property(
            "id",
            &format!(
                "object matches none of the required: {id:?} is no id of 1 to 64 letters, digits, \".\", \"-\" and \"_\"{}",
                hint(id)
            ),
        ));
    }
    Ok(())
}

/// Refuses an id that nothing can have which was made here. Other APIs allow more.
fn check_reference(property: &str, id: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.contains('$') {
        return Err(unknown(property, id));
    }
    Ok(())
}

/// There is nothing with the id that a property names.
pub(super) fn unknown(property: &str, id: &str) -> Refusal {
    let what = match property {
        "service_id" => "service info by service id",
        "upstream_id" => "upstream info by upstream id",
        "plugin_config_id" => "plugin config info by plugin config id",
        _ => "consumer group info by consumer group id",
    };
    Refusal::bad(format!("failed to fetch {what} [{id}], response code: 404{}", hint(id)))
}

/// What is told of an id that is the name of a shell variable.
fn hint(id: &str) -> &'static str {
    if id.contains('$') {
        "; the shell did not expand the variable: within single quotes nothing is, so end them \
         around it: '\"$NAME\"'"
    } else {
        ""
    }
}

//! The body on its way to a provider: what of it changes.

use std::borrow::Cow;

use bytes::Bytes;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::json::{Edits, Object, Value};

use super::body::{get, unreliable};
use crate::error::GatewayError;
use crate::provider::{Member, MemberValue, Provider, merge};

/// The edits of a body.
pub(crate) struct Draft<'a> {
    pub(crate) object: &'a Object<'a>,
    edits: Edits<'a>,
    /// Members that the provider refuses and that were left out.
    pub(crate) losses: Losses,
}

impl<'a> Draft<'a> {
    pub(crate) fn of(object: &'a Object<'a>) -> Self {
        Self { object, edits: Edits::default(), losses: Losses::default() }
    }

    /// Gives a member this value, whether it is there or not.
    pub(crate) fn set(
        &mut self,
        name: &'a str,
        json: impl Into<Cow<'a, [u8]>>,
    ) -> Result<(), GatewayError> {
        match get(self.object, name)? {
            Some(value) => self.edits.replace(value.index, json),
            None => self.edits.insert(name, json),
        }
        Ok(())
    }

    /// Adds a member under the name by which the provider gets it.
    pub(crate) fn insert(
        &mut self,
        provider: &'a Provider,
        name: &'a str,
        json: impl Into<Cow<'a, [u8]>>,
    ) -> Result<(), GatewayError> {
        self.set(sent_as(provider, name), json)
    }

    /// Takes a member out, if it is there.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), GatewayError> {
        if let Some(value) = get(self.object, name)? {
            self.edits.remove(value.index);
        }
        Ok(())
    }

    /// Takes a member out.
    pub(crate) fn remove_value(&mut self, value: &Value<'_>) {
        self.remove_at(value.index);
    }

    /// Takes the member at this place out.
    pub(crate) fn remove_at(&mut self, index: usize) {
        self.edits.remove(index);
    }

    /// The members that the provider adds, renames and refuses, and the `options` that the body
    /// lacks. `skipped` ones are dealt with by the caller.
    pub(crate) fn adapt(
        &mut self,
        provider: &'a Provider,
        options: &'a [Member],
        skipped: &[&str],
    ) -> Result<(), GatewayError> {
        for (from, to) in &provider.renames {
            let Some(value) = get(self.object, from)? else { continue };
            match get(self.object, to)? {
                Some(own) if !own.is_null() => self.edits.remove(value.index),
                own => {
                    if let Some(own) = own {
                        self.edits.remove(own.index);
                    }
                    self.edits.rename(value.index, &**to);
                }
            }
        }
        let added = |name: &str| provider.additions.iter().any(|member| *member.name == *name);
        for option in options {
            if !added(&option.name) && !skipped.contains(&&*option.name) {
                self.option(provider, option)?;
            }
        }
        for member in &provider.additions {
            let json = member.value.json().as_bytes();
            match self.sent_under(provider, &member.name)? {
                Some(own) => self.edits.replace(own.index, json),
                None => self.edits.insert(&*member.name, json),
            }
        }
        for &name in provider.kind.refuses {
            if !added(name)
                && let Some(value) = get(self.object, name)?
            {
                self.edits.remove(value.index);
                self.losses.dropped_for(name, "the provider refuses it");
            }
        }
        Ok(())
    }

    /// What of the body the provider gets under this name.
    fn sent_under(
        &self,
        provider: &Provider,
        name: &str,
    ) -> Result<Option<Value<'a>>, GatewayError> {
        if let Some(own) = get(self.object, name)? {
            return Ok(Some(own));
        }
        for (from, _) in provider.renames.iter().filter(|(_, to)| **to == *name) {
            if let Some(own) = get(self.object, from)? {
                return Ok(Some(own));
            }
        }
        Ok(None)
    }

    fn option(&mut self, provider: &'a Provider, option: &'a Member) -> Result<(), GatewayError> {
        let sent_as = sent_as(provider, &option.name);
        let own = match get(self.object, &option.name)? {
            None => self.sent_under(provider, sent_as)?,
            own => own,
        };
        let Some(own) = own else {
            self.edits.insert(sent_as, option.value.json().as_bytes());
            return Ok(());
        };
        let win = provider.options.win;
        match (&option.value, own.object()) {
            (MemberValue::Object(_, members), Some(own_members)) => {
                let merged = merge(&own_members, members, win);
                let merged = merged.map_err(|error| unreliable(&error, &option.name))?;
                if let Some(merged) = merged {
                    self.edits.replace(own.index, merged);
                }
            }
            _ if win => self.edits.replace(own.index, option.value.json().as_bytes()),
            _ => {}
        }
        Ok(())
    }

    /// The body to send, which is the caller's own when nothing changed.
    pub(crate) fn finish(&self, body: &Bytes) -> Bytes {
        if self.edits.is_empty() { body.clone() } else { self.edits.apply(self.object).into() }
    }
}

/// The name under which a provider gets a member.
fn sent_as<'p>(provider: &'p Provider, name: &'p str) -> &'p str {
    let renamed = provider.renames.iter().find(|(from, _)| **from == *name);
    renamed.map_or(name, |(_, to)| to)
}

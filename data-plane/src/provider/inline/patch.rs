use bytes::Bytes;
use sanmon_wire::format::Format;
use sanmon_wire::json::{Edits, Object};

use crate::error::{Code, GatewayError};
use crate::provider::options::{self, Member};

/// Bodies of one sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Chats in this format.
    Chat(Format),
    /// Embeddings.
    Embeddings,
    /// What passes as it is.
    Passed,
}

/// A change of bodies.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A member gets this value.
    Set(Member),
    /// A member is taken out.
    Remove(&'static str),
    /// Members are put into it, at any depth: over its own, or where it lacks them.
    Merge {
        /// They.
        members: Box<[Member]>,
        /// Over its own.
        force: bool,
    },
}

/// What changes of bodies, in this order: members are set and removed, then others merged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    flat: Box<[Change]>,
    merges: Box<[(Box<[Member]>, bool)]>,
}

impl Patch {
    pub(super) fn of(changes: impl Iterator<Item = Change>) -> Self {
        let (mut flat, mut merges) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Merge { members, force } => merges.push((members, force)),
                flat_one => flat.push(flat_one),
            }
        }
        Self { flat: flat.into(), merges: merges.into() }
    }

    /// The changed body.
    pub(in crate::provider) fn apply(&self, mut body: Bytes) -> Result<Bytes, GatewayError> {
        if !self.flat.is_empty() {
            let object = scan(&body)?;
            let mut edits = Edits::default();
            for change in &self.flat {
                let (name, json) = match change {
                    Change::Set(member) => (&*member.name, Some(member.value.json())),
                    Change::Remove(name) => (*name, None),
                    Change::Merge { .. } => continue,
                };
                match (object.get(name).map_err(|error| unreadable(&error))?, json) {
                    (Some(own), Some(json)) => edits.replace(own.index, json.as_bytes()),
                    (None, Some(json)) => edits.insert(name, json.as_bytes()),
                    (Some(own), None) => edits.remove(own.index),
                    (None, None) => {}
                }
            }
            body = edits.apply(&object).into();
        }
        for (members, force) in &self.merges {
            let merged = options::merge(&scan(&body)?, members, *force);
            if let Some(merged) = merged.map_err(|error| unreadable(&error))? {
                body = merged.into();
            }
        }
        Ok(body)
    }
}

fn scan(body: &Bytes) -> Result<Object<'_>, GatewayError> {
    Object::scan(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> GatewayError {
    GatewayError::new(Code::BadRequest, format!("the body cannot be read: {error}"))
}

//! From a document as it was sent to the one that is stored: checked against its schema, with its
//! id, without read-only members, secrets sealed and hashed.

use sanmon_shared::Problem;
use sanmon_shared::marks::Mark;
use sanmon_shared::problem::join_pointer;
use serde_json::Value;

use super::Planner;
use super::ids;
use super::patch::{DEPTH, within};
use super::secrets::Show;
use crate::configuration::kinds::KindInfo;

/// Values in one document.
const NODES: usize = 1_000_000;

/// A document that is ready to be stored if there are no problems.
pub(super) struct Prepared {
    pub(super) document: Value,
    pub(super) shows: Vec<Show>,
    /// By pointers into the document.
    pub(super) problems: Vec<Problem>,
}

impl Planner<'_> {
    /// Prepares `document`, which replaces `before`.
    pub(super) fn prepare(
        &self,
        info: &KindInfo,
        id: &str,
        mut document: Value,
        before: Option<&Value>,
    ) -> Prepared {
        if !within(&document, DEPTH, &mut { NODES }) {
            let problems = vec![Problem::at("", "the document is too large or too deep")];
            return Prepared { document: Value::Null, shows: Vec::new(), problems };
        }
        let mut problems = self.rules.schemas.check(info.plural, &document);
        if !document.is_object() {
            return Prepared { document: Value::Null, shows: Vec::new(), problems };
        }
        problems.extend(write_id(info, id, &mut document));
        for marked in self.rules.marks(info.plural, &document) {
            if marked.mark == Mark::ReadOnly {
                remove(&mut document, &marked.pointer);
            }
        }
        problems.extend(self.slots(info.plural, &document));
        let (shows, wrong) = self.keep_secrets(info, id, &mut document, before);
        problems.extend(wrong);
        if problems.is_empty() {
            problems.extend((info.read)(&document).err());
        }
        Prepared { document, shows, problems }
    }
}

/// Makes the document say its id, at its beginning where it did not.
fn write_id(info: &KindInfo, id: &str, document: &mut Value) -> Option<Problem> {
    let pointer = join_pointer("", info.id_field);
    let members = document.as_object_mut()?;
    match members.get_mut(info.id_field) {
        None => drop(members.shift_insert(0, info.id_field.to_owned(), Value::from(id))),
        Some(written) if written.is_null() || written.as_str() == Some("") => {
            *written = Value::from(id);
        }
        Some(written) if written.as_str().is_some_and(|written| written != id) => {
            return Some(Problem::at(pointer, "the id cannot be another than the path's"));
        }
        Some(_) => {}
    }
    ids::wrong(id).map(|why| Problem::at(pointer, why))
}

/// Removes the member at `pointer`.
fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else { return };
    let name = token.replace("~1", "/").replace("~0", "~");
    if let Some(members) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        members.shift_remove(&name);
    }
}

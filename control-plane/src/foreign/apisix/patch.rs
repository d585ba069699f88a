//! Changes of a resource in part.

use sanmon_shared::Problem;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::configuration::apply_patch;

/// The document after a patch: operations (RFC 6902), an object that is merged, or, with a path,
/// the value that stands there then.
pub(super) fn apply(mut document: Value, path: &[String], patch: Value) -> Result<Value, Refusal> {
    if !path.is_empty() {
        *place(&mut document, path)? = patch;
        return Ok(document);
    }
    match &patch {
        Value::Object(_) => {
            json_patch::merge(&mut document, &patch);
            Ok(document)
        }
        Value::Array(_) => match apply_patch(&mut document, &patch) {
            Ok(()) => Ok(document),
            Err(problems) => {
                let told = |problem: &Problem| format!("{}: {}", problem.pointer, problem.message);
                let told: Vec<String> = problems.iter().map(told).collect();
                Err(Refusal::invalid(told.join("; ")))
            }
        },
        _ => Err(Refusal::bad("invalid configuration")),
    }
}

/// The place at the end of a path; objects that are missing on the way are made.
fn place<'v>(document: &'v mut Value, path: &[String]) -> Result<&'v mut Value, Refusal> {
    let invalid = || Refusal::bad(format!("invalid sub-path: /{}", path.join("/")));
    let mut place = document;
    for name in path {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(members) => members.entry(name.clone()).or_insert(Value::Null),
            Value::Array(items) => {
                let index: usize = name.parse().map_err(|_| invalid())?;
                items.get_mut(index).ok_or_else(invalid)?
            }
            _ => return Err(invalid()),
        };
    }
    Ok(place)
}

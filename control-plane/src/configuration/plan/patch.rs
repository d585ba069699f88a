//! RFC 6902, bounded: a few copies of a document into itself must not fill the memory.

use json_patch::PatchOperation;
use sanmon_shared::Problem;
use serde_json::Value;

/// Operations of one patch.
const OPERATIONS: usize = 1_000;

/// Values in a document.
const NODES: usize = 1_000_000;

/// How deep a document may be nested; parsers give up a little later.
pub(super) const DEPTH: usize = 64;

/// Applies `patch` to `document`, or says what is wrong with it, by pointers into the patch.
pub(crate) fn apply(document: &mut Value, patch: &Value) -> Result<(), Vec<Problem>> {
    let Some(listed) = patch.as_array() else {
        return Err(vec![Problem::at("", "a JSON Patch is a list of operations (RFC 6902)")]);
    };
    if listed.len() > OPERATIONS {
        return Err(vec![Problem::at("", "a JSON Patch may have 1000 operations at most")]);
    }
    let mut operations = Vec::with_capacity(listed.len());
    let mut problems = Vec::new();
    for (index, operation) in listed.iter().enumerate() {
        // The text of a parser's error could hold a value, which could be a secret.
        match serde_json::from_value::<PatchOperation>(operation.clone()) {
            Ok(operation) => operations.push(operation),
            Err(_) => problems.push(Problem::at(
                format!("/{index}"),
                "this is no operation of a JSON Patch (RFC 6902)",
            )),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for (index, operation) in operations.into_iter().enumerate() {
        let wrong = |message: String| vec![Problem::at(format!("/{index}"), message)];
        json_patch::patch(document, std::slice::from_ref(&operation))
            .map_err(|error| wrong(error.kind.to_string()))?;
        if !within(document, DEPTH, &mut { NODES }) {
            return Err(wrong("the document becomes too large or too deep".to_owned()));
        }
    }
    Ok(())
}

/// Whether `value` has at most `depth` levels and `nodes` values.
pub(super) fn within(value: &Value, depth: usize, nodes: &mut usize) -> bool {
    let Some(left) = nodes.checked_sub(1) else { return false };
    *nodes = left;
    if depth == 0 {
        return false;
    }
    match value {
        Value::Array(items) => items.iter().all(|item| within(item, depth - 1, nodes)),
        Value::Object(members) => members.values().all(|item| within(item, depth - 1, nodes)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_malformed_operation_is_told() {
        let patch = json!([
            {"op": "add", "path": "/a", "value": 1},
            {"op": "frobnicate", "path": "/a"},
            {"op": "add", "path": "no-slash", "value": "sk-canary"},
        ]);
        let problems = apply(&mut json!({}), &patch).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/1", "/2"]);
        assert!(!format!("{problems:?}").contains("canary"));
    }

    #[test]
    fn a_failing_operation_is_pointed_at() {
        let patch = json!([
            {"op": "add", "path": "/a", "value": 1},
            {"op": "test", "path": "/a", "value": 2},
        ]);
        assert_eq!(apply(&mut json!({}), &patch).unwrap_err()[0].pointer, "/1");
    }

    #[test]
    fn a_document_cannot_be_copied_into_itself_until_the_memory_is_full() {
        let doubling: Vec<_> =
            (0..60).map(|i| json!({"op": "copy", "from": "", "path": format!("/c{i}")})).collect();
        assert!(apply(&mut json!({"a": 1}), &Value::Array(doubling)).is_err());
    }
}

//! Expected headers, query parameters and cookies of our `frontend` as conditions in `vars`. What is
//! written as `vars` stays `vars`, and the data plane says what of it is no condition.

use serde_json::{Value, json};

use super::refusal::Refusal;

/// A problem of the conditions, at a pointer into them.
pub(super) fn wrong(pointer: &str, why: &str) -> Refusal {
    Refusal::bad(format!("failed to validate the 'vars' expression: vars{pointer}: {why}"))
}

/// An expectation of ours as a condition; none where it cannot be said.
pub(super) fn show(prefix: &str, name: &str, expected: &str) -> Option<Value> {
    let name = match prefix {
        "http_" => name.to_ascii_lowercase().replace('-', "_"),
        _ => name.to_owned(),
    };
    let variable = format!("{prefix}{name}");
    let expression = expected.strip_prefix("Regex(").and_then(|rest| rest.strip_suffix(')'));
    Some(match (expected, expression) {
        ("Exists()" | "IsDefined()", _) => json!([variable, "~=", null]),
        ("NotDefined()", _) => json!([variable, "==", null]),
        (_, Some(expression)) => json!([variable, "~~", format!("^(?:{expression})$")]),
        _ if expected.starts_with("Wildcard(") => return None,
        _ => json!([variable, "==", expected]),
    })
}

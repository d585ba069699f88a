//! Says in words in which places a document breaks its schema. The words never hold a value of the
//! document: it may be a secret in the wrong place.

use std::cell::Cell;
use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use serde_json::Value;

use super::visit;

/// More problems than anybody reads at once are cut off here.
const LIMIT: usize = 1_000;

/// Objects of a document for whose unknown members a known one is suggested.
const LOOKS: usize = 20;

/// Everything in which `document` breaks `schema`.
pub(super) fn problems(
    validator: &Validator,
    root: &Value,
    schema: &Value,
    document: &Value,
) -> Vec<Problem> {
    // Each look walks the whole document.
    let looks = Cell::new(0);
    let known = |pointer: &str| {
        looks.set(looks.get() + 1);
        if looks.get() > LOOKS { BTreeSet::new() } else { members(root, schema, document, pointer) }
    };
    let mut problems = Vec::new();
    for error in validator.iter_errors(document).take(LIMIT) {
        explain(&error, &known, &mut problems);
    }
    problems.sort();
    problems.dedup();
    problems
}

/// The names that the schema knows at `pointer`.
fn members(root: &Value, schema: &Value, document: &Value, pointer: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit(root, schema, document, &mut |schema, _, at| {
        if at == pointer
            && let Some(properties) = schema.get("properties").and_then(Value::as_object)
        {
            names.extend(properties.keys().cloned());
        }
    });
    names
}

fn explain(
    error: &ValidationError<'_>,
    known: &dyn Fn(&str) -> BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().as_str();
    let mut say = |message: String| problems.push(Problem::at(pointer, message));
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = known(pointer);
            for name in unexpected {
                let message = match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("there is no such member; is \"{near}\" meant?"),
                    None => "there is no such member".to_owned(),
                };
                problems.push(Problem::at(join_pointer(pointer, name), message));
            }
        }
        Kind::Required { property } => say(format!("the member {property} is missing")),
        Kind::Type { kind } => say(format!("{} is expected here", types(kind))),
        Kind::Enum { options } => say(format!("one of {options} is expected here")),
        Kind::Constant { expected_value } => say(format!("{expected_value} is expected here")),
        Kind::Minimum { limit } => say(format!("the number has to be at least {limit}")),
        Kind::Maximum { limit } => say(format!("the number has to be at most {limit}")),
        Kind::ExclusiveMinimum { limit } => say(format!("the number has to be over {limit}")),
        Kind::ExclusiveMaximum { limit } => say(format!("the number has to be under {limit}")),
        Kind::MinLength { limit } => say(format!("the text needs at least {limit} characters")),
        Kind::MaxLength { limit } => say(format!("the text may have {limit} characters at most")),
        Kind::MinItems { limit } => say(format!("the list needs at least {limit} items")),
        Kind::MaxItems { limit } => say(format!("the list may have {limit} items at most")),
        Kind::Pattern { pattern } => say(format!("the text has to match {pattern}")),
        Kind::Format { format } => say(format!("the text is no {format}")),
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            choose(context, known, problems, pointer);
        }
        other => say(format!("it breaks the rule \"{}\" of the schema", other.keyword())),
    }
}

/// Of several forms, the one that was most likely meant: its errors lie deepest.
fn choose(
    forms: &[Vec<ValidationError<'static>>],
    known: &dyn Fn(&str) -> BTreeSet<String>,
    problems: &mut Vec<Problem>,
    pointer: &str,
) {
    let wrong_type = |error: &ValidationError<'_>| {
        matches!(error.kind(), ValidationErrorKind::Type { .. })
            && error.instance_path().as_str() == pointer
    };
    if let Some(form) = forms.iter().find(|form| !form.iter().any(wrong_type)) {
        for error in form {
            explain(error, known, problems);
        }
        return;
    }
    let expected: BTreeSet<String> = forms
        .iter()
        .flatten()
        .filter_map(|error| match error.kind() {
            ValidationErrorKind::Type { kind } => Some(types(kind)),
            _ => None,
        })
        .collect();
    let expected = expected.into_iter().collect::<Vec<_>>().join(" or ");
    problems.push(Problem::at(pointer, format!("{expected} is expected here")));
}

fn types(kind: &TypeKind) -> String {
    let name = |one: JsonType| match one {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a text",
    };
    match kind {
        TypeKind::Single(one) => name(*one).to_owned(),
        TypeKind::Multiple(many) => many.iter().map(name).collect::<Vec<_>>().join(" or "),
    }
}

/// The one of `names` that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    let wanted = plain(name);
    names
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(wanted.len()))
        .min()
        .map(|(_, candidate)| candidate)
}

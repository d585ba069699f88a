//! Which requests a target is for.

use std::borrow::Cow;

use regex::Regex;
use sanmon_wire::json::{Object, Value, ValueKind};

use super::Ask;
use crate::expression::{Path, Scope, Template};
use crate::provider::Provider;

/// What a target expects of requests. Most expect nothing.
pub(crate) type Conditions = Box<[Condition]>;

/// One expectation.
#[derive(Debug)]
pub(crate) struct Condition {
    /// What is looked at.
    pub(crate) value: Looked,
    /// What it has to be.
    pub(crate) expected: Expected,
}

/// What is looked at.
#[derive(Debug)]
pub(crate) enum Looked {
    /// The text of these expressions.
    Text(Template),
    /// A member of the body, or of the target's options where the body lacks it. What neither has is
    /// as expected.
    Selector(Path),
}

/// What a value has to be.
#[derive(Debug)]
pub(crate) enum Expected {
    /// One of these.
    OneOf(Box<[Box<str>]>),
    /// It matches as a whole.
    Matches(Box<Regex>),
}

impl Expected {
    fn is(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(|one| **one == *value),
            Self::Matches(expression) => expression.is_match(value),
        }
    }
}

impl Condition {
    fn is_met(&self, target: &Provider, ask: &Ask<'_>) -> bool {
        match &self.value {
            Looked::Text(template) => {
                let body =
                    if template.reads_body() { Object::scan(ask.object.text()).ok() } else { None };
                let scope = Scope { exchange: ask.exchange, body };
                template.evaluate(&scope).is_ok_and(|value| self.expected.is(&value))
            }
            Looked::Selector(path) => {
                let own = || Some(path.find(ask.object)?).filter(|value| !value.is_null());
                let value = if target.options.win { None } else { own().map(text) };
                match value.or_else(|| option(target, path)) {
                    None => true,
                    Some(None) => false,
                    Some(Some(value)) => self.expected.is(&value),
                }
            }
        }
    }
}

/// A string, a number or a truth value as text; none of anything else.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind {
        ValueKind::String => value.text(),
        ValueKind::Object | ValueKind::Array | ValueKind::Null => None,
        _ => std::str::from_utf8(value.raw).ok().map(Cow::Borrowed),
    }
}

/// What the target's options have there: none where nothing, or `null`.
fn option<'a>(target: &'a Provider, path: &Path) -> Option<Option<Cow<'a, str>>> {
    let (name, rest) = path.split_first()?;
    if name == "model" && rest.is_none() {
        return target.default_model.as_deref().map(|model| Some(Cow::Borrowed(model)));
    }
    let member = target.options.members.iter().find(|member| &*member.name == name)?;
    let json = member.value.json().as_bytes();
    let value = match rest {
        // A value alone is one in an object, to whoever reads values.
        None => sanmon_wire::json::Elements::first(json)?,
        Some(rest) => rest.find(&Object::scan(json).ok()?)?,
    };
    (!value.is_null()).then(|| text(value))
}

/// Whether a request meets all of them.
pub(super) fn are_met(conditions: &[Condition], target: &Provider, ask: &Ask<'_>) -> bool {
    conditions.iter().all(|condition| condition.is_met(target, ask))
}

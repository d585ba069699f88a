//! Which requests a target is for.

use std::borrow::Cow;

use regex::Regex;
use sanmon_wire::json::{Elements, Object, Value, ValueKind};

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
                let own = path.find(ask.object).filter(|_| !target.options.win);
                match own.map_or(Seen::Nothing, Seen::of).or_else(|| option(target, path)) {
                    Seen::Nothing => true,
                    Seen::Other => false,
                    Seen::Text(value) => self.expected.is(&value),
                }
            }
        }
    }
}

/// What is found where a selector looks.
enum Seen<'a> {
    /// Nothing, or `null`.
    Nothing,
    /// A string, a number or a truth value.
    Text(Cow<'a, str>),
    /// A list or an object.
    Other,
}

impl<'a> Seen<'a> {
    fn of(value: Value<'a>) -> Self {
        let text = match value.kind {
            ValueKind::Null => return Self::Nothing,
            ValueKind::Object | ValueKind::Array => None,
            ValueKind::String => value.text(),
            ValueKind::Number | ValueKind::Bool => {
                std::str::from_utf8(value.raw).ok().map(Cow::Borrowed)
            }
        };
        text.map_or(Self::Other, Self::Text)
    }

    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if let Self::Nothing = self { other() } else { self }
    }
}

/// What the target's options have there.
fn option<'a>(target: &'a Provider, path: &Path) -> Seen<'a> {
    let Some((name, rest)) = path.split_first() else { return Seen::Nothing };
    if name == "model" && rest.is_none() {
        let model = target.default_model.as_deref();
        return model.map_or(Seen::Nothing, |model| Seen::Text(Cow::Borrowed(model)));
    }
    let member = target.options.members.iter().find(|member| &*member.name == name);
    let Some(json) = member.map(|member| member.value.json().as_bytes()) else {
        return Seen::Nothing;
    };
    let value = match rest {
        None => Elements::first(json),
        Some(rest) => Object::scan(json).ok().and_then(|object| rest.find(&object)),
    };
    value.map_or(Seen::Nothing, Seen::of)
}

/// Whether a request meets all of them.
pub(super) fn are_met(conditions: &[Condition], target: &Provider, ask: &Ask<'_>) -> bool {
    conditions.iter().all(|condition| condition.is_met(target, ask))
}

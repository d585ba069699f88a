//! Which requests a target is for.

use regex::Regex;
use sanmon_wire::json::Object;

use super::Ask;
use crate::expression::{Scope, Template};

/// What a target expects of requests. Most expect nothing.
pub(crate) type Conditions = Box<[Condition]>;

/// One expectation.
#[derive(Debug)]
pub(crate) struct Condition {
    /// What is looked at.
    pub(crate) value: Template,
    /// What it has to be.
    pub(crate) expected: Expected,
}

/// What a value has to be.
#[derive(Debug)]
pub(crate) enum Expected {
    /// One of these.
    OneOf(Box<[Box<str>]>),
    /// It matches as a whole.
    Matches(Box<Regex>),
}

impl Condition {
    fn is_met(&self, scope: &Scope<'_>) -> bool {
        let Ok(value) = self.value.evaluate(scope) else { return false };
        match &self.expected {
            Expected::OneOf(values) => values.iter().any(|one| **one == *value),
            Expected::Matches(expression) => expression.is_match(&value),
        }
    }
}

/// Whether a request meets all of them.
pub(super) fn are_met(conditions: &[Condition], ask: &Ask<'_>) -> bool {
    if conditions.is_empty() {
        return true;
    }
    let reads_body = conditions.iter().any(|condition| condition.value.reads_body());
    let body = if reads_body { Object::scan(ask.object.text()).ok() } else { None };
    let scope = Scope { exchange: ask.exchange, body };
    conditions.iter().all(|condition| condition.is_met(&scope))
}

//! Conditions on variables of a request, as APISIX writes them: compiled once, evaluated without a
//! tree.
//!
//! The body is the last to be looked at: [`Vars::hold`] says what the rest of a request decides, and
//! that it decides nothing where the body is needed.

mod body;
mod found;
mod read;
mod test;
#[cfg(test)]
mod tests;
mod variable;

pub(crate) use body::Body;

use found::Found;
use sanmon_shared::{Problem, resources};
use test::Test;
use variable::Variable;

use super::RouteQuery;

/// Conditions, compiled.
#[derive(Debug)]
pub(crate) struct Vars(Group);

#[derive(Debug)]
enum Rule {
    Group(Group),
    Condition(Condition),
}

/// Rules of which all have to hold, or any.
#[derive(Debug)]
struct Group {
    any: bool,
    not: bool,
    rules: Box<[Rule]>,
}

/// `[variable, operator, value]`.
#[derive(Debug)]
struct Condition {
    variable: Variable,
    not: bool,
    test: Test,
}

impl Vars {
    /// Compiles them; none where nothing is expected. Problems point below `at`.
    pub(super) fn build(
        document: &resources::Vars,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        if document.0.is_empty() { None } else { read::whole(&document.0, at, problems).map(Self) }
    }

    /// How many conditions they are.
    pub(super) fn len(&self) -> usize {
        if self.0.any || self.0.not { 1 } else { self.0.rules.len() }
    }

    /// Whether a request meets them; none where that depends on its body, which is not given.
    pub(crate) fn hold(&self, query: &RouteQuery<'_>, body: Option<&Body<'_>>) -> Option<bool> {
        self.0.holds(query, body)
    }
}

impl Rule {
    fn holds(&self, query: &RouteQuery<'_>, body: Option<&Body<'_>>) -> Option<bool> {
        match self {
            Self::Group(group) => group.holds(query, body),
            Self::Condition(condition) => condition.holds(query, body),
        }
    }
}

impl Group {
    fn holds(&self, query: &RouteQuery<'_>, body: Option<&Body<'_>>) -> Option<bool> {
        let mut is_open = false;
        for rule in &self.rules {
            match rule.holds(query, body) {
                // Of any, one that holds decides; of all, one that does not.
                Some(holds) if holds == self.any => return Some(holds != self.not),
                Some(_) => {}
                None => is_open = true,
            }
        }
        (!is_open).then_some(self.any == self.not)
    }
}

impl Condition {
    fn holds(&self, query: &RouteQuery<'_>, body: Option<&Body<'_>>) -> Option<bool> {
        if self.variable.is_of_body() && body.is_none() {
            return None;
        }
        let holds = if self.test.looks_at_all() {
            self.variable.visit(query, body, &mut |found| self.test.is_met(&found))
        } else {
            // What is there several times is what is there first.
            let mut met = None;
            self.variable.visit(query, body, &mut |found| {
                met = Some(self.test.is_met(&found));
                true
            });
            met.unwrap_or_else(|| self.test.is_met(&Found::Nothing))
        };
        Some(holds != self.not)
    }
}

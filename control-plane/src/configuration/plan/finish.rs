//! Checks the end result of the operations, and says what came of each.

use std::collections::BTreeSet;

use sanmon_shared::marks::Mark;
use sanmon_shared::resources::Admin;
use sanmon_shared::{Change, Kind, Problem, Resource as _};
use serde_json::Value;

use super::delete::Incoming;
use super::draft::{Draft, Stored, Touched};
use super::{Plan, Planner};
use crate::configuration::error::WriteError;
use crate::configuration::operation::{Effect, Outcome, Referrer, Shown};
use crate::configuration::rules::parsed;

const INERT: &str = "this is taken and kept, and has no effect yet";

impl Planner<'_> {
    pub(super) fn finish(
        &self,
        draft: &Draft<'_>,
        mut problems: Vec<Problem>,
    ) -> Result<Plan, WriteError> {
        let incoming = self.incoming(draft);
        for (plural, id, touched) in draft.all().filter(|(_, _, touched)| touched.changed()) {
            if let Some(after) = &touched.after {
                let found = self.problems(draft, plural, after, touched);
                problems.extend(found.into_iter().map(|problem| problem.under(&touched.at)));
                problems.extend(self.broken_by(draft, plural, id, touched));
            }
        }
        problems.extend(self.admins(draft)?);
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(WriteError::Invalid(problems));
        }
        for (plural, id, touched) in draft.all() {
            if touched.after.is_none() && touched.before.is_some() && !touched.force {
                let by = self.referrers(draft, &incoming, plural, id);
                if !by.is_empty() {
                    let (plural, id) = (plural.to_owned(), id.to_string());
                    return Err(WriteError::Referenced { plural, id, by });
                }
            }
        }
        let outcomes = self.outcomes(draft, &incoming);
        Ok(Plan { changes: changes(draft), outcomes })
    }

    /// Dangling references; without any, what keeps the document from being built.
    fn problems(
        &self,
        draft: &Draft<'_>,
        plural: &str,
        after: &Stored,
        touched: &Touched,
    ) -> Vec<Problem> {
        let dangling = self.dangling(draft, plural, &after.value);
        if touched.broken || (touched.restored && !dangling.is_empty()) {
            return if touched.restored { Vec::new() } else { dangling };
        }
        let known = self.rules.schemas.kind(plural).is_some();
        if known && dangling.is_empty() {
            return self.rules.catalogue.check(plural, &after.value, draft);
        }
        dangling
    }

    fn dangling(&self, draft: &Draft<'_>, plural: &str, document: &Value) -> Vec<Problem> {
        let references = self.rules.references.at(plural, document).into_iter();
        references
            .filter(|(_, kind, id)| !draft.exists(kind, id))
            .map(|(pointer, kind, id)| {
                let one = self.rules.schemas.kind(&kind).map_or(kind.as_str(), |info| info.kind);
                Problem::at(pointer, format!("there is no {one} with the id {id:?}"))
            })
            .collect()
    }

    /// Those who refer to a changed document and could not be built with it.
    fn broken_by(
        &self,
        draft: &Draft<'_>,
        plural: &str,
        id: &str,
        touched: &Touched,
    ) -> Vec<Problem> {
        let Some(after) = touched.after.as_ref().filter(|_| !touched.broken) else {
            return Vec::new();
        };
        let catalogue = &self.rules.catalogue;
        let concerned = touched.before.as_ref().is_none_or(|before| {
            catalogue.concerns_referrers(plural, &parsed(&before.document), &after.value)
        });
        if !concerned {
            return Vec::new();
        }
        let mut problems = Vec::new();
        for ((kind, referrer), document) in self.untouched_referrers(draft, plural, id) {
            if !self.dangling(draft, &kind, &document).is_empty() {
                continue;
            }
            let now = catalogue.check(&kind, &document, draft);
            if now.is_empty() {
                continue;
            }
            // What was wrong with it before is not the fault of this write.
            let until_now: BTreeSet<_> =
                catalogue.check(&kind, &document, &Draft::new(self.state)).into_iter().collect();
            problems.extend(now.into_iter().filter(|problem| !until_now.contains(problem)).map(
                |problem| {
                    let why = format!(
                        "{referrer:?} of the {kind} refers to this and would break at {:?}: {}",
                        problem.pointer, problem.message
                    );
                    Problem::at(touched.at.as_str(), why)
                },
            ));
        }
        problems
    }

    /// Somebody must be able to write afterwards, and a key must say who somebody is.
    fn admins(&self, draft: &Draft<'_>) -> Result<Vec<Problem>, WriteError> {
        let mut admins = self.state.admins().clone();
        let mut problems = Vec::new();
        let touched = || {
            draft.all().filter(|(plural, _, touched)| *plural == Admin::PLURAL && !touched.broken)
        };
        for (_, id, touched) in touched() {
            let after = touched.after.as_ref();
            match after.and_then(|after| serde_json::from_str::<Admin>(after.text.get()).ok()) {
                Some(admin) => admins.insert(admin),
                None => admins.remove(id),
            }
        }
        for (_, id, touched) in touched().filter(|(_, _, touched)| touched.after.is_some()) {
            if admins.shares_key(id) {
                let pointer = format!("{}/key", touched.at);
                problems.push(Problem::at(pointer, "another admin has this key"));
            }
        }
        if self.state.admins().can_write(self.now) && !admins.can_write(self.now) {
            return Err(WriteError::LastAdmin);
        }
        Ok(problems)
    }

    fn outcomes(&self, draft: &Draft<'_>, incoming: &Incoming) -> Vec<Outcome> {
        let outcome = |done: &super::draft::Done| {
            let touched = draft.touched(&done.plural, &done.id)?;
            Some(self.outcome(draft, incoming, &done.plural, &done.id, touched))
        };
        draft.operations.iter().filter_map(outcome).collect()
    }

    fn outcome(
        &self,
        draft: &Draft<'_>,
        incoming: &Incoming,
        plural: &str,
        id: &std::sync::Arc<str>,
        touched: &Touched,
    ) -> Outcome {
        let effect = match (&touched.before, &touched.after) {
            (_, None) => Effect::Deleted,
            (None, Some(_)) => Effect::Created,
            _ if touched.changed() => Effect::Updated,
            _ => Effect::Unchanged,
        };
        let revision = match &touched.before {
            Some(before) if effect == Effect::Unchanged => before.revision,
            _ => self.state.head().revision + 1,
        };
        let after = touched.after.as_ref();
        let broken_references: Vec<Referrer> = if effect == Effect::Deleted {
            self.referrers(draft, incoming, plural, id)
        } else {
            Vec::new()
        };
        Outcome {
            plural: plural.to_owned(),
            id: std::sync::Arc::clone(id),
            effect,
            revision,
            document: after.map(|after| self.shown(plural, after)),
            warnings: after.map_or_else(Vec::new, |after| self.warnings(plural, &after.value)),
            broken_references,
        }
    }

    /// The document as the answer shows it: masked, except what is shown once.
    fn shown(&self, plural: &str, after: &Stored) -> Shown {
        let mut document = after.value.clone();
        self.rules.mask(plural, &mut document);
        for show in after.shows.iter().filter(|_| self.show) {
            if let Some(place) = document.pointer_mut(&show.pointer) {
                *place = Value::from(show.secret.as_str());
            }
            if let Some((at, bearer)) = &show.bearer
                && let Some((parent, name)) = at.rsplit_once('/')
                && let Some(parent) = document.pointer_mut(parent).and_then(Value::as_object_mut)
            {
                parent.insert(name.to_owned(), Value::from(bearer.as_str()));
            }
        }
        Shown(document)
    }

    fn warnings(&self, plural: &str, document: &Value) -> Vec<Problem> {
        let marks = self.rules.marks(plural, document).into_iter();
        marks
            .filter(|marked| marked.mark == Mark::Inert)
            .map(|marked| Problem::at(marked.pointer, INERT))
            .collect()
    }
}

fn changes(draft: &Draft<'_>) -> Vec<Change> {
    let changed = draft.all().filter(|(_, _, touched)| touched.changed());
    changed
        .map(|(plural, id, touched)| Change {
            kind: Kind::named(plural),
            id: std::sync::Arc::clone(id),
            before: touched.before.as_ref().map(|before| std::sync::Arc::clone(&before.document)),
            after: touched.after.as_ref().map(|after| std::sync::Arc::clone(&after.text)),
        })
        .collect()
}

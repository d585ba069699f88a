//! Turns operations into one change set on top of a state, or says all that is wrong with them.
//! Pure: the same state and operations give the same plan, chance in ids and secrets apart.

mod delete;
mod draft;
mod finish;
mod hashed;
mod ids;
mod patch;
mod prepare;
mod secrets;
mod slots;

use sanmon_shared::seal::Seal;
use sanmon_shared::{Change, Document, Problem};
use serde_json::Value;

use jiff::Timestamp;

use super::error::WriteError;
use super::kinds::KindInfo;
use super::operation::{Action, Operation, Outcome};
use super::rules::Rules;
use super::state::State;
use draft::Draft;

pub(super) use hashed::generate_admin_key;
pub(crate) use patch::apply as apply_patch;

/// What a commit would do.
pub(super) struct Plan {
    /// Each changed document once.
    pub(super) changes: Vec<Change>,
    /// One for each operation.
    pub(super) outcomes: Vec<Outcome>,
}

/// Whose documents they are: a client's, who may not plant hashes, or our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// As a client sends them.
    Client,
    /// As an export has them: secrets may be in their stored form.
    Export,
}

/// What planning goes by.
pub(super) struct Planner<'a> {
    pub(super) rules: &'a Rules,
    pub(super) seal: &'a Seal,
    pub(super) state: &'a State,
    pub(super) now: Timestamp,
    pub(super) trust: Trust,
    /// Whether new secrets are shown; not where nothing is stored.
    pub(super) show: bool,
}

impl Planner<'_> {
    /// Plans the operations, in their order.
    pub(super) fn operations(&self, operations: &[Operation]) -> Result<Plan, WriteError> {
        let mut draft = Draft::new(self.state);
        let mut problems = Vec::new();
        for operation in operations {
            self.operation(operation, &mut draft, &mut problems)?;
        }
        self.finish(&draft, problems)
    }

    /// Plans to make these documents what they were, whatever schemas say now.
    pub(super) fn restore(
        &self,
        documents: &[(String, String, Option<Document>)],
    ) -> Result<Plan, WriteError> {
        let mut draft = Draft::new(self.state);
        for (plural, id, document) in documents {
            draft.restore(plural, id, document.clone());
        }
        self.finish(&draft, Vec::new())
    }

    fn operation(
        &self,
        operation: &Operation,
        draft: &mut Draft<'_>,
        problems: &mut Vec<Problem>,
    ) -> Result<(), WriteError> {
        let plural = operation.plural.as_str();
        let info = *self
            .rules
            .schemas
            .kind(plural)
            .ok_or_else(|| WriteError::UnknownKind(plural.to_owned()))?;
        let id = self.id(&info, operation)?;
        let revision = draft.revision(plural, &id);
        if !operation.precondition.holds(revision) {
            // Against what does not exist, `If-Match` fails as absence does elsewhere.
            let plural = plural.to_owned();
            return Err(WriteError::Precondition { plural, id, revision });
        }
        let missing = || WriteError::NotFound { plural: plural.to_owned(), id: id.clone() };
        let document = match &operation.action {
            Action::Delete { force } => {
                if revision.is_none() {
                    return Err(missing());
                }
                draft.delete(plural, &id, *force, &operation.at);
                return Ok(());
            }
            Action::Create(_) if revision.is_some() => {
                return Err(WriteError::IdTaken { plural: plural.to_owned(), id });
            }
            Action::Create(document) | Action::Put(document) => document.clone(),
            Action::Merge(patch) => {
                let mut document = self.current(draft, plural, &id).ok_or_else(missing)?;
                json_patch::merge(&mut document, patch);
                document
            }
            Action::Patch(patch) => {
                let mut document = self.current(draft, plural, &id).ok_or_else(missing)?;
                if let Err(wrong) = patch::apply(&mut document, patch) {
                    problems.extend(wrong.into_iter().map(|one| one.under(&operation.at)));
                    return Ok(());
                }
                document
            }
            Action::Edit(edit) => match edit.of(self.current(draft, plural, &id)) {
                Ok(document) => document.ok_or_else(missing)?,
                Err(wrong) => {
                    problems.extend(wrong.into_iter().map(|one| one.under(&operation.at)));
                    return Ok(());
                }
            },
        };
        let before = draft.document(plural, &id);
        let prepared = self.prepare(&info, &id, document, before.as_ref());
        let under = |problem: &Problem| problem.clone().under(&operation.at);
        problems.extend(prepared.problems.iter().map(under));
        draft.put(plural, &id, prepared, &operation.at);
        Ok(())
    }

    /// The id that the operation means; a new one where it leaves that to us.
    fn id(&self, info: &KindInfo, operation: &Operation) -> Result<String, WriteError> {
        if let Some(id) = &operation.id {
            return Ok(id.clone());
        }
        let written = match &operation.action {
            Action::Create(document) => document.get(info.id_field).and_then(Value::as_str),
            _ => None,
        };
        match written.filter(|id| !id.is_empty()) {
            Some(id) => Ok(id.to_owned()),
            None => Ok(ids::generate(info.id_prefix, self.now)?),
        }
    }

    /// What a patch is applied to: the document as its author read it.
    fn current(&self, draft: &Draft<'_>, plural: &str, id: &str) -> Option<Value> {
        let mut document = draft.document(plural, id)?;
        self.rules.mask(plural, &mut document);
        Some(document)
    }
}

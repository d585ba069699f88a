//! Lines that become one revision: those that are wrong are told apart and taken out, and the rest
//! is written.

use std::collections::{BTreeMap, HashSet};

use sanmon_shared::{Head, Problem};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::crud::Served;
use super::super::error::{ApiError, Code};
use super::super::query::WriteOptions;
use super::super::shared::Shared;
use super::super::write::{Detail, DocumentResult};
use crate::configuration::{
    Action, Author, Effect, Operation, Outcome, State, WriteError, WriteRequest,
};

/// After so many attempts the lines that are left are written one by one: each attempt took out
/// only one wrong line.
const ATTEMPTS: usize = 8;
/// Problems that the result of one line tells.
const PROBLEMS: usize = 20;

/// What came of a line.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkLine)]
pub(crate) struct LineResult {
    /// Its number, from 1.
    pub(crate) line: u64,
    /// As the same write alone would be answered.
    #[schema(example = 201)]
    pub(crate) status: u16,
    /// The document's id, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// What happened to the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<Effect>,
    /// The revision that wrote it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Secrets that were just set, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) shown_once: Option<Value>,
    /// Members that are kept without effect yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<Problem>,
    /// Why it was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<LineError>,
}

/// It may show a secret once.
impl std::fmt::Debug for LineResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {} {:?}", self.line, self.status, self.error)
    }
}

/// Why a line was not written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkLineError)]
pub(crate) struct LineError {
    /// As in problem documents.
    #[schema(example = "invalid_document")]
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) detail: String,
    /// What is wrong with its document, by pointers into it; the first twenty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) problems: Vec<Problem>,
}

/// Lines on their way to one revision.
pub(super) struct Batch<'a> {
    served: &'a Served,
    slots: Vec<Slot>,
    bytes: usize,
}

/// How it goes on after an error.
enum Next {
    /// With the lines that were not taken out.
    TryTheRest,
    /// With each line alone.
    OneByOne,
    /// Not at all, for this reason.
    Stop(String),
}

struct Slot {
    line: u64,
    id: Option<String>,
    /// Taken out when there is a result.
    operation: Option<Operation>,
    result: Option<LineResult>,
}

impl<'a> Batch<'a> {
    pub(super) fn of(served: &'a Served) -> Self {
        Self { served, slots: Vec::new(), bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, line: u64, bytes: usize, operation: Result<Operation, ApiError>) {
        self.bytes += bytes;
        let mut slot = Slot { line, id: None, operation: None, result: None };
        match operation {
            Ok(operation) => {
                slot.id = operation.id.clone().or_else(|| match &operation.action {
                    Action::Create(document) => {
                        document.get(self.served.id_field)?.as_str().map(str::to_owned)
                    }
                    _ => None,
                });
                slot.operation = Some(operation);
            }
            Err(error) => slot.fail(error),
        }
        self.slots.push(slot);
    }

    /// Writes them. Also where the configuration then stands, and why nothing after them can be
    /// written.
    pub(super) async fn write(
        mut self,
        author: &Author,
        options: &WriteOptions,
        shared: &Shared,
    ) -> (Vec<LineResult>, Option<Head>, Option<String>) {
        self.sort_out(&shared.configuration.state());
        let mut head = None;
        let mut attempts = 0;
        loop {
            let mut taken = self.waiting();
            if attempts >= ATTEMPTS {
                taken.truncate(1);
            }
            if taken.is_empty() {
                return (self.results(), head, None);
            }
            attempts += 1;
            let write = WriteRequest { operations: self.operations(&taken), ..Default::default() }
                .message(options.message.clone())
                .dry_run(options.dry_run);
            match shared.configuration.write(author, write).await {
                Ok(written) => {
                    head = Some(written.head);
                    let state = shared.configuration.state();
                    for (index, outcome) in taken.iter().zip(written.outcomes) {
                        self.succeed(*index, outcome, &state, shared);
                    }
                }
                Err(error) => match self.take_out(&taken, error) {
                    Next::TryTheRest => {}
                    Next::OneByOne => attempts = ATTEMPTS,
                    Next::Stop(why) => return (self.results(), head, Some(why)),
                },
            }
        }
    }

    fn results(self) -> Vec<LineResult> {
        self.slots.into_iter().filter_map(|slot| slot.result).collect()
    }

    /// Tells those apart that cannot succeed, so that they do not cost the others an attempt each.
    fn sort_out(&mut self, state: &State) {
        let plural = self.served.plural;
        let kind = self.served.kind;
        let mut made = HashSet::new();
        for slot in &mut self.slots {
            let (Some(operation), Some(id)) = (&slot.operation, slot.id.clone()) else { continue };
            let exists = state.get(plural, &id).is_some() || made.contains(&id);
            match operation.action {
                Action::Create(_) if exists => {
                    let detail = format!("there is one of the {plural} with the id {id:?} already");
                    slot.fail(ApiError::new(Code::IdTaken, detail));
                }
                Action::Create(_) | Action::Put(_) => {
                    made.insert(id);
                }
                Action::Merge(_) | Action::Patch(_) | Action::Delete { .. } if !exists => {
                    slot.fail(ApiError::no_document(kind, &id));
                }
                _ => {}
            }
        }
    }

    fn waiting(&self) -> Vec<usize> {
        let waits = |(index, slot): (usize, &Slot)| slot.operation.is_some().then_some(index);
        self.slots.iter().enumerate().filter_map(waits).collect()
    }

    /// The operations of these slots; the pointers of the problems of each begin with its index.
    fn operations(&self, taken: &[usize]) -> Vec<Operation> {
        taken
            .iter()
            .filter_map(|index| {
                let operation = self.slots.get(*index)?.operation.clone()?;
                Some(operation.at(format!("/{index}")))
            })
            .collect()
    }

    fn succeed(&mut self, index: usize, outcome: Outcome, state: &State, shared: &Shared) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.operation = None;
        let result = DocumentResult::of(outcome, Detail::SecretsShownOnce, state, shared);
        slot.result = Some(LineResult {
            line: slot.line,
            status: if result.effect == Effect::Created { 201 } else { 200 },
            id: Some(result.id),
            effect: Some(result.effect),
            revision: Some(result.revision),
            shown_once: result.document,
            warnings: result.warnings,
            error: None,
        });
    }

    /// Takes out the lines that an error is about. Where it is about none of them, all fail.
    fn take_out(&mut self, taken: &[usize], error: WriteError) -> Next {
        match error {
            WriteError::Invalid(problems) => self.take_out_invalid(problems),
            WriteError::NotFound { ref id, .. }
            | WriteError::IdTaken { ref id, .. }
            | WriteError::Precondition { ref id, .. }
            | WriteError::Referenced { ref id, .. } => {
                let of_it = |index: &&usize| {
                    self.slots.get(**index).is_some_and(|slot| slot.id.as_ref() == Some(id))
                };
                // Of several lines about one document, it is the last that found the others done.
                let index = taken.iter().rev().find(of_it).or(taken.first()).copied();
                self.fail(index.unwrap_or_default(), error.into());
                Next::TryTheRest
            }
            // Which line it was shows when each is written alone.
            WriteError::LastAdmin if taken.len() > 1 => Next::OneByOne,
            WriteError::LastAdmin => {
                self.fail(taken.first().copied().unwrap_or_default(), error.into());
                Next::OneByOne
            }
            other => self.stop(&other.into()),
        }
    }

    fn take_out_invalid(&mut self, problems: Vec<Problem>) -> Next {
        let mut by_slot: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
        for mut problem in problems {
            let path = problem.pointer.strip_prefix('/').unwrap_or_default();
            let (index, rest) = path.split_once('/').unwrap_or((path, ""));
            let Ok(index) = index.parse() else { continue };
            problem.pointer = if rest.is_empty() { String::new() } else { format!("/{rest}") };
            by_slot.entry(index).or_default().push(problem);
        }
        let mut found = false;
        for (index, problems) in by_slot {
            found |= self.fail(index, ApiError::invalid(problems));
        }
        if found {
            Next::TryTheRest
        } else {
            self.stop(&ApiError::new(Code::Invalid, "the lines are not valid together"))
        }
    }

    fn stop(&mut self, error: &ApiError) -> Next {
        if let Some(cause) = &error.cause {
            tracing::error!(target: "sanmon::admin", cause, "a bulk write was broken off");
        }
        for index in self.waiting() {
            self.fail(index, ApiError::new(error.code, error.detail.clone()));
        }
        Next::Stop(error.detail.to_string())
    }

    fn fail(&mut self, index: usize, error: ApiError) -> bool {
        match self.slots.get_mut(index) {
            Some(slot) if slot.operation.is_some() => {
                slot.fail(error);
                true
            }
            _ => false,
        }
    }
}

impl Slot {
    fn fail(&mut self, error: ApiError) {
        self.operation = None;
        let mut problems = error.problems;
        problems.truncate(PROBLEMS);
        self.result = Some(LineResult {
            line: self.line,
            status: error.code.status().as_u16(),
            id: self.id.clone(),
            effect: None,
            revision: None,
            shown_once: None,
            warnings: Vec::new(),
            error: Some(LineError {
                code: error.code.as_str(),
                detail: error.detail.into_owned(),
                problems,
            }),
        });
    }
}

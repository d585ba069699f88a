//! What a write asks for, and what came of it.

use std::sync::Arc;

use sanmon_shared::{Head, Problem};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Who writes: an admin's id, or the name of a process. Stands in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author(pub Arc<str>);

impl Author {
    /// The author with this name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

/// Writes that become one revision together, or none.
#[derive(Clone, Debug, Default)]
pub struct WriteRequest {
    /// Done in this order; references are checked against the end result.
    pub operations: Vec<Operation>,
    /// Why, in the author's words; may be empty.
    pub message: String,
    /// Whether only the plan is wanted and nothing is stored.
    pub dry_run: bool,
}

impl WriteRequest {
    /// One write; the pointers of its problems go into its document.
    pub fn single(operation: Operation) -> Self {
        Self { operations: vec![operation], ..Self::default() }
    }

    /// Many writes; the pointers of the problems of the i-th begin with `/operations/<i>/document`.
    pub fn transaction(operations: Vec<Operation>) -> Self {
        let at = |(index, operation): (usize, Operation)| {
            operation.at(format!("/operations/{index}/document"))
        };
        Self { operations: operations.into_iter().enumerate().map(at).collect(), ..Self::default() }
    }

    /// The same with a message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same as a plan only, or not.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}

/// One write to one document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The plural of the kind, as in paths.
    pub plural: String,
    /// The id; only a creation may leave it to the document, or to chance.
    pub id: Option<String>,
    /// What is done.
    pub action: Action,
    /// On which condition.
    pub precondition: Precondition,
    /// Where its document stands in what the client sent: the beginning of its problems' pointers.
    pub at: String,
}

impl Operation {
    fn new(plural: &str, id: Option<&str>, action: Action) -> Self {
        Self {
            plural: plural.to_owned(),
            id: id.map(str::to_owned),
            action,
            precondition: Precondition::default(),
            at: String::new(),
        }
    }

    /// Creates; the id is the document's, or a new one.
    pub fn create(plural: &str, document: Value) -> Self {
        Self::new(plural, None, Action::Create(document))
    }

    /// Creates or replaces.
    pub fn put(plural: &str, id: &str, document: Value) -> Self {
        Self::new(plural, Some(id), Action::Put(document))
    }

    /// Changes by RFC 7396.
    pub fn merge(plural: &str, id: &str, patch: Value) -> Self {
        Self::new(plural, Some(id), Action::Merge(patch))
    }

    /// Changes by RFC 6902.
    pub fn patch(plural: &str, id: &str, patch: Value) -> Self {
        Self::new(plural, Some(id), Action::Patch(patch))
    }

    /// Changes by a function, see [`Edit`].
    pub fn edit(plural: &str, id: &str, edit: Edit) -> Self {
        Self::new(plural, Some(id), Action::Edit(edit))
    }

    /// Deletes; `force` also what others refer to.
    pub fn delete(plural: &str, id: &str, force: bool) -> Self {
        Self::new(plural, Some(id), Action::Delete { force })
    }

    /// The same on a condition.
    #[must_use]
    pub fn only_if(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// The same, its document standing at this pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.at = pointer.into();
        self
    }
}

/// What is done to a document. Documents are as a client sends them, secrets in the clear.
#[derive(Clone)]
pub enum Action {
    /// It must not exist.
    Create(Value),
    /// It may exist.
    Put(Value),
    /// It must exist and is changed by a merge patch (RFC 7396).
    Merge(Value),
    /// It must exist and is changed by a JSON Patch (RFC 6902): the array of its operations.
    Patch(Value),
    /// A function says what becomes of it.
    Edit(Edit),
    /// It must exist.
    Delete {
        /// Although others refer to it.
        force: bool,
    },
}

/// What an [`Edit`] answers: the document, none where it must exist and does not, or what is wrong.
type Edited = Result<Option<Value>, Vec<Problem>>;

/// Says what becomes of a document: it gets the document as its author read it, or none where there
/// is none. For the ways to change a document that other APIs have. May be called several times,
/// whenever others wrote first.
#[derive(Clone)]
pub struct Edit(Arc<dyn Fn(Option<Value>) -> Edited + Send + Sync>);

impl Edit {
    /// By this function.
    pub fn by(edit: impl Fn(Option<Value>) -> Edited + Send + Sync + 'static) -> Self {
        Self(Arc::new(edit))
    }

    pub(super) fn of(&self, current: Option<Value>) -> Edited {
        (self.0)(current)
    }
}

/// Documents hold secrets: only what is done is told.
impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Create(_) => "Create(..)",
            Self::Put(_) => "Put(..)",
            Self::Merge(_) => "Merge(..)",
            Self::Patch(_) => "Patch(..)",
            Self::Edit(_) => "Edit(..)",
            Self::Delete { force: false } => "Delete",
            Self::Delete { force: true } => "Delete by force",
        })
    }
}

/// `If-Match` and `If-None-Match`, over the revision that wrote the document last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// The document must exist, at one of these revisions.
    pub if_match: Option<Match>,
    /// The document must not exist, or not at one of these revisions.
    pub if_none_match: Option<Match>,
}

/// What a conditional header lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// `*`: any revision.
    Any,
    /// These revisions.
    Revisions(Vec<u64>),
}

impl Precondition {
    /// Whether it holds for a document at this revision, or for none.
    pub fn holds(&self, revision: Option<u64>) -> bool {
        let matches = |wanted: &Match| match (wanted, revision) {
            (_, None) => false,
            (Match::Any, Some(_)) => true,
            (Match::Revisions(revisions), Some(revision)) => revisions.contains(&revision),
        };
        self.if_match.as_ref().is_none_or(matches)
            && !self.if_none_match.as_ref().is_some_and(matches)
    }
}

/// What came of a write.
#[derive(Debug)]
pub struct Written {
    /// Where the configuration stands after it; in a dry run, where it would.
    pub head: Head,
    /// Whether there is a new revision; a write that changes nothing makes none.
    pub changed: bool,
    /// One for each operation, in their order.
    pub outcomes: Vec<Outcome>,
}

/// What came of one operation.
#[derive(Debug)]
pub struct Outcome {
    /// The plural of the kind.
    pub plural: String,
    /// The id, also a generated one.
    pub id: Arc<str>,
    /// What happened to the document.
    pub effect: Effect,
    /// The revision that wrote it last: its `ETag`. Of a deleted one, the revision that deleted it.
    pub revision: u64,
    /// The document as an answer shows it: secrets masked, except one that callers must know and
    /// that this write set. None when deleted.
    pub document: Option<Shown>,
    /// Members that are kept without effect yet, by pointers into the document.
    pub warnings: Vec<Problem>,
    /// After a forced deletion: who refers to nothing now.
    pub broken_references: Vec<Referrer>,
}

/// What happened to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It is new.
    Created,
    /// It is another.
    Updated,
    /// It was so already.
    Unchanged,
    /// It is gone.
    Deleted,
}

/// A document on its way to the client. It may show a secret once, so `Debug` tells nothing.
#[derive(Clone)]
pub struct Shown(pub Value);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(..)")
    }
}

/// A document that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Referrer {
    /// The plural of its kind.
    #[schema(example = "routes")]
    pub kind: String,
    /// Its id.
    #[schema(example = "route_chat")]
    pub id: String,
    /// Where in it the reference stands.
    #[schema(example = "/plugins/1/config/refs/0")]
    pub pointer: String,
}

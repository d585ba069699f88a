//! `POST /transactions`: writes over many kinds that become one revision, or none.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::Answer;
use super::auth::Identity;
use super::body;
use super::error::{ApiError, Code};
use super::media::DOCUMENT;
use super::query::WriteOptions;
use super::shared::Shared;
use super::write::{Detail, answer_many};
use crate::configuration::{Match, Operation, Precondition, Schemas, WriteRequest};

/// The most operations of one transaction.
pub(crate) const LONGEST: usize = 10_000;

/// Writes that become one revision together, or none. References are checked against the end
/// result, so documents may refer to those created beside them.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema; the document is read with every problem told")]
pub(crate) struct Transaction {
    /// Why, for the history; the query's `message` wins.
    message: Option<String>,
    /// Done in this order.
    #[schema(max_items = 10_000)]
    operations: Vec<TransactionOperation>,
}

/// One write of a transaction.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema; the document is read with every problem told")]
pub(crate) struct TransactionOperation {
    /// What is done.
    action: TransactionAction,
    /// The plural of the kind, as in paths.
    #[schema(example = "routes")]
    kind: String,
    /// The id; with `create` it may be left out, or stand in the document.
    id: Option<String>,
    /// With `create` and `put`: the document.
    #[schema(value_type = Option<Object>)]
    document: Option<Value>,
    /// With `merge` an object (RFC 7396), with `patch` a list of operations (RFC 6902).
    #[schema(value_type = Option<Value>)]
    patch: Option<Value>,
    /// With `delete`: although others refer to it.
    force: Option<bool>,
    /// Only if the document is at this revision.
    if_match: Option<u64>,
    /// Only if the document does not exist.
    if_absent: Option<bool>,
}

/// What is done to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransactionAction {
    /// It must not exist.
    Create,
    /// It may exist.
    Put,
    /// It must exist and is changed by a merge patch.
    Merge,
    /// It must exist and is changed by a JSON Patch.
    Patch,
    /// It must exist.
    Delete,
}

/// `POST /transactions`.
pub(super) async fn run(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let options = WriteOptions::only(&request)?;
    let (_, body) = body::document(&request, payload, DOCUMENT).await?;
    let (message, operations) = read(body, shared.configuration.schemas())?;
    let message = if options.message.is_empty() { message } else { options.message.clone() };
    let write = WriteRequest { operations, ..WriteRequest::default() }
        .message(message)
        .dry_run(options.dry_run);
    let author = Identity::of(&request)?.author();
    let written = shared.configuration.write(&author, write).await?;
    answer_many(answer, written, &options, Detail::Documents, &shared).await
}

fn read(body: Value, schemas: &Schemas) -> Result<(String, Vec<Operation>), ApiError> {
    let mut reader = Reader { problems: Vec::new() };
    let Value::Object(mut body) = body else {
        return Err(ApiError::invalid(vec![Problem::at("", "an object is expected here")]));
    };
    let message = reader.text(&mut body, "message", "").unwrap_or_default();
    if message.chars().count() > 1_000 {
        reader.say("/message".to_owned(), "the text may have 1000 characters at most");
    }
    let operations = match body.remove("operations") {
        Some(Value::Array(operations)) if operations.len() > LONGEST => {
            let detail = format!("a transaction has at most {LONGEST} operations");
            return Err(ApiError::new(Code::TooLarge, detail));
        }
        Some(Value::Array(operations)) => operations,
        _ => {
            reader.say("/operations".to_owned(), "a list is expected here");
            Vec::new()
        }
    };
    reader.refuse(&body, "");
    let operations: Vec<_> = operations
        .into_iter()
        .enumerate()
        .filter_map(|(index, operation)| {
            reader.operation(operation, &format!("/operations/{index}"), schemas)
        })
        .collect();
    if reader.problems.is_empty() {
        Ok((message, operations))
    } else {
        Err(ApiError::invalid(reader.problems))
    }
}

/// Reads by hand, since a derived reader stops at the first problem and quotes values.
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn say(&mut self, pointer: String, message: impl Into<String>) {
        self.problems.push(Problem::at(pointer, message));
    }

    fn refuse(&mut self, left: &Map<String, Value>, at: &str) {
        for name in left.keys() {
            let pointer = sanmon_shared::problem::join_pointer(at, name);
            self.say(pointer, "there is no such member here");
        }
    }

    fn text(&mut self, of: &mut Map<String, Value>, name: &str, at: &str) -> Option<String> {
        match of.remove(name)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            _ => {
                self.say(format!("{at}/{name}"), "a text is expected here");
                None
            }
        }
    }

    fn flag(&mut self, of: &mut Map<String, Value>, name: &str, at: &str) -> bool {
        match of.remove(name) {
            Some(Value::Bool(flag)) => flag,
            None | Some(Value::Null) => false,
            Some(_) => {
                self.say(format!("{at}/{name}"), "true or false is expected here");
                false
            }
        }
    }

    fn operation(&mut self, operation: Value, at: &str, schemas: &Schemas) -> Option<Operation> {
        let Value::Object(mut operation) = operation else {
            self.say(at.to_owned(), "an object is expected here");
            return None;
        };
        let before = self.problems.len();
        let action = operation.remove("action").unwrap_or_default();
        let action = serde_json::from_value::<TransactionAction>(action).ok();
        if action.is_none() {
            let expected =
                "\"create\", \"put\", \"merge\", \"patch\" or \"delete\" is expected here";
            self.say(format!("{at}/action"), expected);
        }
        let plural = self.text(&mut operation, "kind", at).unwrap_or_default();
        let Some(kind) = schemas.kind(&plural) else {
            self.say(format!("{at}/kind"), "there is no such kind");
            return None;
        };
        let id = self.text(&mut operation, "id", at);
        let precondition = self.precondition(&mut operation, at);
        let action = action?;
        let force = action == TransactionAction::Delete && self.flag(&mut operation, "force", at);
        let content = match action {
            TransactionAction::Create | TransactionAction::Put => Some("document"),
            TransactionAction::Merge | TransactionAction::Patch => Some("patch"),
            TransactionAction::Delete => None,
        };
        let at_content = format!("{at}/{}", content.unwrap_or_default());
        let content = match content.map(|name| operation.remove(name)) {
            Some(Some(content)) => content,
            Some(None) => {
                self.say(at_content.clone(), "the member is missing");
                Value::Null
            }
            None => Value::Null,
        };
        if id.is_none() && action != TransactionAction::Create {
            self.say(format!("{at}/id"), "the member is missing");
        }
        self.refuse(&operation, at);
        if self.problems.len() > before {
            return None;
        }
        let name = id.clone().unwrap_or_default();
        let operation = match action {
            TransactionAction::Create => {
                Operation { id, ..Operation::create(kind.plural, content) }
            }
            TransactionAction::Put => Operation::put(kind.plural, &name, content),
            TransactionAction::Merge => Operation::merge(kind.plural, &name, content),
            TransactionAction::Patch => Operation::patch(kind.plural, &name, content),
            TransactionAction::Delete => Operation::delete(kind.plural, &name, force),
        };
        Some(operation.at(at_content).only_if(precondition))
    }

    fn precondition(&mut self, operation: &mut Map<String, Value>, at: &str) -> Precondition {
        let if_match = match operation.remove("if_match") {
            None | Some(Value::Null) => None,
            Some(revision) => {
                let revision = revision.as_u64();
                if revision.is_none() {
                    self.say(format!("{at}/if_match"), "a revision is expected here");
                }
                revision.map(|revision| Match::Revisions(vec![revision]))
            }
        };
        let if_none_match = self.flag(operation, "if_absent", at).then_some(Match::Any);
        Precondition { if_match, if_none_match }
    }
}

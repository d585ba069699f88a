//! `/{plural}/_bulk`: a line of the body is a write of its own, and a line of the answer says what
//! came of it. The body is read as a stream; up to a thousand lines become one revision.
//!
//! The answer begins after the body's end: most clients read nothing before they have sent all, and
//! both sides would wait for each other.

mod batch;
mod lines;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Head;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::REVISION;
use super::auth::Identity;
use super::body;
use super::crud::{Served, patching};
use super::error::{ApiError, Code};
use super::json;
use super::media::{self, Form, LINES};
use super::query::{Query, WriteOptions, bad_parameter};
use super::shared::Shared;
use super::wait::{self, Applied, Progress};
use crate::configuration::{Author, Operation};

use batch::Batch;
use lines::{Line, Lines};

pub(crate) use batch::LineResult as BulkLine;

/// Lines that become one revision.
const BATCH: usize = 1_000;
/// Bytes of lines that become one revision, where the lines are long.
const BATCH_BYTES: usize = 8 << 20;
/// Lines of one request. Their results are kept until its end.
const LONGEST: u64 = 1_000_000;

/// What is done with each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Put,
    Patch,
    Delete { force: bool },
}

/// The last line of the answer.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BulkSummary {
    /// What came of all lines.
    summary: BulkCounts,
}

/// What came of all lines.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BulkCounts {
    /// Lines that said something.
    lines: u64,
    /// Of these, how many were written.
    succeeded: u64,
    /// And how many were not.
    failed: u64,
    /// Where the configuration stands after them.
    revision: u64,
    /// Why later lines were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    aborted: Option<String>,
    /// Which data planes run it, where the request waited for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_planes: Option<Progress>,
}

/// `POST /{plural}/_bulk`: documents to create.
pub(super) async fn create(
    request: HttpRequest,
    payload: Payload,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &served, &shared, Verb::Create).await
}

/// `PUT /{plural}/_bulk`: documents to create or replace, with their ids.
pub(super) async fn put(
    request: HttpRequest,
    payload: Payload,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &served, &shared, Verb::Put).await
}

/// `PATCH /{plural}/_bulk`: `{"id": …, "patch": …}`.
pub(super) async fn patch(
    request: HttpRequest,
    payload: Payload,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &served, &shared, Verb::Patch).await
}

/// `DELETE /{plural}/_bulk`: `{"id": …}`.
pub(super) async fn delete(
    request: HttpRequest,
    payload: Payload,
    served: Data<Served>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    run(request, payload, &served, &shared, Verb::Delete { force: false }).await
}

/// What the query asks for.
struct Asked {
    verb: Verb,
    options: WriteOptions,
    only_errors: bool,
}

impl Asked {
    fn of(request: &HttpRequest, verb: Verb) -> Result<Self, ApiError> {
        let mut query = Query::of(request)?;
        let verb = match verb {
            Verb::Delete { .. } => Verb::Delete { force: query.flag("force")? },
            other => other,
        };
        let only_errors = match query.one("results")?.as_deref() {
            None | Some("all") => false,
            Some("errors") => true,
            Some(_) => return Err(bad_parameter("results", "is neither all nor errors")),
        };
        let options = WriteOptions::take(request, &mut query)?;
        query.done()?;
        Ok(Self { verb, options, only_errors })
    }
}

/// The answer as it grows.
#[derive(Default)]
struct Results {
    text: Vec<u8>,
    counts: BulkCounts,
    head: Option<Head>,
}

impl Results {
    fn add(&mut self, results: Vec<BulkLine>, only_errors: bool) {
        for result in results {
            let failed = result.error.is_some();
            self.counts.lines += 1;
            if failed {
                self.counts.failed += 1;
            } else {
                self.counts.succeeded += 1;
            }
            if failed || !only_errors {
                self.line(&result);
            }
        }
    }

    fn line(&mut self, line: &impl Serialize) {
        if serde_json::to_writer(&mut self.text, line).is_ok() {
            self.text.push(b'\n');
        }
    }
}

async fn run(
    request: HttpRequest,
    payload: Payload,
    served: &Served,
    shared: &Shared,
    verb: Verb,
) -> Result<HttpResponse, ApiError> {
    media::wanted(&request, LINES)?;
    media::sent(&request, LINES)?;
    let asked = Asked::of(&request, verb)?;
    let author = Identity::of(&request)?.author();
    let mut results = Results::default();
    let job = Job { served, author: &author, options: &asked.options, shared };
    let read = |line: &[u8]| operation(line, served, asked.verb);
    let end = job.run(payload, read, |done| results.add(done, asked.only_errors)).await;
    results.head = end.head;
    results.counts.aborted = end.aborted;
    finish(results, &asked, served, shared).await
}

/// The lines of one request on their way into the configuration.
pub(crate) struct Job<'a> {
    pub(crate) served: &'a Served,
    pub(crate) author: &'a Author,
    pub(crate) options: &'a WriteOptions,
    pub(crate) shared: &'a Shared,
}

/// How the lines of a request ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Where the configuration stands after them; none where they changed nothing.
    pub(crate) head: Option<Head>,
    /// Why later lines were not read.
    pub(crate) aborted: Option<String>,
}

impl Job<'_> {
    /// Writes what `read` makes of each line, and hands over what came of it, in their order.
    pub(crate) async fn run(
        &self,
        payload: Payload,
        read: impl Fn(&[u8]) -> Result<Operation, ApiError>,
        mut done: impl FnMut(Vec<BulkLine>),
    ) -> End {
        let mut lines = Lines::of(payload);
        let mut end = End::default();
        let mut number = 0;
        let mut ended = false;
        while !ended && end.aborted.is_none() {
            let mut batch = Batch::of(self.served);
            while batch.len() < BATCH && batch.bytes() < BATCH_BYTES {
                let line = match lines.next().await {
                    Ok(Some(line)) => line,
                    Ok(None) => {
                        ended = true;
                        break;
                    }
                    Err(error) => {
                        // What was read is written; the caller is told where it broke off.
                        end.aborted = Some(error.detail.into_owned());
                        break;
                    }
                };
                number += 1;
                if number > LONGEST {
                    end.aborted = Some(format!("a request has at most {LONGEST} lines"));
                    break;
                }
                match line {
                    Line::Text(text) if text.trim_ascii().is_empty() => {}
                    Line::Text(text) => batch.push(number, text.len(), read(&text)),
                    Line::TooLong => batch.push(number, 0, Err(too_long())),
                }
            }
            let (results, head, broken) = batch.write(self.author, self.options, self.shared).await;
            done(results);
            end.head = head.or(end.head);
            end.aborted = end.aborted.or(broken);
        }
        end
    }
}

async fn finish(
    mut results: Results,
    asked: &Asked,
    served: &Served,
    shared: &Shared,
) -> Result<HttpResponse, ApiError> {
    let mut status = StatusCode::OK;
    if let (Some(patience), Some(head), false) =
        (asked.options.wait, &results.head, asked.options.dry_run)
    {
        let concerns = |refusal: &sanmon_shared::report::Refusal| refusal.kind == served.plural;
        let progress = wait::reached(shared, head, &concerns, patience).await?;
        if progress.applied != Applied::Everywhere {
            status = StatusCode::ACCEPTED;
        }
        results.counts.data_planes = Some(progress);
    }
    let head = results.head.take().unwrap_or_else(|| shared.configuration.state().head().clone());
    results.counts.revision = head.revision;
    let summary = BulkSummary { summary: std::mem::take(&mut results.counts) };
    results.line(&summary);
    Ok(HttpResponse::build(status)
        .insert_header((REVISION, head.revision.to_string()))
        .content_type(Form::Lines.media_type())
        .body(results.text))
}

fn too_long() -> ApiError {
    let detail = format!("the line is longer than {} MiB", lines::LONGEST >> 20);
    ApiError::new(Code::TooLarge, detail)
}

/// A line as JSON.
pub(crate) fn value(line: &[u8]) -> Result<Value, ApiError> {
    json::read_json(line).map_err(|error| match body::unreadable(error) {
        error if error.code == Code::Malformed => {
            let detail = error.detail.replace("the body", "the line");
            ApiError::new(error.code, detail)
        }
        error => error,
    })
}

/// What a line asks for.
fn operation(line: &[u8], served: &Served, verb: Verb) -> Result<Operation, ApiError> {
    let value = value(line)?;
    let missing = |what: &str| {
        ApiError::invalid(vec![sanmon_shared::Problem::at(
            format!("/{what}"),
            "the member is missing",
        )])
    };
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match verb {
        Verb::Create => Ok(Operation::create(served.plural, value)),
        Verb::Put => {
            let id = text(served.id_field).ok_or_else(|| missing(served.id_field))?;
            Ok(Operation::put(served.plural, &id, value))
        }
        Verb::Patch => {
            let id = text("id").or_else(|| text(served.id_field)).ok_or_else(|| missing("id"))?;
            let patch = value.get("patch").cloned().ok_or_else(|| missing("patch"))?;
            Ok(patching(served.plural, &id, Form::Json, patch))
        }
        Verb::Delete { force } => {
            let id = text("id").or_else(|| text(served.id_field)).ok_or_else(|| missing("id"))?;
            Ok(Operation::delete(served.plural, &id, force))
        }
    }
}

//! Everything out, and in again, over HTTP. As lines, each document stands alone, so that exports
//! can be compared and cut with the usual tools.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Problem;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::auth::Identity;
use super::body;
use super::error::{ApiError, Code};
use super::json;
use super::media::{self, ANY, Form};
use super::query::{Query, WriteOptions, bad_parameter};
use super::shared::Shared;
use super::write::{Detail, answer_many};
use crate::configuration::{Export, ImportMode, WriteError};

/// The largest import. What is larger goes in by `_bulk`.
const LIMIT: usize = 256 << 20;

/// `GET /export`. Only for those who may write: it holds the hashes of keys.
pub(super) async fn export(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    Identity::of(&request)?.must_be_admin()?;
    let form = media::wanted(&request, &[Form::Json, Form::Yaml, Form::Lines])?;
    Query::of(&request)?.done()?;
    let export = shared.configuration.export().await?;
    if form != Form::Lines {
        return Answer::to(&request)?.body(&export);
    }
    let lines = lines(&export).map_err(|error| {
        ApiError::new(Code::Internal, "the export cannot be written").cause(error)
    })?;
    Ok(HttpResponse::Ok().content_type(Form::Lines.media_type()).body(lines))
}

fn lines(export: &Export) -> Result<Vec<u8>, serde_json::Error> {
    let head = json!({
        "format": export.format,
        "lineage": export.lineage,
        "revision": export.revision,
        "exported_at": export.exported_at,
    });
    let mut text = serde_json::to_vec(&head)?;
    text.push(b'\n');
    for (kind, documents) in &export.resources {
        let kind = serde_json::to_string(kind)?;
        for document in documents {
            text.extend_from_slice(b"{\"kind\":");
            text.extend_from_slice(kind.as_bytes());
            text.extend_from_slice(b",\"document\":");
            // Stored text may have been written with line breaks.
            let compact: Value = serde_json::from_str(document.get())?;
            serde_json::to_writer(&mut text, &compact)?;
            text.extend_from_slice(b"}\n");
        }
    }
    Ok(text)
}

/// `POST /import`.
pub(super) async fn import(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let mut query = Query::of(&request)?;
    let mode = match query.one("mode")?.as_deref() {
        None | Some("merge") => ImportMode::Merge,
        Some("replace") => ImportMode::Replace,
        Some(_) => return Err(bad_parameter("mode", "is neither merge nor replace")),
    };
    let options = WriteOptions::take(&request, &mut query)?;
    query.done()?;
    let form = media::sent(&request, ANY)?;
    let body = body::read(&request, payload, LIMIT).await?;
    let (export, places) = match form {
        Form::Lines => gathered(&body)?,
        form => (body::parse(form, &body)?, Places::default()),
    };
    let author = Identity::of(&request)?.author();
    let message = options.message.clone();
    let written = shared
        .configuration
        .import(&author, export, mode, message, options.dry_run)
        .await
        .map_err(|error| match error {
            WriteError::Invalid(problems) => {
                ApiError::invalid(problems.into_iter().map(|one| places.at_line(one)).collect())
            }
            other => other.into(),
        })?;
    answer_many(answer, written, &options, Detail::SecretsShownOnce, &shared).await
}

/// On which line each document of a kind stood.
#[derive(Default)]
struct Places(BTreeMap<String, Vec<usize>>);

impl Places {
    /// The same problem with a pointer into the lines: `/<line>/document/…`, lines from 0.
    fn at_line(&self, problem: Problem) -> Problem {
        let moved = || {
            let path = problem.pointer.strip_prefix("/resources/")?;
            let (kind, rest) = path.split_once('/')?;
            let (index, rest) = rest.split_once('/').map_or((rest, None), |(i, r)| (i, Some(r)));
            let line = self.0.get(kind)?.get(index.parse::<usize>().ok()?)?;
            Some(match rest {
                Some(rest) => format!("/{line}/document/{rest}"),
                None => format!("/{line}/document"),
            })
        };
        match moved() {
            Some(pointer) => Problem { pointer, ..problem },
            None => problem,
        }
    }
}

/// The lines of an export as one document.
fn gathered(body: &Bytes) -> Result<(Value, Places), ApiError> {
    let mut export = Map::new();
    let mut resources: Map<String, Value> = Map::new();
    let mut places = Places::default();
    let mut problems = Vec::new();
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let value = json::read_json(line).map_err(|error| {
            let mut error = body::unreadable(error);
            error.detail = format!("line {}: {}", number + 1, error.detail).into();
            error
        })?;
        match value {
            Value::Object(head) if head.contains_key("format") => export.extend(head),
            Value::Object(mut entry) => match (entry.remove("kind"), entry.remove("document")) {
                (Some(Value::String(kind)), Some(document)) if entry.is_empty() => {
                    places.0.entry(kind.clone()).or_default().push(number);
                    if let Value::Array(list) =
                        resources.entry(kind).or_insert_with(|| Value::Array(Vec::new()))
                    {
                        list.push(document);
                    }
                }
                _ => problems.push(expected(number)),
            },
            _ => problems.push(expected(number)),
        }
    }
    if !problems.is_empty() {
        return Err(ApiError::invalid(problems));
    }
    export.insert("resources".to_owned(), Value::Object(resources));
    Ok((Value::Object(export), places))
}

fn expected(line: usize) -> Problem {
    Problem::at(format!("/{line}"), "an object with \"kind\" and \"document\" is expected here")
}

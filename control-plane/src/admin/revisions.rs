//! The history over HTTP.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::Answer;
use super::auth::Identity;
use super::error::{ApiError, Code};
use super::query::{Query, WriteOptions, bad_parameter};
use super::shared::Shared;
use super::write::{Detail, answer_many};

/// The longest page of revisions, and the usual one.
pub(crate) const LONGEST: u64 = 100;

/// `GET /revisions`.
pub(super) async fn list(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let mut query = Query::of(&request)?;
    let before = query.number("before")?;
    let limit = query.number("limit")?.unwrap_or(LONGEST);
    query.done()?;
    if !(1..=LONGEST).contains(&limit) {
        return Err(bad_parameter("limit", "is not between 1 and 100"));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    answer.body(&shared.configuration.revisions(before, limit).await?)
}

/// `GET /revisions/{revision}`.
pub(super) async fn read(
    request: HttpRequest,
    revision: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    answer.body(&shared.configuration.revision(number(&revision)?).await?)
}

/// `GET /revisions/{from}/diff/{to}`.
pub(super) async fn diff(
    request: HttpRequest,
    revisions: Path<(String, String)>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let (from, to) = (number(&revisions.0)?, number(&revisions.1)?);
    answer.body(&shared.configuration.diff(from, to).await?)
}

/// `POST /revisions/{revision}/rollback`.
pub(super) async fn rollback(
    request: HttpRequest,
    revision: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    let options = WriteOptions::only(&request)?;
    let author = Identity::of(&request)?.author();
    let message = options.message.clone();
    let revision = number(&revision)?;
    let written =
        shared.configuration.rollback(&author, revision, message, options.dry_run).await?;
    answer_many(answer, written, &options, Detail::SecretsShownOnce, &shared).await
}

fn number(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ApiError::new(Code::BadParameter, "a revision is a number"))
}

//! What data planes say of themselves, and what they can do.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::store::REPORT_LIVE;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::error::{ApiError, Code};
use super::query::Query;
use super::shared::Shared;

/// A data plane, as it reported last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataPlaneView {
    /// What it said.
    #[serde(flatten)]
    report: DataPlaneReport,
    /// Whether that was within the last 15 seconds.
    live: bool,
    /// How long ago it said so, in milliseconds.
    age_millis: u64,
    /// How many revisions it is behind.
    behind: u64,
}

/// `GET /data-planes`.
pub(super) async fn list(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let mut reports = shared.configuration.store().reports().await?;
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    let now = shared.configuration.clock().millis();
    let head = shared.fresh().await.state.head().revision;
    let view = |report: DataPlaneReport| {
        let age = now.saturating_sub(report.reported_at.as_millisecond());
        let age_millis = u64::try_from(age).unwrap_or(0);
        DataPlaneView {
            live: u128::from(age.unsigned_abs()) < REPORT_LIVE.as_millis(),
            age_millis,
            behind: head.saturating_sub(report.revision),
            report,
        }
    };
    answer.body(&reports.into_iter().map(view).collect::<Vec<_>>())
}

/// `GET /plugin-kinds`.
pub(super) async fn plugin_kinds(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    answer.body(&shared.configuration.catalogue().plugins())
}

/// `GET /plugin-kinds/{name}`.
pub(super) async fn plugin_kind(
    request: HttpRequest,
    name: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    match shared.configuration.catalogue().plugin(&name) {
        Some(kind) => answer.body(kind),
        None => Err(ApiError::new(Code::NotFound, format!("there is no plugin kind {name:?}"))),
    }
}

/// `GET /provider-kinds`.
pub(super) async fn provider_kinds(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    answer.body(&shared.configuration.catalogue().providers())
}

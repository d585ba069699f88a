//! What data planes say of themselves, and what they can do.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use sanmon_shared::Resource as _;
use sanmon_shared::report::{DataPlaneReport, ProviderHealth};
use sanmon_shared::resources::Provider;
use serde::Serialize;
use serde_json::Value;
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
    let now = shared.configuration.clock().now();
    let head = shared.fresh().await.state.head().revision;
    let view = |report: DataPlaneReport| DataPlaneView {
        live: report.is_live(now),
        age_millis: report.age_millis(now),
        behind: head.saturating_sub(report.revision),
        report,
    };
    answer.body(&reports.into_iter().map(view).collect::<Vec<_>>())
}

/// How a provider is, as each data plane finds it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderHealthView {
    /// The provider's id.
    id: String,
    /// What its document says of why an operator keeps it from being asked.
    held: Option<String>,
    /// What every data plane said that reported lately.
    data_planes: Vec<ProviderHealthOn>,
}

/// How a provider is, as one data plane finds it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderHealthOn {
    /// The data plane.
    #[schema(value_type = String, example = "dp_01jd3x7c7v5x")]
    data_plane: Arc<str>,
    /// Whether it said so within the last 15 seconds.
    live: bool,
    /// How long ago it said so, in milliseconds.
    age_millis: u64,
    /// What it found; none where it has nothing to tell: the provider did not fail, and is neither
    /// held nor probed.
    health: Option<ProviderHealth>,
}

/// `GET /providers/{id}/health`.
pub(super) async fn provider_health(
    request: HttpRequest,
    id: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let id = id.into_inner();
    let mut reports = shared.configuration.store().reports().await?;
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    let now = shared.configuration.clock().now();
    let on = |report: DataPlaneReport| ProviderHealthOn {
        live: report.is_live(now),
        age_millis: report.age_millis(now),
        data_plane: report.id,
        health: report.providers.into_iter().find(|one| one.id == id),
    };
    let data_planes: Vec<ProviderHealthOn> = reports.into_iter().map(on).collect();
    let fresh = shared.fresh().await;
    let entry = fresh.state.get(Provider::PLURAL, &id);
    // Instances of plugins are providers without a document.
    if entry.is_none() && data_planes.iter().all(|on| on.health.is_none()) {
        return Err(ApiError::new(Code::NotFound, format!("there is no provider {id:?}")));
    }
    let document = entry.and_then(|entry| serde_json::from_str::<Value>(entry.document.get()).ok());
    let held = document.filter(|document| document.get("hold") == Some(&Value::Bool(true)));
    let held = held.map(|document| {
        let reason = document.get("hold_reason").and_then(Value::as_str).unwrap_or_default();
        reason.to_owned()
    });
    answer.body(&ProviderHealthView { id, held, data_planes })
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

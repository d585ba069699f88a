//! How far the quotas of an API key are used, wherever that is counted, and making them whole again.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use sanmon_shared::Resource as _;
use sanmon_shared::quotas::{KeyCounters, Period, Used};
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::resources::Apikey;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::auth::Identity;
use super::error::{ApiError, Code};
use super::query::Query;
use super::shared::Shared;
use crate::publication::Resets;

/// Where the quotas of API keys are counted.
pub(crate) struct Quotas {
    /// Those in common, or of the data plane of this process.
    pub(crate) counters: Option<Arc<dyn KeyCounters>>,
    /// What data planes elsewhere are told.
    pub(crate) resets: Arc<Resets>,
}

/// How far the quotas of an API key are used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotasView {
    /// The key's id.
    id: String,
    /// Its quotas; what nothing limits is not counted.
    pub(crate) quotas: Vec<QuotaView>,
    /// Who counts, and what they counted.
    counters: Vec<CounterView>,
}

/// How far a quota is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotaView {
    /// Which one.
    pub(crate) period: Period,
    /// The most calls.
    pub(crate) limit: u64,
    /// How many were made: the sum of all counters that are live. Each of those that count on their own
    /// lets so many pass as the limit says.
    pub(crate) used: u64,
    /// How many are left.
    pub(crate) remaining: u64,
    /// When all of them are there again; none where none was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    resets_at: Option<Timestamp>,
}

/// Somebody who counts.
#[derive(Debug, Serialize, ToSchema)]
struct CounterView {
    /// Who that is.
    counted_by: CountedBy,
    /// Which data plane, where it is elsewhere.
    #[schema(value_type = Option<String>, example = "dp_01jd3x7c7v5x")]
    data_plane: Option<Arc<str>>,
    /// Whether it said so within the last 15 seconds.
    live: bool,
    /// How long ago it said so, in milliseconds.
    age_millis: u64,
    /// Whether it has yet to hear of a reset.
    reset_pending: bool,
    /// What was used.
    used: Vec<Used>,
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CountedBy {
    /// The store that data planes have in common.
    Store,
    /// The data plane of this process.
    Process,
    /// A data plane elsewhere, on its own.
    DataPlane,
}

/// `GET /apikeys/{id}/quotas`.
pub(super) async fn read(
    request: HttpRequest,
    id: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    answer.body(&stand(&shared, &key(&shared, &id).await?).await?)
}

/// `DELETE /apikeys/{id}/quotas`.
pub(super) async fn reset(
    request: HttpRequest,
    id: Path<String>,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let key = key(&shared, &id).await?;
    let view = make_whole(&shared, &key, &Identity::of(&request)?).await?;
    answer.status(view.status()).body(&view)
}

/// The key with this id.
pub(crate) async fn key(shared: &Shared, id: &str) -> Result<Apikey, ApiError> {
    let state = shared.fresh().await.state;
    let entry = state.get(Apikey::PLURAL, id);
    let entry = entry.ok_or_else(|| ApiError::no_document(Apikey::KIND, id))?;
    serde_json::from_str(entry.document.get())
        .map_err(|error| ApiError::new(Code::Internal, "the key cannot be read").cause(error))
}

/// How its quotas stand.
pub(crate) async fn stand(shared: &Shared, key: &Apikey) -> Result<QuotasView, ApiError> {
    let (id, now) = (key.client_id.as_str(), shared.configuration.clock().now());
    let mut counters = Vec::new();
    if let Some(own) = &shared.quotas.counters {
        counters.push(CounterView {
            counted_by: if own.in_common() { CountedBy::Store } else { CountedBy::Process },
            data_plane: None,
            live: true,
            age_millis: 0,
            reset_pending: false,
            used: own.used(key).await?,
        });
    }
    let mut reports = shared.configuration.store().reports().await?;
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    let told = |report| reported(report, id, &shared.quotas.resets, now);
    counters.extend(reports.into_iter().filter_map(told));
    let quotas = key.quotas().into_iter().map(|(period, quota)| {
        let of = counters.iter().filter(|one| one.live).flat_map(|one| &one.used);
        let of = || of.clone().filter(|used| used.period == period);
        let used = of().fold(0_u64, |sum, used| sum.saturating_add(used.calls));
        QuotaView {
            period,
            limit: quota.most(),
            used,
            remaining: quota.most().saturating_sub(used),
            resets_at: of().map(|used| used.until).max(),
        }
    });
    Ok(QuotasView { id: id.to_owned(), quotas: quotas.collect(), counters })
}

/// What a data plane said that counts on its own.
fn reported(
    report: DataPlaneReport,
    id: &str,
    resets: &Resets,
    now: Timestamp,
) -> Option<CounterView> {
    let (live, age_millis) = (report.is_live(now), report.age_millis(now));
    let used = report.quotas?.into_iter().find(|key| *key.id == *id).map(|key| key.used);
    Some(CounterView {
        counted_by: CountedBy::DataPlane,
        data_plane: Some(report.id),
        live,
        age_millis,
        reset_pending: resets.is_pending(id, report.resets_until),
        used: used.into_iter().flatten().filter(|used| used.until > now).collect(),
    })
}

/// Makes its quotas whole again, wherever they are counted.
pub(crate) async fn make_whole(
    shared: &Shared,
    key: &Apikey,
    by: &Identity,
) -> Result<QuotasView, ApiError> {
    if let Some(own) = &shared.quotas.counters {
        own.reset(key).await?;
    }
    shared.quotas.resets.add(key.client_id.as_str());
    tracing::info!(key = %key.client_id, admin = %by.id, "the quotas of an API key are reset");
    stand(shared, key).await
}

impl QuotasView {
    /// Of the answer to a reset: whether it is done.
    pub(crate) fn status(&self) -> StatusCode {
        let pending = self.counters.iter().any(|one| one.live && one.reset_pending);
        if pending { StatusCode::ACCEPTED } else { StatusCode::OK }
    }
}

//! `POST /explain`: what would become of a request.

use std::sync::Arc;

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use sanmon_shared::explain::{Configured, ExplainRequest, ExplainedOutage, ExplainedTarget};
use sanmon_shared::report::{DataPlaneReport, TargetHealth};
use sanmon_shared::{Entry, Head, Problem};

use super::answer::Answer;
use super::body;
use super::error::{ApiError, Code};
use super::media::DOCUMENT;
use super::query::Query;
use super::shared::Shared;
use super::wait;
use crate::configuration::State;

/// A state as the data plane's code looks at it.
struct Documents(Arc<State>);

impl Configured for Documents {
    fn head(&self) -> &Head {
        self.0.head()
    }

    fn each(&self, visit: &mut dyn FnMut(&Entry)) {
        for plural in self.0.plurals() {
            for entry in self.0.list(plural.as_str()) {
                visit(entry);
            }
        }
    }
}

/// `POST /explain`.
pub(super) async fn explain(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let answer = Answer::to(&request)?;
    Query::of(&request)?.done()?;
    let (_, asked) = body::document(&request, payload, DOCUMENT).await?;
    let asked: ExplainRequest = serde_json::from_value(asked)
        .map_err(|error| ApiError::invalid(vec![Problem::at("", error.to_string())]))?;
    let state = shared.fresh().await.state;
    let now = shared.configuration.clock().now();
    // Without its store it is explained by what is known.
    let reports = shared.configuration.store().reports().await.unwrap_or_default();
    let live = wait::live(reports, now);
    let explainer = Arc::clone(&shared.explain);
    // A configuration that has changed is compiled first.
    let told = web::block(move || explainer.explain(&Documents(state), &asked)).await;
    let mut told =
        told.map_err(|error| ApiError::new(Code::Internal, "it was not explained").cause(error))?;
    for target in &mut told.targets {
        target.out_on = live.iter().filter_map(|report| outage(report, target, now)).collect();
    }
    answer.body(&told)
}

/// Why a data plane would ask others before this target, if it said so.
fn outage(
    report: &DataPlaneReport,
    target: &ExplainedTarget,
    now: Timestamp,
) -> Option<ExplainedOutage> {
    let health = report.providers.iter().find(|health| health.id == target.provider)?;
    let data_plane = Arc::clone(&report.id);
    if let Some(reason) = &health.unwell {
        return Some(ExplainedOutage { data_plane, out_for: None, reason: reason.clone() });
    }
    let model = target.model.as_deref().unwrap_or_default();
    let of_credential = |of: &&TargetHealth| {
        usize::try_from(of.credential).is_ok_and(|credential| credential == target.credential)
    };
    let called =
        |name: &str| health.targets.iter().filter(of_credential).find(|of| of.model == name);
    let found = called(model).or_else(|| called("*"))?;
    let age = now.as_millisecond().saturating_sub(report.reported_at.as_millisecond());
    let out_for = found.out_for?.checked_sub(u64::try_from(age).unwrap_or_default())?;
    let reason = found.reason.clone().unwrap_or_default();
    Some(ExplainedOutage { data_plane, out_for: Some(out_for), reason })
}

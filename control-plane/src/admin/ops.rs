//! What needs no key: probes, metrics and the OpenAPI document. None of it holds a secret.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::error::{ApiError, Code};
use super::shared::Shared;
use super::wait::live;
use crate::telemetry::Observed;

/// `GET /livez`: the process serves.
pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: the store answers, and nobody asked us to stop.
pub(super) async fn readyz(shared: Data<Shared>) -> Result<HttpResponse, ApiError> {
    if shared.tasks.is_stopping() {
        return Err(ApiError::new(Code::NotReady, "the control plane stops"));
    }
    let fresh = shared.configuration.fresh().await;
    match fresh.stale {
        None => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
        Some(error) => Err(ApiError::new(Code::NotReady, "the store does not answer").cause(error)),
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(shared: Data<Shared>) -> HttpResponse {
    let reports = shared.configuration.store().reports().await;
    let store = reports.is_ok();
    let live = live(reports.unwrap_or_default(), shared.configuration.clock().now());
    let observed = Observed {
        revision: shared.configuration.state().head().revision,
        store,
        planes: live.len(),
        refusals: live.iter().map(|report| report.refusals.len()).sum(),
    };
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(shared.metrics.text(observed))
}

/// `GET /apis/openapi.json`.
pub(super) async fn openapi(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(shared.openapi.clone())
}

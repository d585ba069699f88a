//! What the handlers of all workers have in common.

use std::sync::Arc;

use actix_web::web::Bytes;
use sanmon_shared::explain::Explain;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::task::Tasks;

use super::quotas::Quotas;
use super::throttle::Throttle;
use crate::configuration::{Configuration, Fresh};
use crate::telemetry::Metrics;

/// What the handlers of all workers have in common.
pub(crate) struct Shared {
    /// What is read and changed.
    pub(crate) configuration: Arc<Configuration>,
    /// Tells what would become of requests.
    pub(crate) explain: Arc<dyn Explain>,
    /// Where the quotas of API keys are counted.
    pub(crate) quotas: Quotas,
    /// Who showed wrong credentials.
    pub(crate) throttle: Throttle,
    /// Whose `X-Forwarded-For` counts.
    pub(crate) proxies: TrustedProxies,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Tells whether the control plane stops.
    pub(crate) tasks: Tasks,
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: Bytes,
}

impl Shared {
    pub(crate) fn new(
        configuration: Arc<Configuration>,
        explain: Arc<dyn Explain>,
        quotas: Quotas,
        proxies: TrustedProxies,
        tasks: Tasks,
        openapi: Bytes,
    ) -> Self {
        let throttle = Throttle::new(configuration.clock().clone());
        let metrics = Metrics::new();
        Self { configuration, explain, quotas, throttle, proxies, metrics, tasks, openapi }
    }

    /// What a read is answered from: what other control planes wrote is in it, unless the store is
    /// away.
    pub(crate) async fn fresh(&self) -> Fresh {
        let fresh = self.configuration.fresh().await;
        if let Some(error) = &fresh.stale {
            tracing::warn!(error, "answering a read from the last known state");
        }
        fresh
    }
}

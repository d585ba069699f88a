//! What the handlers of all workers have in common.

use std::sync::Arc;

use actix_web::web::Bytes;
use sanmon_shared::explain::Explain;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::task::Tasks;

use super::throttle::Throttle;
use crate::configuration::{Configuration, Fresh};
use crate::telemetry::Metrics;

/// What the handlers of all workers have in common.
pub(crate) struct Shared {
    /// What is read and changed.
    pub(crate) configuration: Arc<Configuration>,
    /// Tells what would become of requests.
    pub(crate) explain: Arc<dyn Explain>,
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
        proxies: TrustedProxies,
        tasks: Tasks,
        openapi: Bytes,
    ) -> Self {
        let throttle = Throttle::new(configuration.clock().clone());
        Self { configuration, explain, throttle, proxies, metrics: Metrics::new(), tasks, openapi }
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

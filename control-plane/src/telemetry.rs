//! The control plane's metrics, with typed names and bounded labels. Values that the store knows
//! are filled in when they are asked for.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What is counted of the control plane.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    failures: Counter,
    revision: Gauge,
    store: Gauge,
    planes: Gauge,
    refusals: Gauge,
}

/// Of one request. All values are from closed lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    kind: String,
    method: &'static str,
    status: u16,
}

/// What is read from the store for an answer to `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// The newest revision that this control plane has.
    pub(crate) revision: u64,
    /// Whether the store answers.
    pub(crate) store: bool,
    /// Live data planes.
    pub(crate) planes: usize,
    /// Documents that live data planes could not build.
    pub(crate) refusals: usize,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("sanmon");
        let requests = Family::default();
        registry.register("admin_requests", "Requests to the admin API", requests.clone());
        let duration = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        registry.register_with_unit(
            "admin_request_duration",
            "Time to the head of the answer",
            Unit::Seconds,
            duration.clone(),
        );
        let failures = Counter::default();
        registry.register(
            "admin_authentication_failures",
            "Requests with wrong credentials",
            failures.clone(),
        );
        let mut gauge = |name: &str, help: &str| {
            let gauge: Gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let revision = gauge("control_plane_revision", "Revision that the control plane has");
        let store = gauge("store_up", "Whether the store answers (1) or not (0)");
        let planes = gauge("data_planes", "Data planes that reported lately");
        let refusals =
            gauge("data_plane_refusals", "Documents that live data planes could not build");
        Self { registry, requests, duration, failures, revision, store, planes, refusals }
    }

    /// A request was answered. `kind` is one of our path segments.
    pub(crate) fn answered(&self, kind: &str, method: &str, status: u16, seconds: f64) {
        let labels = RequestLabels { kind: kind.to_owned(), method: known_method(method), status };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(seconds);
    }

    /// Somebody showed wrong credentials.
    pub(crate) fn authentication_failed(&self) {
        self.failures.inc();
    }

    /// Everything in the text format.
    pub(crate) fn text(&self, observed: Observed) -> String {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.revision.set(i64::try_from(observed.revision).unwrap_or(i64::MAX));
        self.store.set(i64::from(observed.store));
        self.planes.set(number(observed.planes));
        self.refusals.set(number(observed.refusals));
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a string does not fail.
            Err(_) => String::new(),
        }
    }
}

/// Callers invent methods; labels do not follow them.
fn known_method(method: &str) -> &'static str {
    const KNOWN: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.iter().find(|known| **known == method).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_every_metric() {
        let metrics = Metrics::new();
        metrics.answered("routes", "GET", 200, 0.001);
        metrics.answered("routes", "BREW", 405, 0.001);
        metrics.authentication_failed();
        let observed = Observed { revision: 7, store: true, planes: 2, refusals: 1 };
        let text = metrics.text(observed);
        // Series of one metric come in any order.
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        insta::assert_snapshot!(lines.join("\n"));
    }
}

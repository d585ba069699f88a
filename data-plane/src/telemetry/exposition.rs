//! The text of `/metrics`, in the exposition format of Prometheus (0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::histogram::Sum;
use super::series::{Metrics, Series, TOKENS};
use crate::target::{self, Registry};

/// How the data plane stands, beside what its workers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// A snapshot is loaded.
    pub(crate) ready: bool,
    /// The revision that is served.
    pub(crate) revision: u64,
    /// Since when, in milliseconds since 1970.
    pub(crate) applied_at: Option<i64>,
    /// Whether the source answered when it was last asked.
    pub(crate) source_up: bool,
    /// Requests and streams under way.
    pub(crate) in_flight: usize,
    /// Documents that could not be built.
    pub(crate) refusals: usize,
}

type Labels = (Box<str>, Box<str>, Box<str>);

/// The series of all workers with the same labels.
#[derive(Default)]
struct Total {
    statuses: [u64; 6],
    total: Sum,
    upstream: Sum,
    gateway: Sum,
    first_token: Sum,
    tokens: [u64; 5],
    cut: u64,
    left: u64,
}

impl Total {
    fn add(&mut self, series: &Series) {
        for (sum, count) in self.statuses.iter_mut().zip(&series.statuses) {
            *sum += count.load(Ordering::Relaxed);
        }
        for (sum, count) in self.tokens.iter_mut().zip(&series.tokens) {
            *sum += count.load(Ordering::Relaxed);
        }
        series.total.add_to(&mut self.total);
        series.upstream.add_to(&mut self.upstream);
        series.gateway.add_to(&mut self.gateway);
        series.first_token.add_to(&mut self.first_token);
        self.cut += series.cut.load(Ordering::Relaxed);
        self.left += series.left.load(Ordering::Relaxed);
    }
}

/// Everything, as of now.
pub(super) fn text(
    metrics: &Metrics,
    targets: &Registry,
    health: Health,
    version: &str,
    now: i64,
) -> String {
    let mut totals: BTreeMap<Labels, Total> = BTreeMap::new();
    for series in metrics.series() {
        let labels = (series.route.clone(), series.provider.clone(), series.model.clone());
        totals.entry(labels).or_default().add(&series);
    }
    let totals: Vec<(String, Total)> =
        totals.into_iter().map(|(labels, total)| (pairs(&labels), total)).collect();
    let mut page = Page(String::with_capacity(4096));
    page.requests(&totals);
    page.histograms(
        "sanmon_request_duration_seconds",
        "Whole exchanges, to the last byte.",
        &totals,
        |total| &total.total,
    );
    page.histograms(
        "sanmon_upstream_duration_seconds",
        "Waiting for upstreams, until the first byte could be answered.",
        &totals,
        |total| &total.upstream,
    );
    page.histograms(
        "sanmon_gateway_duration_seconds",
        "What the gateway itself took until the first byte.",
        &totals,
        |total| &total.gateway,
    );
    page.histograms(
        "sanmon_time_to_first_token_seconds",
        "From the request to the first content of a stream.",
        &totals,
        |total| &total.first_token,
    );
    page.targets(&target::totals(targets, Instant::now()));
    page.gauges(health, now);
    let dropped = metrics.dropped();
    page.head("sanmon_access_log_dropped_total", "counter", "Lines of the access log lost.");
    page.sample("sanmon_access_log_dropped_total", "", dropped);
    page.limits(metrics);
    page.head("sanmon_build_info", "gauge", "Always 1.");
    page.sample("sanmon_build_info", &format!("version=\"{}\"", escaped(version)), 1);
    page.0
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let (open, close) = if labels.is_empty() { ("", "") } else { ("{", "}") };
        let _ = writeln!(self.0, "{name}{open}{labels}{close} {value}");
    }

    fn requests(&mut self, totals: &[(String, Total)]) {
        let name = "sanmon_requests_total";
        self.head(name, "counter", "Exchanges by the class of their status; 0xx: none was sent.");
        for (labels, total) in totals {
            for (class, count) in total.statuses.iter().enumerate().filter(|(_, count)| **count > 0)
            {
                self.sample(name, &format!("{labels},status_class=\"{class}xx\""), count);
            }
        }
        let name = "sanmon_tokens_total";
        self.head(name, "counter", "Tokens; the cached and the reasoning ones count twice.");
        for (labels, total) in totals {
            for (kind, count) in TOKENS.iter().zip(total.tokens).filter(|(_, count)| *count > 0) {
                self.sample(name, &format!("{labels},type=\"{kind}\""), count);
            }
        }
        let name = "sanmon_streams_failed_total";
        self.head(name, "counter", "Answers that broke off after they had begun.");
        for (labels, total) in totals {
            self.sample(name, labels, total.cut);
        }
        let name = "sanmon_clients_left_total";
        self.head(name, "counter", "Exchanges that callers did not wait for.");
        for (labels, total) in totals {
            self.sample(name, labels, total.left);
        }
    }

    fn targets(&mut self, providers: &[target::Totals]) {
        let label = |one: &target::Totals| format!("provider=\"{}\"", escaped(&one.provider));
        let name = "sanmon_attempts_total";
        self.head(
            name,
            "counter",
            "Attempts at answers; failures of the kind local ended before the provider was called.",
        );
        for one in providers {
            self.sample(name, &label(one), one.attempts);
        }
        let name = "sanmon_attempts_failed_total";
        self.head(name, "counter", "Those that failed, by kind.");
        for one in providers {
            for (kind, count) in one.failures.iter().filter(|(_, count)| *count > 0) {
                self.sample(name, &format!("{},kind=\"{}\"", label(one), kind.as_str()), count);
            }
        }
        let name = "sanmon_targets_out";
        self.head(name, "gauge", "Credentials and models that are not asked now, by reason.");
        for one in providers {
            for (reason, count) in
                [("breaker", one.open), ("held", one.held), ("probe", one.unwell)]
            {
                self.sample(name, &format!("{},reason=\"{reason}\"", label(one)), count);
            }
        }
    }

    fn histograms(
        &mut self,
        name: &str,
        help: &str,
        totals: &[(String, Total)],
        of: impl Fn(&Total) -> &Sum,
    ) {
        self.head(name, "histogram", help);
        for (labels, total) in totals {
            let sum = of(total);
            let count: u64 = sum.counts.iter().sum();
            if count == 0 {
                continue;
            }
            let mut below = 0;
            for (bound, count) in sum.bounds.iter().zip(&sum.counts) {
                below += count;
                let bound = seconds(*bound);
                let labels = format!("{labels},le=\"{bound}\"");
                self.sample(&format!("{name}_bucket"), &labels, below);
            }
            self.sample(&format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), count);
            self.sample(&format!("{name}_sum"), labels, seconds(sum.micros));
            self.sample(&format!("{name}_count"), labels, count);
        }
    }

    fn limits(&mut self, metrics: &Metrics) {
        let limits = &metrics.limits;
        for (name, help, count) in [
            ("sanmon_limit_refusals_total", "Requests that a limit refused.", &limits.refused),
            (
                "sanmon_limit_store_failures_total",
                "Questions that the store of shared limits did not answer in time.",
                &limits.store_failures,
            ),
            (
                "sanmon_limit_settlements_dropped_total",
                "Settlements that did not reach the store of shared limits.",
                &limits.settlements_dropped,
            ),
        ] {
            self.head(name, "counter", help);
            self.sample(name, "", count.load(Ordering::Relaxed));
        }
        let name = "sanmon_limit_store_up";
        self.head(name, "gauge", "Whether the store of shared limits answers; 0 without one.");
        self.sample(name, "", u8::from(limits.store_up.load(Ordering::Relaxed)));
    }

    fn gauges(&mut self, health: Health, now: i64) {
        let mut gauge = |name: &str, help: &str, value: String| {
            self.head(name, "gauge", help);
            self.sample(name, "", value);
        };
        let flag = |value: bool| u8::from(value).to_string();
        gauge(
            "sanmon_requests_in_flight",
            "Requests and streams under way.",
            health.in_flight.to_string(),
        );
        gauge(
            "sanmon_snapshot_revision",
            "The revision that is served.",
            health.revision.to_string(),
        );
        if let Some(at) = health.applied_at {
            let age = u64::try_from(now.saturating_sub(at)).unwrap_or(0);
            gauge(
                "sanmon_snapshot_age_seconds",
                "Since that revision began to be served.",
                seconds(age * 1000),
            );
        }
        gauge(
            "sanmon_snapshot_refusals",
            "Documents that could not be built and stay in their last good form.",
            health.refusals.to_string(),
        );
        gauge(
            "sanmon_source_up",
            "Whether the source of the configuration answers.",
            flag(health.source_up),
        );
        gauge("sanmon_ready", "Whether requests are taken.", flag(health.ready));
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let text = text.trim_end_matches('0');
    text.strip_suffix('.').unwrap_or(text).to_owned()
}

fn pairs((route, provider, model): &Labels) -> String {
    format!(
        "route=\"{}\",provider=\"{}\",model=\"{}\"",
        escaped(route),
        escaped(provider),
        escaped(model)
    )
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::exposition::{self, Health};
use super::histogram::{DURATIONS, Histogram, Sum};
use super::line::escape;
use super::series::Metrics;
use crate::target::{BreakerRules, Failure, Registry};

#[test]
fn any_text_stands_in_a_json_string() {
    for text in ["", "plain", "a\"b\\c", "\n\t\u{0}\u{1f}\u{7f}", "山門 ü", "\\\\\"\""] {
        let mut line = b"\"".to_vec();
        escape(&mut line, text);
        line.push(b'"');
        assert_eq!(serde_json::from_slice::<Value>(&line).unwrap(), text);
    }
}

#[test]
fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
    let histogram = Histogram::new(DURATIONS);
    for micros in [0, 500, 501, 400_000_000] {
        histogram.observe(Duration::from_micros(micros));
    }
    let mut sum = Sum::default();
    histogram.add_to(&mut sum);
    assert_eq!((sum.counts[0], sum.counts[1]), (2, 1));
    assert_eq!(sum.counts.last(), Some(&1));
    assert_eq!(sum.micros, 400_001_001);
}

#[test]
fn health_is_told_in_the_format_of_prometheus() {
    let health = Health {
        ready: true,
        revision: 7,
        applied_at: Some(1_000),
        source_up: true,
        in_flight: 3,
        refusals: 0,
    };
    let targets = Registry::default();
    let health_of = targets.health(&"p\"1".into(), &[0]);
    let state = health_of[0].state("m");
    let (now, rules) =
        (Instant::now(), BreakerRules { consecutive_failures: 1, ..BreakerRules::default() });
    state.began(now);
    state.failed(&Failure::of_status(503), &rules, now, now);
    let text = exposition::text(&Metrics::default(), &targets, health, "0.1\"", 3_500);
    for line in [
        "sanmon_requests_in_flight 3",
        "sanmon_snapshot_revision 7",
        "sanmon_snapshot_age_seconds 2.5",
        "sanmon_source_up 1",
        "sanmon_access_log_dropped_total 0",
        "sanmon_attempts_total{provider=\"p\\\"1\"} 1",
        "sanmon_attempts_failed_total{provider=\"p\\\"1\",kind=\"overloaded\"} 1",
        "sanmon_targets_out{provider=\"p\\\"1\",reason=\"breaker\"} 1",
        "sanmon_build_info{version=\"0.1\\\"\"} 1",
    ] {
        assert!(text.lines().any(|it| it == line), "no {line} in {text}");
    }
}

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, ProbeKind};

/// How a provider is probed, and what follows from that.
#[derive(Clone, Debug)]
pub(crate) struct ProbeRules {
    /// A connection is enough.
    pub(crate) connects_only: bool,
    pub(crate) method: Method,
    /// From the root of the host; the list of models where there is none.
    pub(crate) path: Option<Box<str>>,
    pub(crate) body: Option<Bytes>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) timeout: Duration,
    /// Between two while all is well, and while it is not.
    pub(crate) intervals: [Duration; 2],
    /// Good answers in a row that make it well again.
    pub(crate) successes: u32,
    /// Bad answers, failed connections and late answers in a row that make it unwell.
    pub(crate) failures: u32,
    pub(crate) connect_failures: u32,
    pub(crate) timeouts: u32,
    /// The good statuses; 200 to 399 where there are none.
    pub(crate) good: Box<[u16]>,
    /// The bad ones; 429 and 500 to 599 where there are none.
    pub(crate) bad: Box<[u16]>,
}

impl ProbeRules {
    /// Compiles them; problems point below `at`.
    pub(crate) fn build(
        document: &resources::Probe,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut problem = |name: &str, text: &'static str| {
            problems.push(Problem::at(format!("{at}{name}"), text));
        };
        let method = Method::from_bytes(document.method.trim().to_ascii_uppercase().as_bytes());
        let method = method.unwrap_or_else(|_| {
            problem("/method", "not a method");
            Method::GET
        });
        let path = document.path.as_deref().map(str::trim).filter(|path| !path.is_empty());
        if path.is_some_and(|path| !path.starts_with('/')) {
            problem("/path", "it does not begin with a slash");
        }
        let mut headers = Vec::with_capacity(document.headers.len());
        for (name, value) in &document.headers {
            match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => headers.push((name, value)),
                _ => problem(&join_pointer("/headers", name), "not a header"),
            }
        }
        let interval = Duration::from_millis(document.interval);
        let unwell = document.unhealthy.interval.map_or(interval, Duration::from_millis);
        Self {
            connects_only: document.kind == ProbeKind::Tcp,
            method,
            path: path.map(Into::into),
            body: document.body.clone().map(Bytes::from),
            headers,
            timeout: Duration::from_millis(document.timeout),
            intervals: [interval, unwell],
            successes: document.healthy.successes,
            failures: document.unhealthy.failures,
            connect_failures: document.unhealthy.connect_failures,
            timeouts: document.unhealthy.timeouts,
            good: document.healthy.statuses.clone().into(),
            bad: document.unhealthy.statuses.clone().into(),
        }
    }

    /// What a status says.
    pub(super) fn outcome(&self, status: u16) -> Outcome {
        let is_good = if self.good.is_empty() {
            (200..400).contains(&status)
        } else {
            self.good.contains(&status)
        };
        let is_bad = if self.bad.is_empty() {
            status == 429 || (500..600).contains(&status)
        } else {
            self.bad.contains(&status)
        };
        match (is_good, is_bad) {
            (true, _) => Outcome::Good,
            (false, true) => Outcome::Bad(status),
            (false, false) => Outcome::Nothing,
        }
    }
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is well.
    Good,
    /// It answered with a status that is bad.
    Bad(u16),
    /// There was no connection, or it broke.
    Refused(String),
    /// It did not answer in time.
    Late,
    /// Its answer says nothing.
    Nothing,
}

/// What a provider is from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Well,
    /// For this reason.
    Unwell(String),
}

/// What several probes together say: outcomes of one kind in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    good: u32,
    bad: u32,
    refused: u32,
    late: u32,
}

impl Verdict {
    /// Takes an outcome; says what the provider is from now on, where that changes.
    pub(super) fn take(
        &mut self,
        outcome: Outcome,
        is_well: bool,
        rules: &ProbeRules,
    ) -> Option<Finding> {
        let (count, most, reason) = match outcome {
            Outcome::Nothing => return None,
            Outcome::Good => {
                *self = Self { good: self.good.saturating_add(1), ..Self::default() };
                return (!is_well && self.good >= rules.successes).then_some(Finding::Well);
            }
            Outcome::Bad(status) => {
                (&mut self.bad, rules.failures, format!("it answers with the status {status}"))
            }
            Outcome::Refused(reason) => (&mut self.refused, rules.connect_failures, reason),
            Outcome::Late => {
                (&mut self.late, rules.timeouts, "it does not answer in time".to_owned())
            }
        };
        *count = count.saturating_add(1);
        let is_enough = *count >= most;
        self.good = 0;
        (is_well && is_enough).then_some(Finding::Unwell(reason))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(document: serde_json::Value) -> (ProbeRules, Vec<String>) {
        let mut problems = Vec::new();
        let document = serde_json::from_value(document).unwrap();
        let rules = ProbeRules::build(&document, "/probe", &mut problems);
        (rules, problems.into_iter().map(|problem| problem.pointer).collect())
    }

    #[test]
    fn statuses_are_good_bad_or_say_nothing() {
        let (usual, _) = rules(json!({}));
        assert_eq!(usual.outcome(200), Outcome::Good);
        assert_eq!(usual.outcome(302), Outcome::Good);
        assert_eq!(usual.outcome(503), Outcome::Bad(503));
        assert_eq!(usual.outcome(429), Outcome::Bad(429));
        assert_eq!(usual.outcome(404), Outcome::Nothing);
        let (own, _) =
            rules(json!({"healthy": {"statuses": [404]}, "unhealthy": {"statuses": [200]}}));
        assert_eq!(own.outcome(404), Outcome::Good);
        assert_eq!(own.outcome(200), Outcome::Bad(200));
        assert_eq!(own.outcome(500), Outcome::Nothing);
    }

    #[test]
    fn only_outcomes_in_a_row_count() {
        let (rules, _) = rules(json!({
            "healthy": {"successes": 2}, "unhealthy": {"failures": 2, "timeouts": 1}}));
        let mut verdict = Verdict::default();
        assert_eq!(verdict.take(Outcome::Bad(500), true, &rules), None);
        assert_eq!(verdict.take(Outcome::Good, true, &rules), None);
        assert_eq!(verdict.take(Outcome::Bad(500), true, &rules), None);
        assert_eq!(verdict.take(Outcome::Nothing, true, &rules), None);
        let unwell = verdict.take(Outcome::Bad(502), true, &rules);
        let reason = "it answers with the status 502".to_owned();
        assert_eq!(unwell, Some(Finding::Unwell(reason)));
        assert_eq!(verdict.take(Outcome::Bad(502), false, &rules), None, "it is already");
        assert_eq!(verdict.take(Outcome::Good, false, &rules), None);
        assert_eq!(verdict.take(Outcome::Late, false, &rules), None);
        assert_eq!(verdict.take(Outcome::Good, false, &rules), None);
        assert_eq!(verdict.take(Outcome::Good, false, &rules), Some(Finding::Well));
        assert!(verdict.take(Outcome::Late, true, &rules).is_some(), "one is enough");
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let (_, problems) =
            rules(json!({"method": "G T", "path": "x", "headers": {"a b": "c", "ok": "d"}}));
        assert_eq!(problems, ["/probe/method", "/probe/path", "/probe/headers/a b"]);
    }
}

//! `?wait=applied`: answers when every live data plane runs a write.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use sanmon_shared::Head;
use sanmon_shared::report::{DataPlaneReport, Refusal};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::error::ApiError;
use super::shared::Shared;
use crate::configuration::Written;

/// The pauses between looks at the reports: short at first, since most planes apply at once.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How long to wait for a first report where no data plane is alive: one that has just started is
/// about to say so.
const FIRST_REPORT: Duration = Duration::from_secs(2);

/// How far a write has come among the data planes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// Whether all live data planes run it.
    pub applied: Applied,
    /// Ids of the data planes that run it.
    pub running: Vec<String>,
    /// Data planes that could not build one of its documents, and go on with the last good form.
    pub refused: Vec<RefusedBy>,
    /// Data planes that are not there yet.
    pub late: Vec<Late>,
}

/// Whether all live data planes run a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Applied {
    /// All of them do.
    Everywhere,
    /// Some are late or refused a document.
    Partly,
    /// No data plane has reported lately.
    #[default]
    NoneAlive,
}

/// A data plane that could not build a document.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RefusedBy {
    /// The data plane.
    #[schema(example = "dp_01jd3x7c7v5x")]
    pub data_plane: String,
    /// The plural of the document's kind.
    #[schema(example = "providers")]
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// A data plane that runs an older revision.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Late {
    /// The data plane.
    #[schema(example = "dp_01jd3x7c7v5x")]
    pub data_plane: String,
    /// The revision that it runs.
    pub revision: u64,
}

/// The data planes that reported lately.
pub(crate) fn live(reports: Vec<DataPlaneReport>, now: Timestamp) -> Vec<DataPlaneReport> {
    reports.into_iter().filter(|report| report.is_live(now)).collect()
}

/// Waits until every live data plane runs `written`, or for `patience`.
pub(crate) async fn applied(
    shared: &Shared,
    written: &Written,
    patience: Duration,
) -> Result<Progress, ApiError> {
    let changed: HashSet<_> =
        written.outcomes.iter().map(|outcome| (outcome.plural.as_str(), &*outcome.id)).collect();
    let concerns =
        |refusal: &Refusal| changed.contains(&(refusal.kind.as_str(), refusal.id.as_str()));
    reached(shared, &written.head, &concerns, patience).await
}

/// Waits until every live data plane runs `head`, or for `patience`; tells the refusals that
/// `concerns` finds.
pub(crate) async fn reached(
    shared: &Shared,
    head: &Head,
    concerns: &dyn Fn(&Refusal) -> bool,
    patience: Duration,
) -> Result<Progress, ApiError> {
    let began = Instant::now();
    let deadline = began + patience;
    let nobody = deadline.min(began + FIRST_REPORT);
    let mut pause = FIRST_PAUSE;
    loop {
        let reports = shared.configuration.store().reports().await?;
        let reports = live(reports, shared.configuration.clock().now());
        let progress = judge(&reports, head, concerns);
        let settled = match progress.applied {
            Applied::NoneAlive => Instant::now() >= nobody,
            _ => progress.late.is_empty() || Instant::now() >= deadline,
        };
        if settled || shared.tasks.is_stopping() {
            return Ok(progress);
        }
        tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn judge(
    reports: &[DataPlaneReport],
    head: &Head,
    concerns: &dyn Fn(&Refusal) -> bool,
) -> Progress {
    let mut progress = Progress::default();
    for report in reports {
        let id = report.id.to_string();
        let there = report.lineage.as_ref() == Some(&head.lineage);
        if !there || report.revision < head.revision {
            progress.late.push(Late { data_plane: id, revision: report.revision });
            continue;
        }
        let of_these = report.refusals.iter().filter(|refusal| concerns(refusal));
        let before = progress.refused.len();
        progress.refused.extend(of_these.map(|refusal| RefusedBy {
            data_plane: id.clone(),
            kind: refusal.kind.clone(),
            id: refusal.id.clone(),
            reason: refusal.reason.clone(),
        }));
        if progress.refused.len() == before {
            progress.running.push(id);
        }
    }
    progress.applied = if reports.is_empty() {
        Applied::NoneAlive
    } else if progress.late.is_empty() && progress.refused.is_empty() {
        Applied::Everywhere
    } else {
        Applied::Partly
    };
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: &str, lineage: &str, revision: u64, refused: &[&str]) -> DataPlaneReport {
        DataPlaneReport {
            id: id.into(),
            version: "0".into(),
            address: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            reported_at: Timestamp::UNIX_EPOCH,
            lineage: Some(lineage.into()),
            revision,
            digest: sanmon_shared::Digest::default(),
            applied_at: None,
            refusals: refused
                .iter()
                .map(|id| Refusal {
                    kind: "providers".to_owned(),
                    id: (*id).to_owned(),
                    revision,
                    reason: "unset".to_owned(),
                })
                .collect(),
            alarms: Vec::new(),
            providers: Vec::new(),
            quotas: None,
            resets_until: None,
        }
    }

    fn judged(reports: &[DataPlaneReport]) -> Progress {
        let head = Head { revision: 5, ..Head::empty("l") };
        judge(reports, &head, &|refusal| refusal.kind == "providers" && refusal.id == "p")
    }

    #[test]
    fn a_write_is_applied_when_every_live_data_plane_runs_it() {
        assert_eq!(judged(&[]).applied, Applied::NoneAlive);
        let all = judged(&[report("a", "l", 5, &[]), report("b", "l", 9, &["other"])]);
        assert_eq!((all.applied, all.running.len()), (Applied::Everywhere, 2));
        let late = judged(&[report("a", "l", 5, &[]), report("b", "l", 4, &[])]);
        assert_eq!((late.applied, late.late.len()), (Applied::Partly, 1));
        let foreign = judged(&[report("a", "other", 9, &[])]);
        assert_eq!((foreign.applied, foreign.late.len()), (Applied::Partly, 1));
        let refused = judged(&[report("a", "l", 5, &["p"])]);
        assert_eq!((refused.applied, refused.refused.len()), (Applied::Partly, 1));
        assert!(refused.running.is_empty());
    }

    #[test]
    fn a_data_plane_that_was_silent_for_15_seconds_does_not_count() {
        let now = Timestamp::from_second(100).unwrap();
        let heard = |second| DataPlaneReport {
            reported_at: Timestamp::from_second(second).unwrap(),
            ..report("a", "l", 5, &[])
        };
        assert_eq!(live(vec![heard(85), heard(86), heard(99)], now).len(), 2);
    }
}

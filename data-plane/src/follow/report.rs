//! Tells the control plane how this data plane is: right after each change, and every few seconds.

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::report::DataPlaneReport;
use tokio::sync::watch;
use tokio::time::Instant;

use super::status::Status;
use super::{Options, identity};
use crate::target;
use sanmon_shared::task::Tasks;

/// How often, when nothing changes. Three of them fit into what counts as live.
const EVERY: Duration = Duration::from_secs(4);

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most refusals that a report lists.
const REFUSALS: usize = 200;

pub(super) async fn report(
    options: Arc<Options>,
    mut status: watch::Receiver<Arc<Status>>,
    tasks: Tasks,
) {
    let folder = options.data_dir.clone();
    let Ok(id) = tokio::task::spawn_blocking(move || identity::load(&folder)).await else { return };
    let started_at = options.clock.now();
    let version: Arc<str> = Arc::from(options.version);
    loop {
        let now = Arc::clone(&status.borrow_and_update());
        let head = now.head.as_ref();
        let report = DataPlaneReport {
            id: Arc::clone(&id),
            version: Arc::clone(&version),
            address: options.address.clone(),
            started_at,
            reported_at: options.clock.now(),
            lineage: head.map(|head| Arc::clone(&head.lineage)),
            revision: now.revision(),
            digest: head.map(|head| head.digest).unwrap_or_default(),
            applied_at: now.applied_at,
            refusals: now.refusals.iter().take(REFUSALS).cloned().collect(),
            alarms: now.alarms.clone(),
            providers: target::report(&options.targets, Instant::now()),
        };
        // A source that is down has its alarm from the follower itself.
        match tokio::time::timeout(PATIENCE, options.source.report(report)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the report was not taken"),
            Err(_) => tracing::debug!("the report took too long"),
        }
        tokio::select! {
            () = tasks.stopping() => return,
            changed = status.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

use std::sync::{Arc, Weak};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sanmon_shared::task::Tasks;
use tokio::sync::Semaphore;

use super::rules::Finding;
use super::{Probed, Verdict};
use crate::exchange::Shared;
use crate::worker::Worker;

/// Probes under way at once.
const AT_ONCE: usize = 32;

/// Probes whatever the configuration wants probed, until the data plane stops. Takes a thread when
/// there is something to probe, and none before.
pub(crate) async fn run(shared: Arc<Shared>, tasks: Tasks) {
    tokio::select! {
        () = tasks.stopping() => return,
        () = shared.targets.probes_came() => {}
    }
    let runtime = tokio::runtime::Handle::current();
    let stop = tasks.clone();
    // What signs and sends calls stays on the thread that it was made on, as on workers.
    let ended = tokio::task::spawn_blocking(move || runtime.block_on(all(&shared, &stop))).await;
    if let Err(error) = ended {
        tracing::error!(%error, "the probes ended unexpectedly");
    }
}

async fn all(shared: &Shared, tasks: &Tasks) {
    let worker = Worker::new(shared);
    let gate = Semaphore::new(AT_ONCE);
    let mut under_way = FuturesUnordered::new();
    loop {
        for probed in shared.targets.new_probes() {
            under_way.push(watch(probed, shared, &worker, &gate));
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = shared.targets.probes_came() => {}
            Some(()) = under_way.next() => {}
        }
    }
}

/// Probes one provider for as long as the configuration has it.
async fn watch(probed: Weak<Probed>, shared: &Shared, worker: &Worker, gate: &Semaphore) {
    let mut verdict = Verdict::default();
    for turn in 0.. {
        let Some(probed) = probed.upgrade() else { return };
        if !shared.targets.is_probed_by(&probed) {
            return;
        }
        let Ok(place) = gate.acquire().await else { return };
        let outcome = probed.ask(worker, turn).await;
        drop(place);
        let is_well = probed.summary.unwell().is_none();
        let provider = &*probed.provider;
        match verdict.take(outcome, is_well, &probed.rules) {
            None => {}
            Some(Finding::Well) => {
                tracing::info!(provider, "the provider is well again");
                probed.summary.set_unwell(None);
            }
            Some(Finding::Unwell(reason)) => {
                tracing::warn!(provider, reason, "the provider is unwell");
                probed.summary.set_unwell(Some(reason));
            }
        }
        let [well, unwell] = probed.rules.intervals;
        let pause = if probed.summary.is_unwell() { unwell } else { well };
        drop(probed);
        tokio::time::sleep(pause).await;
    }
}

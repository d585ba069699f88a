//! Tells the control plane how this data plane is: right after each change, and every few seconds.

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::quotas::KeyUsage;
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
    let mut resets_until = None;
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
            quotas: usage(&options).await,
            resets_until,
        };
        // A source that is down has its alarm from the follower itself.
        match tokio::time::timeout(PATIENCE, options.source.report(report)).await {
            Ok(Ok(answer)) => {
                resets_until = Some(answer.resets_until);
                if reset(&options, &answer.resets) {
                    continue;
                }
            }
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

/// What was used of the quotas of keys, where reports tell of it.
async fn usage(options: &Options) -> Option<Vec<KeyUsage>> {
    let limiter = options.limiter.clone()?;
    let snapshot = options.live.now();
    // There may be many counters.
    let usage = tokio::task::spawn_blocking(move || limiter.usage(&snapshot)).await;
    Some(usage.unwrap_or_default())
}

/// Resets the quotas of these keys; whether there are any, of which the next report tells at once.
fn reset(options: &Options, keys: &[Arc<str>]) -> bool {
    let Some(limiter) = &options.limiter else { return false };
    let snapshot = options.live.now();
    for key in keys {
        if let Some(key) = snapshot.apikey(key) {
            let quotas: Vec<_> = key.quotas().map(|of| (of.period, of.quota)).collect();
            limiter.reset(key.id.as_str(), &quotas);
        }
    }
    !keys.is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use sanmon_shared::Head;
    use sanmon_shared::clock::Clock;
    use sanmon_shared::proxies::TrustedProxies;
    use sanmon_shared::quotas::ReportAnswer;
    use sanmon_shared::seal::Seal;
    use sanmon_shared::secret::HashedSecret;
    use sanmon_shared::store::{Changes, EntrySink, Source, StoreError};
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::super::LastGood;
    use super::*;
    use crate::exchange::Shared;
    use crate::limit::tests::quotas::comes;
    use crate::limits::Limits;
    use crate::snapshot::for_test::CONTEXT;
    use crate::snapshot::{Live, Snapshot};

    /// A control plane that only listens to reports.
    struct Listener {
        reports: mpsc::UnboundedSender<DataPlaneReport>,
        answers: Mutex<Vec<ReportAnswer>>,
    }

    fn nothing<T>() -> Result<T, StoreError> {
        Err(StoreError::Unavailable("it only listens".to_owned()))
    }

    #[async_trait]
    impl Source for Listener {
        async fn head(&self) -> Result<Head, StoreError> {
            nothing()
        }

        async fn load(&self, _: EntrySink<'_>) -> Result<Head, StoreError> {
            nothing()
        }

        async fn changes(&self, _: &Head, _: usize) -> Result<Changes, StoreError> {
            nothing()
        }

        async fn wait(&self, _: &Head, patience: Duration) {
            tokio::time::sleep(patience).await;
        }

        async fn seal(&self) -> Result<Seal, StoreError> {
            nothing()
        }

        async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
            let told = report.resets_until.unwrap_or(7);
            let _ = self.reports.send(report);
            let answer = self.answers.lock().unwrap().pop();
            Ok(answer.unwrap_or(ReportAnswer { resets_until: told, resets: Vec::new() }))
        }
    }

    #[tokio::test]
    async fn resets_are_made_and_confirmed_at_once() {
        let secret = HashedSecret::store("k", "0123456789abcdef", None);
        let key = json!({"clientId": "k", "clientSecret": secret, "dailyQuota": 3});
        let snapshot = Snapshot::for_test(&[("apikeys", key)], &CONTEXT);
        let live = Arc::new(Live::new(Snapshot::clone(&snapshot)));
        let clock = Clock::manual(1_700_000_000_000);
        let proxies = TrustedProxies::default();
        let shared = Shared::new(Arc::clone(&live), Limits::default(), proxies, clock.clone());
        let shared = Arc::new(shared);
        assert!(comes(&shared, &snapshot, "k").await);

        let (reports, mut told) = mpsc::unbounded_channel();
        let resets = vec![Arc::from("k"), Arc::from("gone")];
        let answers = Mutex::new(vec![ReportAnswer { resets_until: 9, resets }]);
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            source: Arc::new(Listener { reports, answers }),
            live,
            data_dir: folder.path().to_owned(),
            last_good: LastGood::Off,
            environment: Arc::new(|_| None),
            seal: None,
            version: "0.0.0",
            address: String::new(),
            clock,
            targets: Arc::default(),
            limiter: Some(Arc::clone(&shared.limiter)),
            interval: Duration::from_secs(1),
        };
        let tasks = Tasks::default();
        let (_status, watched) = watch::channel(Arc::new(Status::default()));
        tasks.spawn(report(Arc::new(options), watched, tasks.clone()));
        let mut next = async || {
            let report = tokio::time::timeout(Duration::from_secs(3), told.recv()).await;
            report.expect("sooner than the next one is due").unwrap()
        };
        let first = next().await;
        assert_eq!(first.resets_until, None);
        let used: Vec<u64> = first.quotas.unwrap()[0].used.iter().map(|used| used.calls).collect();
        assert_eq!(used, [1]);
        let second = next().await;
        assert_eq!((second.resets_until, second.quotas), (Some(9), Some(Vec::new())));
        tasks.stop().await;
    }
}

//! Keeps the snapshot current: follows a [`Source`], applies its change sets, and serves on with the
//! last good state when the source is down, behind, forked or emptied.
//!
//! Everything that reads or builds configuration runs on one thread of its own, never on a worker.
//! A hint of the source is only a reason to look; what counts is that lineage, revision and digest
//! are compared, at least every [`Options::interval`]. How documents become a snapshot is for
//! [`crate::snapshot`] to say.

mod alarms;
mod chase;
mod identity;
mod index;
mod last_good;
mod load;
mod remote;
mod report;
mod restore;
mod retire;
mod settle;
mod status;
mod vain;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::Source;
use sanmon_shared::task::Tasks;
use tokio::sync::watch;

use self::chase::Chase;
pub use self::remote::RemoteSource;
pub use self::status::Status;
use crate::limit::Limiter;
use crate::snapshot::Live;
use crate::target::Registry;

/// Looks up a variable of this process's environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Whether the last good state is kept on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastGood {
    /// In `last-good` of the data folder; a start without the source serves from it.
    Kept,
    /// Not: the store itself is on that disk.
    Off,
}

/// What a follower needs to know.
pub struct Options {
    /// What it follows.
    pub source: Arc<dyn Source>,
    /// What it keeps current.
    pub live: Arc<Live>,
    /// The data folder: `data-plane-id` and `last-good` are in it.
    pub data_dir: PathBuf,
    /// Whether the last good state is kept there.
    pub last_good: LastGood,
    /// What secrets may refer to.
    pub environment: Environment,
    /// The seal, where this process was given it: then it is not kept on disk.
    pub seal: Option<Seal>,
    /// Of this program, for reports.
    pub version: &'static str,
    /// Where this data plane listens, for reports.
    pub address: String,
    /// The time of day.
    pub clock: Clock,
    /// What is known of targets.
    pub targets: Arc<Registry>,
    /// What counts the quotas of keys, where reports tell of it.
    pub(crate) limiter: Option<Arc<Limiter>>,
    /// The longest time between two comparisons with the source: 5 s, unless a test is in a hurry.
    pub interval: Duration,
}

/// How often the head is compared when nothing hints at news.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// A running follower.
#[derive(Clone)]
pub struct Follower {
    status: watch::Receiver<Arc<Status>>,
}

impl Follower {
    /// Begins to follow; ends with `tasks`.
    pub fn start(options: Options, tasks: &Tasks) -> Self {
        let (sender, status) = watch::channel(Arc::new(Status::default()));
        let options = Arc::new(options);
        tasks.spawn(report::report(Arc::clone(&options), status.clone(), tasks.clone()));
        tasks.spawn(follow(options, sender, tasks.clone()));
        Self { status }
    }

    /// Whether requests can be served: a snapshot is loaded, and it is the source's newest unless
    /// the source could not be asked.
    pub fn is_ready(&self) -> bool {
        self.status.borrow().ready
    }

    /// Waits until [`Follower::is_ready`].
    pub async fn ready(&self) {
        let _ = self.status.clone().wait_for(|status| status.ready).await;
    }

    /// How it stands. Cheap.
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    /// Waits for a status like that.
    pub async fn until(&self, mut is: impl FnMut(&Status) -> bool) -> Arc<Status> {
        match self.status.clone().wait_for(|status| is(status)).await {
            Ok(status) => Arc::clone(&status),
            Err(_) => self.status(),
        }
    }
}

/// Runs the chase on a thread of its own, and again should it panic: a defect in the building of
/// one document must not end the following of all.
async fn follow(options: Arc<Options>, status: watch::Sender<Arc<Status>>, tasks: Tasks) {
    let status = Arc::new(status);
    while !tasks.is_stopping() {
        let (own, status, stopping) = (Arc::clone(&options), Arc::clone(&status), tasks.clone());
        let runtime = tokio::runtime::Handle::current();
        // Made there: who asks secret managers stays on one thread.
        let chase = move || runtime.block_on(Chase::new(own, status, stopping).run());
        let ended = tokio::task::spawn_blocking(chase).await;
        if let Err(error) = ended {
            tracing::error!(%error, "the follower ended unexpectedly and begins again");
            tokio::select! {
                () = tasks.stopping() => {}
                () = tokio::time::sleep(options.interval) => {}
            }
        }
    }
}

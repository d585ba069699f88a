//! The store in Redis, which many control planes and data planes share.
//!
//! All keys have one hash tag. Whatever must be atomic is one Lua script; the messages of `PUBLISH`
//! are hints. A commit whose answer was lost is looked up, and fenced off if it was not made, so
//! that it is never reported as stored when it is not and never made later. How long Redis itself
//! remembers is for its own persistence settings to say.

mod connection;
mod counters;
mod error;
mod hints;
mod load;
mod scripts;
#[cfg(test)]
mod server;
mod state;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{
    Changes, CommitError, EntrySink, REPORT_KEPT, Source, Store, StoreError,
};
use sanmon_shared::task::Tasks;
use sanmon_shared::{ChangeSet, Head};

use self::connection::{Connection, Keys, PATIENCE};
use self::hints::Hints;
use self::scripts::Scripts;
use super::history::{CHANGES_BYTES, Retention, base_digest};
use super::identity::{Given, Identity};
use super::token::{self, DataPlaneToken};

pub use state::RedisState;

/// The most data planes that are remembered.
const REPORTS: usize = 4096;

/// How the store in Redis is opened.
pub struct RedisOptions {
    /// `redis://` or `rediss://`, with user, password and database.
    pub url: String,
    /// What every key begins with, within the hash tag.
    pub prefix: String,
    /// What the settings say of its identity.
    pub given: Given,
    /// How far back it remembers.
    pub retention: Retention,
    /// Tells the age of revisions.
    pub clock: Clock,
    /// How long reports are shown.
    pub report_kept: Duration,
    /// Where a data-plane token made here is written to.
    pub token_folder: Option<PathBuf>,
}

impl RedisOptions {
    /// At `url`, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "sanmon".to_owned(),
            given: Given::default(),
            retention: Retention::default(),
            clock: Clock::system(),
            report_kept: REPORT_KEPT,
            token_folder: None,
        }
    }
}

/// Keeps a configuration in Redis.
pub struct RedisStore {
    connection: Connection,
    keys: Keys,
    scripts: Scripts,
    hints: Hints,
    given: Given,
    retention: Retention,
    clock: Clock,
    report_kept: Duration,
    /// What a control plane opened; a data plane follows whatever is there.
    opened: Option<Identity>,
}

impl RedisStore {
    /// For a control plane: connects, refuses a Redis that would forget, and begins a lineage where
    /// there is none.
    pub async fn open(options: RedisOptions, tasks: &Tasks) -> Result<Self, StoreError> {
        let folder = options.token_folder.clone();
        let mut store = Self::follow(options, tasks)?;
        store.connection.check_policy().await?;
        store.connection.warn_of_loss().await;
        let (fresh, made) = Identity::fresh(&store.given)?;
        let (begun, identity) = store.begin(&fresh).await?;
        identity.seal(&store.given)?;
        if let (true, Some(token), Some(folder)) = (begun, made, folder) {
            let written = tokio::task::spawn_blocking(move || {
                std::fs::create_dir_all(&folder)?;
                token::write(&folder, &token)
            });
            let written = written.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
            written.map_err(StoreError::Disk)?;
        }
        store.opened = Some(identity);
        Ok(store)
    }

    /// For a data plane: connects when it has to, changes nothing.
    pub fn follow(options: RedisOptions, tasks: &Tasks) -> Result<Self, StoreError> {
        let keys = Keys::new(&options.prefix);
        let connection = Connection::new(&options.url)?;
        let hints = Hints::follow(connection.clone(), keys.clone(), tasks);
        Ok(Self {
            connection,
            keys,
            scripts: Scripts::default(),
            hints,
            given: options.given,
            retention: options.retention,
            clock: options.clock,
            report_kept: options.report_kept,
            opened: None,
        })
    }

    /// Whom it lets follow over HTTP.
    pub fn token(&self) -> Result<DataPlaneToken, StoreError> {
        match &self.opened {
            Some(identity) => identity.token(&self.given),
            None => Err(StoreError::Refused("a data plane lets nobody follow".to_owned())),
        }
    }

    async fn begin(&self, fresh: &Identity) -> Result<(bool, Identity), StoreError> {
        let empty = Head::empty(&fresh.lineage);
        let mut call = self.scripts.begin.key(&self.keys.meta);
        call.key(&self.keys.documents).key(&self.keys.history);
        call.arg(fresh.to_text()?).arg(&*empty.lineage).arg(empty.digest.to_string());
        call.arg(&self.keys.channel);
        let answer: Vec<String> = self.connection.script(&call, PATIENCE).await?;
        match answer.as_slice() {
            [outcome, identity] => Ok((outcome == "begun", Identity::from_text(identity)?)),
            _ => Err(StoreError::Damaged(
                "Redis holds documents without a head; restore it or remove its keys".to_owned(),
            )),
        }
    }

    /// A control plane goes on with the lineage that it opened only: another one has another seal.
    fn check_lineage(&self, head: Head) -> Result<Head, StoreError> {
        match &self.opened {
            Some(opened) if opened.lineage != head.lineage => Err(StoreError::Damaged(format!(
                "Redis was emptied or replaced: its lineage is {} instead of {}; start the \
                 control plane again to go on with it",
                head.lineage, opened.lineage
            ))),
            _ => Ok(head),
        }
    }

    /// Asks what became of a commit whose answer was lost.
    async fn resolve(&self, set: &ChangeSet, id: &str) -> Result<(), CommitError> {
        let mut call = self.scripts.resolve.key(&self.keys.history);
        call.key(self.keys.fence(id));
        call.arg(set.head.revision).arg(id).arg(scripts::FENCE_SECONDS);
        let mut pause = Duration::from_millis(50);
        let deadline = tokio::time::Instant::now() + scripts::RESOLVE_PATIENCE;
        loop {
            match self.connection.script::<i64>(&call, PATIENCE).await {
                Ok(1) => return Ok(()),
                Ok(_) => {
                    let lost = "the connection broke, and the commit was not made".to_owned();
                    return Err(StoreError::Unavailable(lost).into());
                }
                Err(error) if tokio::time::Instant::now() + pause > deadline => {
                    let text = format!(
                        "the answer to the commit was lost, and whether it was made cannot be \
                         asked: {error}"
                    );
                    return Err(StoreError::Unavailable(text).into());
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}

#[async_trait]
impl Source for RedisStore {
    async fn head(&self) -> Result<Head, StoreError> {
        let head = self.connection.head(&self.keys).await?;
        self.check_lineage(head)
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        let head = self.head().await?;
        load::load(&self.connection, &self.keys, sink).await?;
        Ok(head)
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        let mut call = self.scripts.changes.key(&self.keys.meta);
        call.key(&self.keys.history).arg(head.revision + 1).arg(limit).arg(CHANGES_BYTES);
        let answer: Vec<String> = self.connection.script(&call, PATIENCE * 6).await?;
        let now = connection::head_of(answer.get(..3).unwrap_or_default())?;
        if now.lineage != head.lineage || now.revision < head.revision {
            return Ok(Changes::Gone);
        }
        let sets = answer.get(3..).unwrap_or_default().iter().map(|text| load::set_of(text));
        let sets = sets.collect::<Result<Vec<_>, _>>()?;
        if sets.is_empty() && limit > 0 && now.revision > head.revision {
            return Ok(Changes::Gone);
        }
        Ok(Changes::Sets(sets))
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        self.hints.wait(head, patience).await;
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        if let Some(opened) = &self.opened {
            return opened.seal(&self.given);
        }
        let mut get = redis::cmd("HGET");
        get.arg(&self.keys.meta).arg("identity");
        let text: Option<String> = self.connection.query(&get, PATIENCE).await?;
        let text = text.ok_or_else(connection::empty)?;
        Identity::from_text(&text)?.seal(&self.given)
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        let json =
            serde_json::to_string(&report).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let mut call = self.scripts.report.key(&self.keys.reports);
        call.key(&self.keys.report_times).arg(&*report.id).arg(json);
        call.arg(self.report_millis()).arg(REPORTS);
        self.connection.script::<i64>(&call, PATIENCE).await?;
        Ok(ReportAnswer::default())
    }
}

impl RedisStore {
    fn report_millis(&self) -> u64 {
        u64::try_from(self.report_kept.as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn commit(&self, set: &ChangeSet) -> Result<(), CommitError> {
        if let Some(opened) = &self.opened
            && opened.lineage != set.head.lineage
        {
            return Err(CommitError::Conflict(self.head().await?));
        }
        let id = ulid::Ulid::generate().to_string();
        let json = serde_json::to_string(set).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let mut call = self.scripts.commit.key(&self.keys.meta);
        call.key(&self.keys.documents).key(&self.keys.history).key(self.keys.fence(&id));
        call.arg(&*set.head.lineage).arg(set.head.revision.saturating_sub(1));
        call.arg(base_digest(set).to_string());
        call.arg(set.head.revision).arg(set.head.digest.to_string());
        call.arg(format!("{} {id}\n{json}", set.at.as_millisecond()));
        call.arg(self.retention.cutoff(&self.clock)).arg(self.retention.revisions);
        call.arg(self.retention.per_commit).arg(&self.keys.channel);
        for change in &set.changes {
            call.arg(load::field(&change.kind, &change.id));
            match &change.after {
                Some(after) => call.arg(format!("{} {}", set.head.revision, after.get())),
                None => call.arg(""),
            };
        }
        match self.connection.answered::<Vec<String>>(&call, scripts::commit_patience(set)).await {
            Ok(Ok(answer)) => match answer.as_slice() {
                [outcome] if outcome == "stored" => {}
                [outcome, head @ ..] if outcome == "conflict" => {
                    let head = self.check_lineage(connection::head_of(head)?)?;
                    return Err(CommitError::Conflict(head));
                }
                _ => return Err(connection::empty().into()),
            },
            Ok(Err(refused)) => return Err(refused.into()),
            Err(lost) => {
                tracing::warn!(error = %lost, revision = set.head.revision, "answer to a commit lost");
                self.resolve(set, &id).await?;
            }
        }
        self.hints.announce(&set.head);
        Ok(())
    }

    async fn revision(&self, revision: u64) -> Result<Option<Arc<ChangeSet>>, StoreError> {
        let mut get = redis::cmd("HGET");
        get.arg(&self.keys.history).arg(revision);
        let text: Option<String> = self.connection.query(&get, PATIENCE * 6).await?;
        text.map(|text| load::set_of(&text)).transpose()
    }

    async fn kept(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(&self.keys.meta).arg("oldest").arg("revision");
        let ends: Vec<Option<u64>> = self.connection.query(&get, PATIENCE).await?;
        let [Some(oldest), Some(newest)] = ends.as_slice() else { return Err(connection::empty()) };
        Ok((*newest > 0).then_some((*oldest, *newest)))
    }

    async fn reports(&self) -> Result<Vec<DataPlaneReport>, StoreError> {
        let mut call = self.scripts.reports.key(&self.keys.reports);
        call.key(&self.keys.report_times).arg(self.report_millis());
        let texts: Vec<Option<String>> = self.connection.script(&call, PATIENCE).await?;
        // A report that a neighbouring version wrote otherwise must not hide the others.
        let mut reports: Vec<DataPlaneReport> =
            texts.iter().flatten().filter_map(|text| serde_json::from_str(text).ok()).collect();
        reports.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(reports)
    }
}

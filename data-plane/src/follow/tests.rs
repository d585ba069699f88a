//! A source that can be down, deaf, emptied, forked and forgetful, and what the follower makes of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::ReportAnswer;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Changes, EntrySink, Source, StoreError};
use sanmon_shared::task::Tasks;
use sanmon_shared::{Change, ChangeSet, Digest, Entry, Head, Kind};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::snapshot::Snapshot;

mod managers;

/// What the world looks like to a follower.
struct World {
    head: Head,
    documents: BTreeMap<Arc<str>, Entry>,
    history: Vec<Arc<ChangeSet>>,
    down: bool,
    /// Hints are lost.
    deaf: bool,
    /// The next load finds this many documents less than there are.
    lossy: usize,
    /// The next load notes the head of this revision, as if the others were committed meanwhile.
    noted: Option<u64>,
}

struct Scripted {
    world: Mutex<World>,
    seal: Seal,
    hint: watch::Sender<u64>,
    loads: AtomicUsize,
    reports: Mutex<Vec<DataPlaneReport>>,
}

impl Scripted {
    fn new(lineage: &str) -> Arc<Self> {
        let world = World {
            head: Head::empty(lineage),
            documents: BTreeMap::new(),
            history: Vec::new(),
            down: false,
            deaf: false,
            lossy: 0,
            noted: None,
        };
        Arc::new(Self {
            world: Mutex::new(world),
            seal: Seal::generate().unwrap(),
            hint: watch::Sender::new(0),
            loads: AtomicUsize::new(0),
            reports: Mutex::default(),
        })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn up(&self) -> Result<MutexGuard<'_, World>, StoreError> {
        let world = self.world();
        if world.down { Err(StoreError::Unavailable("down".to_owned())) } else { Ok(world) }
    }

    /// Writes (or deletes) one document that no data plane knows what to do with.
    fn commit(&self, id: &str, after: Option<&str>) -> Head {
        self.commit_of("things", id, after)
    }

    /// Writes (or deletes) one document of a kind.
    fn commit_of(&self, plural: &str, id: &str, after: Option<&str>) -> Head {
        let mut world = self.world();
        let before = world.documents.get(id).map(|entry| Arc::clone(&entry.document));
        let after = after.map(|text| Arc::from(RawValue::from_string(text.to_owned()).unwrap()));
        let change = Change { kind: Kind::named(plural), id: Arc::from(id), before, after };
        let set = ChangeSet::after(
            &world.head,
            jiff::Timestamp::UNIX_EPOCH,
            Arc::from("test"),
            String::new(),
            vec![change.clone()],
        );
        let Change { kind, id, after, .. } = change;
        match after {
            Some(document) => {
                let revision = set.head.revision;
                let entry = Entry { kind, id: Arc::clone(&id), revision, document };
                world.documents.insert(id, entry);
            }
            None => drop(world.documents.remove(&id)),
        }
        world.head = set.head.clone();
        world.history.push(Arc::new(set));
        let (head, deaf) = (world.head.clone(), world.deaf);
        // Whoever waits looks at the world from within the hint.
        drop(world);
        if !deaf {
            self.hint.send_modify(|n| *n += 1);
        }
        head
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Source for Scripted {
    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.up()?.head.clone())
    }

    async fn load(&self, sink: EntrySink<'_>) -> Result<Head, StoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let mut world = self.up()?;
        let lossy = std::mem::take(&mut world.lossy);
        world.documents.values().skip(lossy).cloned().for_each(sink);
        let noted = world.noted.take();
        let noted = world.history.iter().find(|set| Some(set.head.revision) == noted);
        Ok(noted.map_or_else(|| world.head.clone(), |set| set.head.clone()))
    }

    async fn changes(&self, head: &Head, limit: usize) -> Result<Changes, StoreError> {
        let world = self.up()?;
        let oldest = world.history.first().map_or(0, |set| set.head.revision);
        if head.lineage != world.head.lineage
            || head.revision > world.head.revision
            || (head.revision < world.head.revision && head.revision + 1 < oldest)
        {
            return Ok(Changes::Gone);
        }
        let after = |set: &&Arc<ChangeSet>| set.head.revision > head.revision;
        Ok(Changes::Sets(world.history.iter().filter(after).take(limit).cloned().collect()))
    }

    async fn wait(&self, head: &Head, patience: Duration) {
        let mut hints = self.hint.subscribe();
        let news = hints.wait_for(|_| {
            let world = self.world();
            !world.deaf && world.head != *head
        });
        let _ = tokio::time::timeout(patience, async { drop(news.await) }).await;
    }

    async fn seal(&self) -> Result<Seal, StoreError> {
        drop(self.up()?);
        Ok(self.seal.clone())
    }

    async fn report(&self, report: DataPlaneReport) -> Result<ReportAnswer, StoreError> {
        drop(self.up()?);
        self.reports.lock().unwrap().push(report);
        Ok(ReportAnswer::default())
    }
}

/// A data plane that follows a source.
struct Plane {
    source: Arc<Scripted>,
    folder: TempDir,
    live: Arc<Live>,
    tasks: Tasks,
    follower: Follower,
}

impl Plane {
    fn start(source: Arc<Scripted>) -> Self {
        Self::start_in(source, tempfile::tempdir().unwrap())
    }

    fn start_in(source: Arc<Scripted>, folder: TempDir) -> Self {
        let live = Arc::new(Live::new(Snapshot::empty(Head::empty(""))));
        let tasks = Tasks::default();
        let options = Options {
            source: Arc::clone(&source) as Arc<dyn Source>,
            live: Arc::clone(&live),
            data_dir: folder.path().to_owned(),
            last_good: LastGood::Kept,
            environment: Arc::new(|_| None),
            seal: None,
            version: "0.0.0",
            address: "127.0.0.1:9080".to_owned(),
            clock: Clock::manual(1_700_000_000_000),
            targets: Arc::default(),
            limiter: None,
            interval: Duration::from_millis(200),
        };
        let follower = Follower::start(options, &tasks);
        Self { source, folder, live, tasks, follower }
    }

    async fn until(&self, is: impl FnMut(&Status) -> bool) -> Arc<Status> {
        let status = tokio::time::timeout(Duration::from_secs(10), self.follower.until(is)).await;
        status.unwrap_or_else(|_| panic!("it stays at {:?}", self.follower.status()))
    }

    async fn serves(&self, head: &Head) -> Arc<Status> {
        let status = self.until(|status| status.ready && status.head.as_ref() == Some(head)).await;
        assert_eq!(self.live.now().head, *head);
        status
    }

    async fn alarm(&self, text: &str) -> Arc<Status> {
        self.until(|status| status.alarms.iter().any(|alarm| alarm.contains(text))).await
    }

    async fn calm(&self) -> Arc<Status> {
        self.until(|status| status.ready && status.alarms.is_empty()).await
    }

    /// Stops, and starts again with another world behind the same source.
    async fn restart(self) -> Self {
        let folder = self.stop().await;
        let (source, folder) = folder;
        Self::start_in(source, folder)
    }

    async fn stop(self) -> (Arc<Scripted>, TempDir) {
        self.tasks.stop().await;
        (self.source, self.folder)
    }
}

fn files(folder: &Path, part: &str) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("last-good"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().contains(part))
        .collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn a_commit_is_served_by_its_change_set() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    for n in 0..20 {
        let head = plane.source.commit(&format!("b{n}"), Some("2"));
        plane.serves(&head).await;
    }
    let head = plane.source.commit("a", None);
    let status = plane.serves(&head).await;
    assert_eq!((status.documents, plane.source.loads()), (20, 1));
    assert!(status.alarms.is_empty());
}

#[tokio::test]
async fn without_any_hint_it_is_current_within_the_interval() {
    let source = Scripted::new("one");
    source.world().deaf = true;
    let plane = Plane::start(source);
    plane.until(|status| status.ready).await;
    let head = plane.source.commit("a", Some("1"));
    plane.serves(&head).await;
}

#[tokio::test]
async fn an_emptied_source_changes_nothing_and_is_an_alarm() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    {
        let mut world = plane.source.world();
        world.head = Head::empty("two");
        world.documents.clear();
        world.history.clear();
    }
    plane.alarm("lineage two").await;
    plane.serves(&head).await;
    // Not after a restart either.
    let plane = plane.restart().await;
    plane.alarm("lineage two").await;
    plane.serves(&head).await;
}

#[tokio::test]
async fn documents_that_vanish_within_the_lineage_are_not_deleted() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    {
        let mut world = plane.source.world();
        world.documents.clear();
        world.history.clear();
        world.head.revision += 5;
        world.head.digest = Digest::default();
    }
    plane.alarm("empty all of a sudden").await;
    plane.serves(&head).await;
}

#[tokio::test]
async fn a_source_that_is_behind_is_waited_for() {
    let source = Scripted::new("one");
    let old = source.commit("a", Some("1"));
    let new = source.commit("b", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&new).await;
    {
        let mut world = plane.source.world();
        world.head = old;
        world.documents.remove("b");
        world.history.pop();
    }
    plane.alarm("behind").await;
    plane.serves(&new).await;
    // It goes on elsewhere: same number, other content, then further.
    plane.source.commit("c", Some("3"));
    let head = plane.source.commit("d", Some("4"));
    plane.serves(&head).await;
    let status = plane.calm().await;
    assert_eq!(status.documents, 3, "a, c and d");
}

#[tokio::test]
async fn a_gap_in_the_history_is_crossed_by_loading_everything() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    source.commit("b", Some("1"));
    let plane = Plane::start(source);
    plane.until(|status| status.revision() == 2).await;
    plane.source.world().down = true;
    plane.alarm("does not answer").await;
    plane.source.commit("b", None);
    plane.source.commit("c", Some("1"));
    {
        let mut world = plane.source.world();
        world.history.drain(..3);
        world.down = false;
    }
    let status = plane.until(|status| status.revision() == 4).await;
    assert_eq!((status.documents, plane.source.loads()), (2, 2));
    assert_eq!(plane.calm().await.head.as_ref().unwrap().lineage, head.lineage);
}

#[tokio::test]
async fn a_load_with_the_wrong_digest_is_not_served() {
    let source = Scripted::new("one");
    source.commit("a", Some("1"));
    let head = source.commit("b", Some("1"));
    source.world().lossy = 1;
    let plane = Plane::start(source);
    plane.serves(&head).await;
    assert_eq!(plane.calm().await.documents, 2);
    assert_eq!(plane.source.loads(), 2);
}

#[tokio::test]
async fn with_the_source_down_it_starts_from_the_disk() {
    let source = Scripted::new("one");
    source.commit("a", Some("{\n  \"text\": \"with\\nlines\"\n}"));
    let plane = Plane::start(source);
    plane.until(|status| status.revision() == 1).await;
    let head = plane.source.commit("b", Some("2"));
    plane.serves(&head).await;
    plane.source.world().down = true;
    let plane = plane.restart().await;
    let status = plane.serves(&head).await;
    assert_eq!(status.documents, 2);
    plane.alarm("does not answer").await;
    assert_eq!(plane.source.loads(), 1);
    // Back again, the rest comes by change sets.
    plane.source.world().down = false;
    let head = plane.source.commit("c", Some("3"));
    plane.serves(&head).await;
    plane.calm().await;
    assert_eq!(plane.source.loads(), 1);
}

#[tokio::test]
async fn what_was_committed_during_a_load_is_on_the_disk_too() {
    let source = Scripted::new("one");
    for id in ["a", "b", "c"] {
        source.commit(id, Some("1"));
    }
    let head = source.commit("a", None);
    source.world().noted = Some(1);
    let plane = Plane::start(source);
    plane.serves(&head).await;
    plane.source.world().down = true;
    let plane = plane.restart().await;
    assert_eq!(plane.serves(&head).await.documents, 2);
    assert!(!plane.follower.status().alarms.iter().any(|alarm| alarm.contains("digest")));
}

#[test]
fn only_hints_in_vain_make_it_slower() {
    let mut vain = super::vain::Vain::default();
    let head = Head::empty("one");
    for _ in 0..10 {
        vain.woken(head.clone(), false);
        assert_eq!(vain.pause(&head), Duration::ZERO);
    }
    for _ in 0..10 {
        vain.woken(head.clone(), true);
    }
    assert!(vain.pause(&head) > Duration::ZERO);
    assert!(vain.pause(&head) <= Duration::from_millis(100));
    assert_eq!(vain.pause(&Head { revision: 1, ..head }), Duration::ZERO);
}

#[tokio::test]
async fn without_source_and_disk_it_is_not_ready() {
    let source = Scripted::new("one");
    source.world().down = true;
    let plane = Plane::start(source);
    assert!(!plane.alarm("does not answer").await.ready);
    plane.source.world().down = false;
    let head = plane.source.commit("a", Some("1"));
    plane.serves(&head).await;
}

#[tokio::test]
async fn a_damaged_base_is_set_aside_and_everything_loaded() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    let (source, folder) = plane.stop().await;
    let base = files(folder.path(), "base-").remove(0);
    let mut bytes = std::fs::read(&base).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&base, bytes).unwrap();

    let plane = Plane::start_in(source, folder);
    plane.serves(&head).await;
    plane.alarm("damaged").await;
    assert_eq!(plane.source.loads(), 2);
    assert_eq!(files(plane.folder.path(), ".corrupt-").len(), 1);
}

#[tokio::test]
async fn a_torn_log_gives_what_was_whole() {
    let source = Scripted::new("one");
    source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.until(|status| status.revision() == 1).await;
    let kept = plane.source.commit("b", Some("2"));
    plane.serves(&kept).await;
    let torn = plane.source.commit("c", Some("3"));
    plane.serves(&torn).await;
    let (source, folder) = plane.stop().await;
    let log = files(folder.path(), "log-").remove(0);
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 7]).unwrap();

    source.world().down = true;
    let plane = Plane::start_in(source, folder);
    let status = plane.serves(&kept).await;
    assert!(!status.alarms.iter().any(|alarm| alarm.contains("damaged")), "{status:?}");
    plane.source.world().down = false;
    plane.serves(&torn).await;
    // What was missed goes into another log, and the torn one does not hide it.
    plane.source.world().down = true;
    let plane = plane.restart().await;
    plane.serves(&torn).await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_an_alarm_and_nothing_more() {
    let source = Scripted::new("one");
    let folder = tempfile::tempdir().unwrap();
    // Works for root too, whom permissions do not stop.
    std::fs::write(folder.path().join("last-good"), "not a folder").unwrap();
    let plane = Plane::start_in(source, folder);
    let head = plane.source.commit("a", Some("1"));
    plane.serves(&head).await;
    plane.alarm("cannot be written").await;
    let head = plane.source.commit("b", Some("1"));
    plane.serves(&head).await;
}

#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let source = Scripted::new("one");
    source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.until(|status| status.revision() == 1).await;
    let head = plane.source.commit("b", Some("1"));
    plane.serves(&head).await;
    let (_, folder) = plane.stop().await;
    let found = files(folder.path(), "-");
    assert_eq!(found.len(), 2, "{found:?}");
    for path in found {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_report_follows_each_change() {
    let source = Scripted::new("one");
    let head = source.commit("a", Some("1"));
    let plane = Plane::start(source);
    plane.serves(&head).await;
    let reported = async {
        while plane.source.reports.lock().unwrap().last().is_none_or(|last| last.revision != 1) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), reported)
        .await
        .expect("sooner than the next turn");
    let last = plane.source.reports.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.digest, last.lineage.as_deref()), (head.digest, Some("one")));
    assert!(last.id.starts_with("dp_"));
}

//! One suite of tests over every store: what each of them promises.

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::clock::Clock;
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::store::{Changes, CommitError, REPORT_KEPT, Store};
use sanmon_shared::{Change, ChangeSet, Digest, Document, Entry, Head, Kind};
use serde_json::value::RawValue;

use super::Retention;

/// The time at which suites begin.
pub(crate) const BEGIN: i64 = 1_700_000_000_000;

/// A document with this text.
pub(crate) fn document(json: &str) -> Document {
    Arc::from(RawValue::from_string(json.to_owned()).unwrap())
}

/// A change of one route.
pub(crate) fn route(id: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        kind: Kind::named("routes"),
        id: Arc::from(id),
        before: before.map(document),
        after: after.map(document),
    }
}

/// The change set after `head`.
pub(crate) fn set(head: &Head, clock: &Clock, changes: Vec<Change>) -> ChangeSet {
    ChangeSet::after(head, clock.now(), Arc::from("test"), "why".to_owned(), changes)
}

/// Commits one more revision, retrying as often as somebody else was quicker.
pub(crate) async fn commit_next(store: &dyn Store, clock: &Clock, change: Change) -> Head {
    let mut head = store.head().await.unwrap();
    loop {
        let next = set(&head, clock, vec![change.clone()]);
        match store.commit(&next).await {
            Ok(()) => return next.head,
            Err(CommitError::Conflict(newer)) => head = newer,
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
}

/// Every document, in the order of kind and id.
pub(crate) async fn documents(store: &dyn Store) -> Vec<Entry> {
    let mut entries = Vec::new();
    store.load(&mut |entry| entries.push(entry)).await.unwrap();
    entries.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    entries
}

/// The digest of these documents.
pub(crate) fn digest(entries: &[Entry]) -> Digest {
    entries.iter().fold(Digest::default(), |digest, entry| {
        digest.plus(Digest::of(entry.kind.as_str(), &entry.id, &entry.document))
    })
}

async fn sets(store: &dyn Store, head: &Head, limit: usize) -> Option<Vec<u64>> {
    match store.changes(head, limit).await.unwrap() {
        Changes::Sets(sets) => Some(sets.iter().map(|set| set.head.revision).collect()),
        Changes::Gone => None,
    }
}

pub(crate) async fn begins_empty(store: Arc<dyn Store>, _: Clock) {
    let head = store.head().await.unwrap();
    assert_eq!(head, Head::empty(&head.lineage));
    assert_eq!(head.lineage.len(), 26, "a ULID");
    assert!(documents(&*store).await.is_empty());
    assert_eq!(store.kept().await.unwrap(), None);
    assert!(store.revision(1).await.unwrap().is_none());
    assert_eq!(sets(&*store, &head, 10).await, Some(vec![]));
}

pub(crate) async fn a_commit_is_one_revision_of_all_its_changes(
    store: Arc<dyn Store>,
    clock: Clock,
) {
    let empty = store.head().await.unwrap();
    let first = set(
        &empty,
        &clock,
        vec![route("a", None, Some(r#"{"b":1, "a":"ü\n"}"#)), route("b", None, Some("{}"))],
    );
    store.commit(&first).await.unwrap();
    assert_eq!(store.head().await.unwrap(), first.head);
    let second = set(
        &first.head,
        &clock,
        vec![
            route("a", Some(r#"{"b":1, "a":"ü\n"}"#), Some(r#"{"a":2}"#)),
            route("b", Some("{}"), None),
        ],
    );
    store.commit(&second).await.unwrap();

    let entries = documents(&*store).await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.kind.as_str(), &*entry.id, entry.revision), ("routes", "a", 2));
    assert_eq!(entry.document.get(), r#"{"a":2}"#);
    assert_eq!(digest(&entries), second.head.digest);
    assert_eq!(store.head().await.unwrap(), second.head);
}

pub(crate) async fn documents_come_back_as_they_were_written(store: Arc<dyn Store>, clock: Clock) {
    let json = "{ \"z\" : 1.50,\t\"a\":\"\\u00e9 ü\", \"big\": 123456789012345678901234567890 }";
    commit_next(&*store, &clock, route("id with / \0 and ü", None, Some(json))).await;
    let entries = documents(&*store).await;
    assert_eq!(&*entries[0].id, "id with / \0 and ü");
    assert_eq!(entries[0].document.get(), json);
}

pub(crate) async fn a_commit_on_another_head_conflicts(store: Arc<dyn Store>, clock: Clock) {
    let empty = store.head().await.unwrap();
    let first = set(&empty, &clock, vec![route("a", None, Some("{}"))]);
    store.commit(&first).await.unwrap();

    let late = set(&empty, &clock, vec![route("b", None, Some("{}"))]);
    let foreign = Head { lineage: Arc::from("other"), ..first.head.clone() };
    let foreign = set(&foreign, &clock, vec![route("b", None, Some("{}"))]);
    let forked = Head { digest: Digest::default(), ..first.head.clone() };
    let forked = set(&forked, &clock, vec![route("b", None, Some("{}"))]);
    for wrong in [late, foreign, forked, first.clone()] {
        match store.commit(&wrong).await {
            Err(CommitError::Conflict(head)) => assert_eq!(head, first.head),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(documents(&*store).await.len(), 1);
    assert_eq!(store.kept().await.unwrap(), Some((1, 1)));
}

pub(crate) async fn history_is_read_in_order_and_whole(store: Arc<dyn Store>, clock: Clock) {
    let empty = store.head().await.unwrap();
    let mut heads = vec![empty.clone()];
    for n in 1..=5 {
        let change = route(&format!("r{n}"), None, Some("{}"));
        heads.push(commit_next(&*store, &clock, change).await);
    }
    assert_eq!(sets(&*store, &empty, 3).await, Some(vec![1, 2, 3]));
    assert_eq!(sets(&*store, &heads[3], 10).await, Some(vec![4, 5]));
    assert_eq!(sets(&*store, &heads[5], 10).await, Some(vec![]));
    assert_eq!(sets(&*store, &heads[1], 0).await, Some(vec![]));
    let ahead = Head { revision: 6, ..heads[5].clone() };
    assert_eq!(sets(&*store, &ahead, 10).await, None);
    let foreign = Head { lineage: Arc::from("other"), ..heads[3].clone() };
    assert_eq!(sets(&*store, &foreign, 10).await, None);

    let third = store.revision(3).await.unwrap().unwrap();
    assert_eq!(third.head, heads[3]);
    assert_eq!((&*third.author, third.message.as_str()), ("test", "why"));
    assert_eq!(third.at, clock.now());
    assert_eq!(&*third.changes[0].id, "r3");
    assert!(store.revision(6).await.unwrap().is_none());
    assert_eq!(store.kept().await.unwrap(), Some((1, 5)));
}

/// What [`old_history_goes_a_little_with_each_commit`] is opened with.
pub(crate) fn short() -> Retention {
    Retention { revisions: 3, age: Duration::from_mins(1), per_commit: 2 }
}

pub(crate) async fn old_history_goes_a_little_with_each_commit(
    store: Arc<dyn Store>,
    clock: Clock,
) {
    let empty = store.head().await.unwrap();
    for n in 1..=10 {
        commit_next(&*store, &clock, route(&format!("r{n}"), None, Some("{}"))).await;
    }
    assert_eq!(store.kept().await.unwrap(), Some((1, 10)), "all are young");
    clock.advance(61_000);
    commit_next(&*store, &clock, route("r11", None, Some("{}"))).await;
    assert_eq!(store.kept().await.unwrap(), Some((3, 11)), "two go at once");
    for n in 12..=20 {
        commit_next(&*store, &clock, route(&format!("r{n}"), None, Some("{}"))).await;
    }
    let kept = store.kept().await.unwrap().unwrap();
    assert_eq!(kept, (11, 20), "the young stay although there are more than three");
    assert!(store.revision(10).await.unwrap().is_none());
    assert_eq!(sets(&*store, &empty, 10).await, None);
    assert_eq!(documents(&*store).await.len(), 20);
}

pub(crate) async fn racing_commits_lose_nothing(store: Arc<dyn Store>, clock: Clock) {
    let one = async {
        for n in 0..25 {
            commit_next(&*store, &clock, route(&format!("one{n}"), None, Some("{}"))).await;
        }
    };
    let other = async {
        for n in 0..25 {
            commit_next(&*store, &clock, route(&format!("other{n}"), None, Some("{}"))).await;
        }
    };
    tokio::join!(one, other);
    let entries = documents(&*store).await;
    assert_eq!(entries.len(), 50);
    let head = store.head().await.unwrap();
    assert_eq!((head.revision, head.digest), (50, digest(&entries)));
    let mut revisions: Vec<_> = entries.iter().map(|entry| entry.revision).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=50).collect::<Vec<_>>());
}

pub(crate) async fn a_commit_wakes_who_waits(store: Arc<dyn Store>, clock: Clock) {
    let head = store.head().await.unwrap();
    let long = Duration::from_secs(20);
    let waiting = store.wait(&head, long);
    let committing = async {
        commit_next(&*store, &clock, route("a", None, Some("{}"))).await;
        std::future::pending::<()>().await;
    };
    let woken = async {
        tokio::select! {
            () = waiting => {}
            () = committing => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(5), woken).await.expect("woken at once");
    // Who asks late is answered at once: the head is another one already.
    tokio::time::timeout(Duration::from_secs(5), store.wait(&head, long)).await.unwrap();
    let head = store.head().await.unwrap();
    store.wait(&head, Duration::from_millis(1)).await;
}

pub(crate) async fn the_seal_stays_the_same(store: Arc<dyn Store>, _: Clock) {
    let sealed = store.seal().await.unwrap().seal("sk-1").unwrap();
    assert_eq!(store.seal().await.unwrap().open(&sealed).unwrap(), "sk-1");
}

/// A report of the data plane with this id.
pub(crate) fn report(id: &str, revision: u64) -> DataPlaneReport {
    serde_json::from_value(serde_json::json!({
        "id": id, "version": "0.1.0", "address": "127.0.0.1:9080",
        "started_at": "2026-01-01T00:00:00Z", "reported_at": "2026-01-01T00:00:00Z",
        "lineage": null, "revision": revision, "digest": "0".repeat(64),
        "applied_at": null, "refusals": [], "alarms": ["the disk is full"],
    }))
    .unwrap()
}

pub(crate) async fn reports_are_shown_until_they_are_old(store: Arc<dyn Store>, clock: Clock) {
    store.report(report("dp_b", 1)).await.unwrap();
    store.report(report("dp_a", 1)).await.unwrap();
    store.report(report("dp_b", 2)).await.unwrap();
    let shown = store.reports().await.unwrap();
    let shown: Vec<_> = shown.iter().map(|report| (&*report.id, report.revision)).collect();
    assert_eq!(shown, [("dp_a", 1), ("dp_b", 2)]);
    clock.advance(i64::try_from(REPORT_KEPT.as_millis()).unwrap() + 1);
    assert!(store.reports().await.unwrap().is_empty());
}

/// Makes one test of each promise; `$open` takes a [`Retention`] and a [`Clock`], and gives the
/// store and what has to live as long.
macro_rules! suite {
    ($open:path) => {
        $crate::store::suite::suite!($open, own_reports);
        $crate::store::suite::suite!($open, Default::default() =>
            reports_are_shown_until_they_are_old,
        );
    };
    // For a store whose reports grow old by a clock that no test can move.
    ($open:path, own_reports) => {
        $crate::store::suite::suite!($open, Default::default() =>
            begins_empty,
            a_commit_is_one_revision_of_all_its_changes,
            documents_come_back_as_they_were_written,
            a_commit_on_another_head_conflicts,
            history_is_read_in_order_and_whole,
            racing_commits_lose_nothing,
            a_commit_wakes_who_waits,
            the_seal_stays_the_same,
        );
        $crate::store::suite::suite!($open, $crate::store::suite::short() =>
            old_history_goes_a_little_with_each_commit,
        );
    };
    ($open:path, $retention:expr => $($test:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let clock = sanmon_shared::clock::Clock::manual($crate::store::suite::BEGIN);
                let (store, _alive) = $open($retention, clock.clone()).await;
                $crate::store::suite::$test(store, clock).await;
            }
        )+
    };
}
pub(crate) use suite;

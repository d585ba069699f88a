use std::time::Duration;

use serde_json::value::RawValue;

use super::*;
use sanmon_shared::{Change, Kind};

fn set(base: &Head, id: &str, before: Option<&str>, after: Option<&str>) -> Arc<ChangeSet> {
    let document = |text: &str| Arc::from(RawValue::from_string(text.to_owned()).unwrap());
    let change = Change {
        kind: Kind::named("things"),
        id: Arc::from(id),
        before: before.map(document),
        after: after.map(document),
    };
    let at = jiff::Timestamp::UNIX_EPOCH;
    Arc::new(ChangeSet::after(base, at, Arc::from("test"), String::new(), vec![change]))
}

/// What a restore says, in words.
fn restored(folder: &Path) -> Vec<String> {
    let mut seen = Vec::new();
    let (_, damage) = Keeper::open(folder, None, &Clock::manual(1), Tasks::default(), |restored| {
        seen.push(match restored {
            Restored::Begin(_) => "begin".to_owned(),
            Restored::Entry(entry) => format!("{}@{}", entry.id, entry.revision),
            Restored::Base(head) => format!("base {}", head.revision),
            Restored::Set(set) => format!("set {}", set.head.revision),
        });
    });
    assert_eq!(damage, Vec::<String>::new());
    seen
}

#[tokio::test]
async fn a_grown_log_is_compacted_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = Tasks::default();
    let (mut keeper, _) =
        Keeper::open(folder.path(), None, &Clock::manual(1), tasks.clone(), |_| {});
    let seal = Seal::generate().unwrap();
    let draft = keeper.draft(&seal);
    let empty = Head::empty("one");
    keeper.rebase(draft, &empty, Vec::new());
    let first = set(&empty, "a", None, Some("1"));
    let second = set(&first.head, "b", None, Some("2"));
    let third = set(&second.head, "a", Some("1"), None);
    keeper.append(&[first, second, third.clone()]);
    assert_eq!(keeper.tend(), None);
    wait_until_idle(&keeper).await;
    assert_eq!(restored(folder.path()), ["begin", "base 0", "set 1", "set 2", "set 3"]);

    keeper.log_bytes = COMPACT_BYTES + 1;
    assert_eq!(keeper.tend(), None);
    keeper.append(&[set(&third.head, "c", None, Some("4"))]);
    assert_eq!(keeper.tend(), None);
    wait_until_idle(&keeper).await;
    assert_eq!(keeper.tend(), None);
    assert_eq!(restored(folder.path()), ["begin", "b@2", "base 3", "set 4"]);
    tasks.stop().await;
}

#[tokio::test]
async fn files_that_do_not_belong_together_are_not_compacted() {
    let folder = tempfile::tempdir().unwrap();
    let (mut keeper, _) =
        Keeper::open(folder.path(), None, &Clock::manual(1), Tasks::default(), |_| {});
    let draft = keeper.draft(&Seal::generate().unwrap());
    let empty = Head::empty("one");
    keeper.rebase(draft, &empty, Vec::new());
    let elsewhere = set(&empty, "x", None, Some("1"));
    keeper.append(&[set(&elsewhere.head, "a", None, Some("1"))]);
    assert_eq!(keeper.tend(), None);
    wait_until_idle(&keeper).await;
    keeper.log_bytes = COMPACT_BYTES + 1;
    assert_eq!(keeper.tend(), None);
    wait_until_idle(&keeper).await;
    assert!(keeper.tend().unwrap().contains("belong together"));
    assert!(keeper.needs_base());
}

async fn wait_until_idle(keeper: &Keeper) {
    let idle = async {
        while !keeper.is_idle() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), idle).await.unwrap();
}

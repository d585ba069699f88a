//! Revisions, how they differ, and what is no longer kept.

use super::*;

async fn three_revisions(rig: &Rig) {
    rig.put("providers", "p", provider("a")).await;
    rig.clock.advance(1_000);
    let request = WriteRequest::single(Operation::put("providers", "p", provider("b")));
    rig.configuration.write(&Author::new("eve"), request.message("renamed")).await.unwrap();
    rig.write(Operation::delete("providers", "p", false)).await.unwrap();
}

#[tokio::test]
async fn a_revision_says_who_when_why_and_what() {
    let rig = Rig::new().await;
    three_revisions(&rig).await;
    let revision = rig.configuration.revision(2).await.unwrap();
    assert_eq!((revision.revision, revision.author.as_str()), (2, "eve"));
    assert_eq!(revision.message, "renamed");
    assert_eq!(revision.at.as_millisecond(), NOW + 1_000);
    let change = &revision.changes[0];
    assert_eq!(change.effect, Effect::Updated);
    assert_eq!(change.before.as_ref().unwrap()["name"], "a");
    assert_eq!(change.after.as_ref().unwrap()["name"], "b");
    let patch = json!([{"op": "replace", "path": "/name", "value": "b"}]);
    assert_eq!(change.patch, Some(patch));
}

#[tokio::test]
async fn revisions_are_paged_newest_first() {
    let rig = Rig::new().await;
    assert!(rig.configuration.revisions(None, 10).await.unwrap().revisions.is_empty());
    three_revisions(&rig).await;
    let numbers =
        |page: &RevisionPage| page.revisions.iter().map(|r| r.revision).collect::<Vec<_>>();
    let page = rig.configuration.revisions(None, 2).await.unwrap();
    assert_eq!((numbers(&page), page.before), (vec![3, 2], Some(2)));
    assert!(page.revisions[0].changes[0].before.is_none());
    assert_eq!(page.revisions[0].changes[0].effect, Effect::Deleted);
    let page = rig.configuration.revisions(page.before, 2).await.unwrap();
    assert_eq!((numbers(&page), page.before), (vec![1], None));
    let page = rig.configuration.revisions(Some(1), 2).await.unwrap();
    assert_eq!((numbers(&page), page.before), (vec![], None));
}

#[tokio::test]
async fn a_diff_leads_from_one_revision_to_another_in_either_direction() {
    let rig = Rig::new().await;
    three_revisions(&rig).await;
    let diff = async |a, b| rig.configuration.diff(a, b).await.unwrap().changes;
    let there = diff(1, 2).await;
    assert_eq!(there[0].effect, Effect::Updated);
    let back = diff(2, 1).await;
    assert_eq!(back[0].after, there[0].before);
    assert_eq!(diff(2, 3).await[0].effect, Effect::Deleted);
    assert_eq!(diff(3, 2).await[0].effect, Effect::Created);
    assert!(diff(0, 3).await.is_empty());
    assert!(diff(2, 2).await.is_empty());
}

#[tokio::test]
async fn what_is_not_there_yet_and_what_is_no_longer_kept_are_told_apart() {
    let retention = Retention { revisions: 2, age: std::time::Duration::ZERO, per_commit: 32 };
    let rig = Rig::with(retention).await;
    let none = rig.configuration.revision(1).await.unwrap_err();
    assert!(matches!(none, ReadError::UnknownRevision(1)));
    for i in 0..9 {
        rig.clock.advance(1);
        rig.put("providers", "p", provider(&format!("n{i}"))).await;
    }
    let page = rig.configuration.revisions(None, 100).await.unwrap();
    let oldest = page.oldest.unwrap();
    assert!(oldest > 1);
    let gone = rig.configuration.revision(1).await.unwrap_err();
    assert!(matches!(gone, ReadError::Gone(1)), "{gone:?}");
    let future = rig.configuration.revision(99).await.unwrap_err();
    assert!(matches!(future, ReadError::UnknownRevision(99)));
    assert!(matches!(rig.configuration.diff(1, 9).await.unwrap_err(), ReadError::Gone(1)));
    let back = async |n| rig.configuration.rollback(&author(), n, String::new(), false).await;
    assert!(matches!(back(1).await.unwrap_err(), WriteError::Gone(1)));
    assert!(matches!(back(99).await.unwrap_err(), WriteError::UnknownRevision(99)));
    // The one before the oldest change set is still reached by undoing that one.
    back(oldest - 1).await.unwrap();
}

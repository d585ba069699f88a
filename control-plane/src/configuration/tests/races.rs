//! Several control planes on one store.

use std::time::{Duration, Instant};

use super::*;

/// Writes from two planes at once, each its own documents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_lose_nothing() {
    const EACH: usize = 100;
    let rig = Rig::new().await;
    let other = rig.another().await;
    let write = async |configuration: &Configuration, who: &str| {
        for i in 0..EACH {
            let document = json!({"name": format!("{who}{i}"), "provider": "mock"});
            let operation = Operation::put("providers", &format!("{who}{i}"), document);
            configuration.write(&author(), WriteRequest::single(operation)).await.unwrap();
        }
    };
    tokio::join!(write(&rig.configuration, "a"), write(&other, "b"));
    for configuration in [&rig.configuration, &other] {
        let state = configuration.fresh().await.state;
        assert_eq!(state.count("providers"), 2 * EACH);
        assert_eq!(state.head().revision, 2 * EACH as u64);
    }
}

/// Both planes add one to the same document, on the condition that it is as they read it.
#[tokio::test]
async fn no_update_is_lost() {
    const EACH: u64 = 50;
    let rig = Rig::new().await;
    let other = rig.another().await;
    rig.put("providers", "p", json!({"provider": "mock", "options": {"n": 0}})).await;
    let count = async |configuration: &Configuration| {
        let mut done = 0;
        while done < EACH {
            let state = configuration.fresh().await.state;
            let entry = state.get("providers", "p").unwrap();
            let mut document = configuration.shown(entry);
            let n = document["options"]["n"].as_u64().unwrap();
            document["options"]["n"] = json!(n + 1);
            let seen = Some(Match::Revisions(vec![entry.revision]));
            let condition = Precondition { if_match: seen, if_none_match: None };
            let operation = Operation::put("providers", "p", document).only_if(condition);
            match configuration.write(&author(), WriteRequest::single(operation)).await {
                Ok(_) => done += 1,
                Err(WriteError::Precondition { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    tokio::join!(count(&rig.configuration), count(&other));
    let state = rig.configuration.fresh().await.state;
    let document = rig.configuration.shown(state.get("providers", "p").unwrap());
    assert_eq!(document["options"]["n"], 2 * EACH);
}

#[tokio::test]
async fn a_deletion_and_a_creation_cannot_leave_a_dangling_reference() {
    for _ in 0..50 {
        let rig = Rig::new().await;
        let other = rig.another().await;
        rig.put("providers", "p", provider("a")).await;
        let delete = WriteRequest::single(Operation::delete("providers", "p", false));
        let create = WriteRequest::single(Operation::put("routes", "r", chat_route(&["p"])));
        let author = author();
        let (deleted, created) =
            tokio::join!(rig.configuration.write(&author, delete), other.write(&author, create));
        assert!(deleted.is_ok() != created.is_ok(), "{deleted:?} {created:?}");
    }
}

#[tokio::test]
async fn two_planes_on_an_empty_store_make_one_first_admin() {
    let rig = Rig::new().await;
    let other = rig.another().await;
    let (a, b) = tokio::join!(rig.configuration.bootstrap_admin(None), other.bootstrap_admin(None));
    assert!(a.unwrap().is_some() != b.unwrap().is_some());
    assert_eq!(other.fresh().await.state.admins().count(), 1);
}

#[tokio::test]
async fn a_plane_follows_what_another_writes() {
    let rig = Rig::new().await;
    let other = rig.another().await;
    rig.put("providers", "p", provider("a")).await;
    let deadline = Instant::now() + Duration::from_secs(5);
    while other.state().head().revision < 1 {
        assert!(Instant::now() < deadline, "it never came");
        tokio::task::yield_now().await;
    }
    assert!(other.state().get("providers", "p").is_some());
    rig.tasks.stop().await;
}

#[tokio::test]
async fn a_plane_that_starts_later_sees_what_there_is() {
    let rig = Rig::new().await;
    rig.put("providers", "p", provider("a")).await;
    rig.put("routes", "r", chat_route(&["p"])).await;
    rig.configuration.bootstrap_admin(None).await.unwrap();
    let state = rig.another().await.state();
    assert_eq!(state.head(), rig.configuration.state().head());
    assert_eq!(state.referrers("providers", "p").count(), 1);
    assert_eq!(state.admins().count(), 1);
}

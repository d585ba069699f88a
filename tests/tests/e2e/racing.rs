//! Two control planes on one Redis write at once: revisions have no gap, and no write is lost.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;
use sanmon_tests::admin::Admin;
use sanmon_tests::documents::apikey;
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use serde_json::json;

/// Writes in flight at once.
const AT_ONCE: usize = 8;

async fn two_planes(redis: &Redis) -> [Sanmon; 2] {
    // Together, on an empty store: both must come to the same lineage.
    let (one, two) = tokio::join!(
        Setup::control_plane().redis(&redis.url()).start(),
        Setup::control_plane().redis(&redis.url()).start(),
    );
    [one, two]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_racing_writes_make_five_hundred_revisions() {
    const WRITES: usize = 500;
    let redis = Redis::start().await;
    let planes = two_planes(&redis).await;
    let admins: Vec<_> = planes.iter().map(Sanmon::admin).collect();
    let start = admins[0].head().await;
    let answers: Vec<_> = stream::iter(0..WRITES)
        .map(|number| {
            let admin = &admins[number % 2];
            async move { admin.post("/apikeys", &apikey(&format!("key-{number:03}"))).await }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let revisions: BTreeSet<u64> = answers
        .into_iter()
        .map(|answer| answer.expect(201).header("etag").trim_matches('"').parse().unwrap())
        .collect();
    let expected: BTreeSet<_> = (start + 1..=start + WRITES as u64).collect();
    assert_eq!(revisions, expected, "one revision a write, without gaps");
    for admin in &admins {
        assert_eq!(admin.head().await, start + WRITES as u64);
        assert_eq!(ids(admin).await.len(), WRITES, "no write is lost");
    }
    for revision in [start + 1, start + 250, start + 500] {
        let set = admins[1].get(&format!("/revisions/{revision}")).await.expect(200).json();
        assert_eq!(set["changes"].as_array().unwrap().len(), 1, "{set}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_raised_under_if_match_at_both_planes_misses_none() {
    const RAISES: u64 = 15;
    let redis = Redis::start().await;
    let planes = two_planes(&redis).await;
    let admins: Vec<_> = planes.iter().map(Sanmon::admin).collect();
    let mut key = apikey("counter");
    key["metadata"] = json!({"count": "0"});
    admins[0].store("apikeys", &key).await;
    let raise = async |admin: &Admin| {
        let mut raised = 0;
        while raised < RAISES {
            let current = admin.get("/apikeys/counter").await.expect(200);
            let mut document = current.json();
            let count: u64 = document["metadata"]["count"].as_str().unwrap().parse().unwrap();
            document["metadata"]["count"] = json!((count + 1).to_string());
            let request = admin
                .request("PUT", "/apikeys/counter")
                .header("if-match", current.header("etag"))
                .header("content-type", "application/json")
                .body(document.to_string());
            match request.send().await.unwrap().status().as_u16() {
                200 => raised += 1,
                412 => {}
                status => panic!("{status}"),
            }
        }
    };
    tokio::join!(raise(&admins[0]), raise(&admins[1]), raise(&admins[0]));
    let last = admins[1].get("/apikeys/counter").await.expect(200).json();
    assert_eq!(last["metadata"]["count"], (3 * RAISES).to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_deleted_here_while_a_route_is_made_there_leaves_no_dangling_reference() {
    let redis = Redis::start().await;
    let planes = two_planes(&redis).await;
    let admins: Vec<_> = planes.iter().map(Sanmon::admin).collect();
    for round in 0..20 {
        let (provider, route) = (format!("provider_{round}"), format!("route_{round}"));
        let document = sanmon_tests::documents::mock_provider(&provider);
        admins[0].store("providers", &document).await;
        let document = sanmon_tests::documents::open_route(&route, None, &provider);
        let path = format!("/providers/{provider}");
        let (deleted, created) =
            tokio::join!(admins[0].delete(&path), admins[1].post("/routes", &document));
        match (deleted.status, created.status) {
            (204, 422) | (409, 201) => {}
            other => panic!("{other:?}: {} {}", deleted.text(), created.text()),
        }
    }
}

async fn ids(admin: &Admin) -> BTreeSet<String> {
    let all = admin.all("apikeys").await;
    all.iter().map(|key| key["clientId"].as_str().unwrap().to_owned()).collect()
}

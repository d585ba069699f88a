//! Limits that data planes share: one Redis, three processes, and that Redis away.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use sanmon_tests::admin::Admin;
use sanmon_tests::client::chat;
use sanmon_tests::documents::{mock_provider, open_route};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

/// A route to a mock under one limit.
async fn limited(admin: &Admin, rule: Value) {
    admin.store("providers", &mock_provider("provider_mock")).await;
    let mut route = open_route("route_limited", None, "provider_mock");
    let plugins = route["plugins"].as_array_mut().unwrap();
    plugins.insert(0, json!({"plugin": "rate-limit", "config": {"rules": [rule]}}));
    admin.create("routes", &route).await;
}

/// How many of so many callers pass, all at once, the data planes taking turns.
async fn passed(planes: &[Sanmon], callers: usize) -> usize {
    let clients: Vec<_> = planes.iter().map(Sanmon::client).collect();
    let answers = stream::iter(0..callers).map(|caller| {
        let client = &clients[caller % clients.len()];
        async move { client.chat(&chat("m", "hi")).await.status }
    });
    let statuses: Vec<u16> = answers.buffer_unordered(callers).collect().await;
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    statuses.into_iter().filter(|status| *status == 200).count()
}

async fn ready(planes: &[Sanmon]) {
    for plane in planes {
        wait::until_true("the route is served", SOON, async || {
            plane.client().chat(&chat("m", "hi")).await.status != 404
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_callers_at_three_data_planes_exactly_50_pass_and_without_redis_each_counts_alone() {
    let mut redis = Redis::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let mut planes = Vec::new();
    for _ in 0..3 {
        planes.push(Setup::data_plane().redis(&redis.url()).start().await);
    }
    let rule = json!({"limit": 50, "per": "hour", "algorithm": "window"});
    limited(&control.admin(), rule).await;
    ready(&planes).await;
    // Who looked whether the route is there has been counted.
    let before = planes.len();
    assert_eq!(passed(&planes, 200).await, 50 - before);
    assert_eq!(passed(&planes, 30).await, 0);

    // Frozen, Redis costs one request in a second 50 ms, and nobody more.
    redis.freeze();
    let began = Instant::now();
    let client = planes[0].client();
    assert_eq!(client.chat(&chat("m", "hi")).await.status, 200, "counted here, from nothing");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert_eq!(passed(&planes[..1], 100).await, 49);
    assert_eq!(passed(&planes[1..2], 100).await, 50);
    assert!(planes[0].output().contains("the store of limits is away"));

    redis.thaw();
    wait::until_true("all count together again", SOON, async || {
        drop(client.chat(&chat("m", "hi")).await);
        planes[0].output().contains("the store of limits answers again")
    })
    .await;
    assert_eq!(passed(&planes[..1], 30).await, 0);
}

//! Limits that data planes share: one Redis, three processes, and that Redis away.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use sanmon_tests::admin::Admin;
use sanmon_tests::client::chat;
use sanmon_tests::delay::DelayProxy;
use sanmon_tests::documents::{mock_provider, open_route};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

/// The route to a mock, from now on under one limit; live when it returns.
async fn limited(admin: &Admin, rule: Value) {
    let mut route = open_route("route_limited", None, "provider_mock");
    let plugins = route["plugins"].as_array_mut().unwrap();
    plugins.insert(0, json!({"plugin": "rate-limit", "config": {"rules": [rule]}}));
    let applied = admin.apply("routes", "route_limited", &route).await;
    assert!([200, 201].contains(&applied.status), "{}", applied.text());
}

/// How many of so many callers pass, all at once, the data planes taking turns. Who is told that Redis
/// did not answer in time asks again.
async fn passed(planes: &[Sanmon], callers: usize) -> u64 {
    let clients: Vec<_> = planes.iter().map(Sanmon::client).collect();
    let answers = stream::iter(0..callers).map(|caller| {
        let client = &clients[caller % clients.len()];
        async move {
            loop {
                match client.chat(&chat("m", "hi")).await.status {
                    503 => tokio::task::yield_now().await,
                    status => return status,
                }
            }
        }
    });
    let statuses: Vec<u16> = answers.buffer_unordered(callers).collect().await;
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    statuses.into_iter().filter(|status| *status == 200).count() as u64
}

/// What Redis has counted by the rule with this id.
async fn counted(redis: &Redis, rule: &str) -> u64 {
    let keys = redis.keys().await;
    let key = keys.iter().find(|key| key.contains(&format!("/rate-limit/{rule}"))).unwrap();
    let mut connection = redis.connection().await;
    redis::cmd("HGET").arg(key).arg("u").query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_callers_at_three_data_planes_50_pass_and_without_redis_each_counts_alone() {
    let mut redis = Redis::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let mut planes = Vec::new();
    for _ in 0..3 {
        planes.push(Setup::data_plane().redis(&redis.url()).start().await);
    }
    let admin = control.admin();
    admin.store("providers", &mock_provider("provider_mock")).await;
    wait::until_true("all data planes have reported", SOON, async || {
        admin.data_planes().await.len() == planes.len()
    })
    .await;
    let rule = |id: &str, away: &str| {
        json!({"id": id, "limit": 50, "per": "hour", "algorithm": "window",
            "when_unavailable": away})
    };
    limited(&admin, rule("strict", "refuse")).await;
    let through = passed(&planes, 200).await;
    // An answer of Redis that comes too late is one that nobody passes by.
    assert!((1..=50).contains(&through), "{through}");
    assert_eq!(counted(&redis, "strict").await, 50);
    assert_eq!(passed(&planes, 30).await, 0);

    limited(&admin, rule("lenient", "local")).await;
    redis.freeze();
    assert_eq!(passed(&planes[..1], 100).await, 50, "counted there, from nothing");
    assert_eq!(passed(&planes[1..2], 100).await, 50);
    assert!(planes[0].output().contains("the store of limits is away"));
    redis.thaw();
    let client = planes[0].client();
    wait::until_true("all count together again", SOON, async || {
        drop(client.chat(&chat("m", "hi")).await);
        planes[0].output().contains("the store of limits answers again")
    })
    .await;
    assert!(counted(&redis, "lenient").await <= 50);
}

/// A route of its own for each thing that a rule may say, on a host of that name.
async fn by_host(admin: &Admin, away: &str) {
    let host = format!("{away}.test");
    let mut route = open_route(&format!("route_{away}"), Some(&host), "provider_mock");
    let rule = json!({"id": away, "limit": 3, "per": "hour", "algorithm": "window",
        "when_unavailable": away});
    let plugins = route["plugins"].as_array_mut().unwrap();
    plugins.insert(0, json!({"plugin": "rate-limit", "config": {"rules": [rule]}}));
    admin.create("routes", &route).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_redis_costs_a_request_little_and_then_each_rule_does_what_it_says() {
    const SLOW: Duration = Duration::from_secs(1);
    let redis = Redis::start().await;
    let proxy = DelayProxy::start(redis.port()).await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let data = Setup::data_plane().redis(&proxy.redis_url()).start().await;
    let admin = control.admin();
    admin.store("providers", &mock_provider("provider_mock")).await;
    let policies =
        [("local", [200, 200, 200, 429, 429]), ("allow", [200; 5]), ("refuse", [503; 5])];
    for (away, _) in policies {
        by_host(&admin, away).await;
        let client = data.client().host(&format!("{away}.test"));
        client.chat(&chat("m", "hi")).await.expect(200);
        assert_eq!(counted(&redis, away).await, 1);
    }

    proxy.delay(SLOW);
    for (away, expected) in policies {
        let client = data.client().host(&format!("{away}.test"));
        let mut statuses = Vec::new();
        for _ in 0..expected.len() {
            let begun = Instant::now();
            let answer = client.chat(&chat("m", "hi")).await;
            assert!(begun.elapsed() < SLOW / 2, "{away}: {:?}", begun.elapsed());
            statuses.push(answer.status);
            if answer.status == 503 {
                assert_eq!(
                    (answer.code().as_str(), answer.header("retry-after")),
                    ("state_unavailable", "1")
                );
            }
        }
        assert_eq!(statuses, expected, "{away}: counted here from nothing, not, or nobody passes");
    }

    proxy.delay(Duration::ZERO);
    let client = data.client().host("refuse.test");
    wait::until_true("Redis is asked again", SOON, async || {
        client.chat(&chat("m", "hi")).await.status == 200
    })
    .await;
    assert!(counted(&redis, "refuse").await >= 2);
}

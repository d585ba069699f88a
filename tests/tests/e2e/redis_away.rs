//! Redis is killed, restarted, emptied, or its messages are lost: what is served goes on, and what was
//! answered is kept.

use std::time::{Duration, Instant};

use sanmon_tests::client::chat;
use sanmon_tests::documents::{apikey, expose};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::Setup;
use sanmon_tests::swallow::SwallowProxy;
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};
use serde_json::json;

#[tokio::test]
async fn a_killed_redis_stops_writes_and_nothing_else_and_loses_none() {
    let mut redis = Redis::start().await;
    let upstream = ScriptedUpstream::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let data = Setup::data_plane().redis(&redis.url()).start().await;
    let (admin, client) = (control.admin(), data.client());
    expose(&admin, &upstream).await;
    let before = client.chat(&chat("m", "before")).await.expect(200).revision();

    redis.kill().await;
    let refused = admin.post("/apikeys", &apikey("while-away")).await.expect(503);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    for _ in 0..20 {
        let answer = client.chat(&chat("m", "while away")).await.expect(200);
        assert_eq!(answer.revision(), before);
    }

    redis.restart().await;
    // The refused write may be made again; what it says of its id shows that it was not stored.
    wait::until_true("writes are taken again", SOON, async || {
        let answer = admin.post("/apikeys", &apikey("while-away")).await;
        assert!([201, 503].contains(&answer.status), "{}", answer.text());
        answer.status == 201
    })
    .await;
    assert_eq!(admin.head().await, before + 1, "exactly one revision was made");
    wait::until_true("the data plane follows again", SOON, async || {
        client.chat(&chat("m", "after")).await.expect(200).revision() == before + 1
    })
    .await;
    admin.get("/routes/route_test").await.expect(200);
}

#[tokio::test]
async fn lost_messages_delay_a_change_by_five_seconds_at_the_most() {
    let redis = Redis::start().await;
    let proxy = SwallowProxy::start(redis.port()).await;
    let upstream = ScriptedUpstream::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let data = Setup::data_plane().redis(&proxy.url()).start().await;
    let (admin, client) = (control.admin(), data.client());
    expose(&admin, &upstream).await;

    // While they pass, a change is there at once.
    let start = Instant::now();
    admin.create("apikeys", &apikey("heard")).await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(proxy.passed() > 0, "the data plane learns of changes by messages");

    proxy.swallow(true);
    let start = Instant::now();
    admin.store("apikeys", &apikey("unheard")).await;
    let head = admin.head().await;
    wait::until_true("the change is found without a message", SOON, async || {
        client.chat(&chat("m", "x")).await.expect(200).revision() == head
    })
    .await;
    assert!(start.elapsed() < Duration::from_millis(6_500), "{:?}", start.elapsed());
    assert!(proxy.swallowed() > 0, "a message was lost");
}

#[tokio::test]
async fn an_emptied_redis_deletes_nothing_from_data_planes() {
    let redis = Redis::start().await;
    let upstream = ScriptedUpstream::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let data = Setup::data_plane().redis(&redis.url()).start().await;
    let client = data.client();
    expose(&control.admin(), &upstream).await;
    let before = client.chat(&chat("m", "before")).await.expect(200).revision();

    redis.flush_all().await;
    wait::until_true("the data plane raises the alarm", SOON, async || {
        let answer = client.chat(&chat("m", "after")).await.expect(200);
        assert_eq!(answer.revision(), before);
        data.output().contains("alarm=")
    })
    .await;
    // A control plane that meets the empty store must not have made planes forget either.
    drop(control.admin().try_send("POST", "/apikeys", Some(&json!({"clientId": "x"}))).await);
    client.chat(&chat("m", "still")).await.expect(200);
}

//! The three ways to run: whatever carries the configuration, a route created over the admin API
//! streams a chat answer through every data plane, and says in which revision.

use std::collections::BTreeSet;

use sanmon_tests::certificates::Authority;
use sanmon_tests::client::{chat, chat_stream, text_of};
use sanmon_tests::documents::{apikey, guarded_route, provider};
use sanmon_tests::ports;
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};

#[tokio::test]
async fn in_one_process_on_the_embedded_store() {
    let sanmon = Setup::serve().start().await;
    chats_through(&[&sanmon], &[&sanmon]).await;
}

#[tokio::test]
async fn data_planes_that_follow_a_control_plane_over_http() {
    let control = Setup::control_plane().start().await;
    let first = Setup::data_plane().following(&control).start().await;
    let second = Setup::data_plane().following(&control).start().await;
    chats_through(&[&control], &[&first, &second]).await;
}

#[tokio::test]
async fn control_planes_and_data_planes_on_redis() {
    let redis = Redis::start().await;
    let on_redis = |setup: Setup| setup.redis(&redis.url()).start();
    let (one, two, first, second) = tokio::join!(
        on_redis(Setup::control_plane()),
        on_redis(Setup::control_plane()),
        on_redis(Setup::data_plane()),
        on_redis(Setup::data_plane()),
    );
    chats_through(&[&one, &two], &[&first, &second]).await;
    assert!(redis.keys().await.iter().all(|key| key.contains('{')), "one hash tag for all keys");
}

#[tokio::test]
async fn on_a_redis_behind_tls_and_a_password_under_a_prefix() {
    let authority = Authority::generate();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue(folder.path(), "redis.test");
    let root = folder.path().join("root.pem");
    std::fs::write(&root, authority.pem()).unwrap();
    let port = ports::free().to_string();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let redis = Redis::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "a-password",
    ])
    .await;
    let on_redis = |setup: Setup| {
        setup
            .redis(&format!("rediss://:a-password@localhost:{port}"))
            .flag("--redis-prefix", "team")
    };
    let trusting = |setup: Setup| on_redis(setup).env("SSL_CERT_FILE", root.to_str().unwrap());
    let (control, data) = tokio::join!(
        trusting(Setup::control_plane()).start(),
        trusting(Setup::data_plane()).start()
    );
    chats_through(&[&control], &[&data]).await;

    let client = redis::Client::open(format!("redis://:a-password@127.0.0.1:{}", redis.port()));
    let mut connection = client.unwrap().get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.contains("team")), "{keys:?}");

    // Whose certificate nobody vouches for is not told the password.
    let mut stranger = on_redis(Setup::control_plane()).without_waiting().start().await;
    assert!(!stranger.process().wait(SOON).await.success());
    assert!(stranger.output().contains("invalid peer certificate"), "{}", stranger.output());
}

/// Creates a provider, a key and a route, each at another control plane, and chats through them at
/// each data plane.
async fn chats_through(control: &[&Sanmon], data: &[&Sanmon]) {
    let upstream = ScriptedUpstream::start().await;
    let mut planes = control.iter().map(|plane| plane.admin()).cycle();
    let mut next = || planes.next().unwrap();
    wait::until_true("every data plane has reported", SOON, async || {
        control[0].admin().data_planes().await.len() == data.len()
    })
    .await;
    next().store("providers", &provider("provider_test", &upstream)).await;
    let key = next().store("apikeys", &apikey("app")).await;
    let bearer = key["bearer"].as_str().unwrap();
    let admin = next();
    let route = guarded_route("route_test", Some("llm.test"), "provider_test");
    let created = admin.post("/routes?wait=applied&timeout=10s", &route).await.expect(201);
    let head = admin.head().await;
    assert_eq!(created.header("etag"), format!("\"{head}\""));

    for plane in data {
        let client = plane.client().host("llm.test");
        let refused = client.chat(&chat("test-model", "hello")).await.expect(401);
        assert_eq!(refused.code(), "invalid_api_key");
        let client = client.key(bearer);
        let mut answer = client.chat_events(&chat_stream("test-model", "hello there")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/event-stream");
        assert_eq!(answer.headers["x-sanmon-revision"], head.to_string().as_str());
        assert!(answer.headers.contains_key("x-request-id"));
        let events = answer.rest().await;
        assert_eq!(text_of(&events), "you said: hello there");
        assert_eq!(events.last().unwrap(), "[DONE]");
        assert_eq!(upstream.last().header("authorization"), "Bearer upstream-token");
    }

    for plane in control {
        let planes = plane.admin().data_planes().await;
        let ids: BTreeSet<_> = planes.iter().map(|plane| plane["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), data.len());
        let revisions: Vec<_> = planes.iter().map(|plane| plane["revision"].as_u64()).collect();
        assert_eq!(revisions, vec![Some(head); data.len()], "{planes:?}");
    }
}

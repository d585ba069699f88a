//! How targets are on three data planes: what their probes find, what an operator holds, and what the admin
//! API tells of both.

use sanmon_tests::admin::Admin;
use sanmon_tests::client::chat;
use sanmon_tests::documents::{open_route, provider};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Reply, Request, ScriptedUpstream, openai};
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

/// Chats are answered, probes too.
fn well(request: &Request) -> Reply {
    if request.path == "/ping" { Reply::json(200, &json!({})) } else { openai::answer(request) }
}

/// Chats are answered, probes are not.
fn unwell(request: &Request) -> Reply {
    if request.path == "/ping" { Reply::json(500, &json!({})) } else { openai::answer(request) }
}

/// How many chats an upstream was asked for.
fn chats(upstream: &ScriptedUpstream) -> usize {
    upstream.requests().iter().filter(|request| request.path != "/ping").count()
}

/// What the three tell of a provider, once it is so on all of them.
async fn all_tell(admin: &Admin, id: &str, what: &str, is: impl Fn(&Value) -> bool) {
    wait::until_true(what, SOON, async || {
        let told = admin.get(&format!("/providers/{id}/health")).await.expect(200).json();
        let planes = told["data_planes"].as_array().unwrap();
        planes.len() == 3
            && planes.iter().all(|plane| plane["live"] == true && is(&plane["health"]))
    })
    .await;
}

/// Changes a provider, on all three when it returns.
async fn change(admin: &Admin, id: &str, more: &Value) {
    let path = format!("/providers/{id}?wait=applied&timeout=10s");
    admin.merge(&path, more).await.expect(200);
}

/// One chat at each of the three, all answered by this one.
async fn answered_by(planes: &[Sanmon], upstream: &ScriptedUpstream) {
    let before = chats(upstream);
    for plane in planes {
        plane.client().chat(&chat("m", "hi")).await.expect(200);
    }
    assert_eq!(chats(upstream) - before, planes.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_data_planes_probe_and_hold_and_tell_why() {
    let redis = Redis::start().await;
    let (first, second) =
        (ScriptedUpstream::start_with(well).await, ScriptedUpstream::start_with(well).await);
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let mut planes = Vec::new();
    for _ in 0..3 {
        planes.push(Setup::data_plane().redis(&redis.url()).start().await);
    }
    let admin = control.admin();
    wait::until_true("all data planes have reported", SOON, async || {
        admin.data_planes().await.len() == planes.len()
    })
    .await;
    let mut probed = provider("provider_first", &first);
    probed["probe"] = json!({"path": "/ping", "interval": 100,
        "unhealthy": {"failures": 2}, "healthy": {"successes": 1}});
    admin.store("providers", &probed).await;
    admin.store("providers", &provider("provider_second", &second)).await;
    let targets = json!([{"ref": "provider_first", "priority": 1}, {"ref": "provider_second"}]);
    let pool =
        json!({"id": "pool", "name": "pool", "provider": "loadbalancer", "targets": targets});
    admin.store("providers", &pool).await;
    admin.create("routes", &open_route("route_test", None, "pool")).await;
    answered_by(&planes, &first).await;

    first.script(unwell);
    let reason = "it answers with the status 500";
    all_tell(&admin, "provider_first", "unwell, and why", |health| health["unwell"] == reason)
        .await;
    answered_by(&planes, &second).await;
    first.script(well);
    wait::until_true("well again", SOON, async || {
        planes.iter().all(|plane| plane.output().contains("the provider is well again"))
    })
    .await;
    answered_by(&planes, &first).await;

    change(&admin, "provider_first", &json!({"hold": true, "hold_reason": "it moves"})).await;
    answered_by(&planes, &second).await;
    let told = admin.get("/providers/provider_first/health").await.expect(200).json();
    assert_eq!(told["held"], "it moves", "{told}");
    all_tell(&admin, "provider_first", "held", |health| health["held"] == "it moves").await;
    change(&admin, "provider_second", &json!({"hold": true, "hold_reason": "it too"})).await;
    let refused = planes[0].client().chat(&chat("m", "hi")).await.expect(503);
    assert_eq!(refused.code(), "no_target");
    let history = admin.get("/revisions?limit=1").await.expect(200).json();
    assert!(history.to_string().contains("provider_second"), "a hold is a revision: {history}");

    for id in ["provider_first", "provider_second"] {
        change(&admin, id, &json!({"hold": false})).await;
    }
    answered_by(&planes, &first).await;
}

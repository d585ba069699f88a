//! The quotas of a key, looked at and reset where they are counted: in one process, in Redis, and by data
//! planes that follow over HTTP.

use sanmon_tests::admin::Admin;
use sanmon_tests::client::chat;
use sanmon_tests::documents::{apikey, guarded_route, mock_provider};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::wait::{self, SOON};
use serde_json::{Value, json};

const PATH: &str = "/apikeys/app/quotas";

/// Stores a key that may call three times a day; its bearer form.
async fn limited(admin: &Admin) -> String {
    admin.store("providers", &mock_provider("mock")).await;
    let mut key = apikey("app");
    key["dailyQuota"] = json!(3);
    let key = admin.store("apikeys", &key).await;
    admin.create("routes", &guarded_route("chat", None, "mock")).await;
    key["bearer"].as_str().unwrap().to_owned()
}

/// Both data planes have reported, so that writes wait for both.
async fn both_serve(admin: &Admin) {
    let both = async || admin.data_planes().await.len() == 2;
    wait::until_true("both data planes have reported", SOON, both).await;
}

async fn calls(plane: &Sanmon, key: &str, expected: &[u16]) {
    let client = plane.client().key(key);
    for status in expected {
        client.chat(&chat("m", "x")).await.expect(*status);
    }
}

async fn used(admin: &Admin) -> Value {
    admin.get(PATH).await.expect(200).json()["quotas"][0]["used"].clone()
}

#[tokio::test]
async fn in_one_process_they_are_exact() {
    let sanmon = Setup::serve().start().await;
    let admin = sanmon.admin();
    let key = limited(&admin).await;
    calls(&sanmon, &key, &[200, 200]).await;
    let told = admin.get(PATH).await.expect(200).json();
    let quota = &told["quotas"][0];
    assert_eq!(
        (&quota["period"], &quota["used"], &quota["remaining"]),
        (&json!("day"), &json!(2), &json!(1))
    );
    assert_eq!(told["counters"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["counters"][0]["counted_by"], "process");
    calls(&sanmon, &key, &[200, 429]).await;
    assert_eq!(admin.delete(PATH).await.expect(200).json()["quotas"][0]["used"], 0);
    calls(&sanmon, &key, &[200]).await;
    assert_eq!(used(&admin).await, 1);
}

#[tokio::test]
async fn in_redis_they_are_those_of_all_data_planes() {
    let redis = Redis::start().await;
    let control = Setup::control_plane().redis(&redis.url()).start().await;
    let one = Setup::data_plane().redis(&redis.url()).start().await;
    let other = Setup::data_plane().redis(&redis.url()).start().await;
    let admin = control.admin();
    both_serve(&admin).await;
    let key = limited(&admin).await;
    calls(&one, &key, &[200, 200]).await;
    calls(&other, &key, &[200, 429]).await;
    let told = admin.get(PATH).await.expect(200).json();
    assert_eq!(told["quotas"][0]["used"], 3);
    assert_eq!(told["counters"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["counters"][0]["counted_by"], "store");
    admin.delete(PATH).await.expect(200);
    calls(&one, &key, &[200]).await;
    assert_eq!(used(&admin).await, 1);
}

#[tokio::test]
async fn data_planes_that_count_on_their_own_tell_and_are_told() {
    let control = Setup::control_plane().start().await;
    let one = Setup::data_plane().following(&control).start().await;
    let other = Setup::data_plane().following(&control).start().await;
    let admin = control.admin();
    both_serve(&admin).await;
    let key = limited(&admin).await;
    calls(&one, &key, &[200, 200, 200, 429]).await;
    calls(&other, &key, &[200, 200]).await;
    let sum = async || used(&admin).await == 5;
    wait::until_true("both data planes tell", SOON, sum).await;
    let reset = admin.delete(PATH).await.expect(202).json();
    assert!(reset["counters"].as_array().unwrap().iter().all(|one| one["reset_pending"] == true));
    let none = async || {
        let told = admin.get(PATH).await.expect(200).json();
        let counters = told["counters"].as_array().unwrap();
        counters.iter().all(|one| one["reset_pending"] == false) && told["quotas"][0]["used"] == 0
    };
    wait::until_true("both data planes are told", SOON, none).await;
    calls(&one, &key, &[200, 200, 200, 429]).await;
}

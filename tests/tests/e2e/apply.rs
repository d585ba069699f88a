//! `?wait=applied`, what a data plane refuses, and deletes by force.

use std::time::{Duration, Instant};

use sanmon_tests::client::chat;
use sanmon_tests::documents::{apikey, expose, mock_provider, open_route, provider};
use sanmon_tests::sanmon::Setup;
use sanmon_tests::upstream::ScriptedUpstream;
use sanmon_tests::wait::{self, SOON};

#[tokio::test]
async fn what_was_waited_for_is_served_and_who_is_late_is_named() {
    let control = Setup::control_plane().start().await;
    let admin = control.admin();
    let nobody = admin.post("/apikeys?wait=applied&timeout=1s", &apikey("early")).await;
    nobody.expect(202);

    let prompt = Setup::data_plane().following(&control).start().await;
    let mut late = Setup::data_plane().following(&control).start().await;
    wait::until_true("both have reported", SOON, async || admin.data_planes().await.len() == 2)
        .await;
    for number in 0..5 {
        let id = format!("key-{number}");
        let path = "/apikeys?wait=applied&timeout=10s";
        let revision = admin.post(path, &apikey(&id)).await.expect(201);
        let revision = revision.header("etag").trim_matches('"').to_owned();
        // No route answers, and the answer still says which configuration had none.
        for plane in [&prompt, &late] {
            let answer = plane.client().chat(&chat("m", "x")).await.expect(404);
            assert!(answer.revision() >= revision.parse().unwrap());
        }
    }

    late.process().signal("STOP");
    let start = Instant::now();
    let answer = admin.post("/apikeys?wait=applied&timeout=1s", &apikey("late")).await.expect(202);
    assert!(start.elapsed() < Duration::from_secs(5));
    let address = format!("127.0.0.1:{}", late.data_port());
    let planes = admin.data_planes().await;
    let plane = planes.iter().find(|plane| plane["address"] == address.as_str()).unwrap();
    assert_eq!(answer.json()["data_planes"]["late"][0]["data_plane"], plane["id"]);
    admin.get("/apikeys/late").await.expect(200);
    late.process().signal("CONT");
}

#[tokio::test]
async fn what_cannot_be_built_is_refused_alone_and_keeps_its_last_good_form() {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = Setup::serve().start().await;
    let (admin, client) = (sanmon.admin(), sanmon.client());
    expose(&admin, &upstream).await;

    // Only the data plane knows that its environment lacks the variable.
    let mut broken = provider("provider_test", &upstream);
    broken["connection"]["token"] = "$env://SANMON_TEST_UNSET".into();
    let answer = admin.apply("providers", "provider_test", &broken).await.expect(202);
    assert!(answer.text().contains("SANMON_TEST_UNSET"), "{}", answer.text());
    let revision = admin.head().await;
    let served = client.chat(&chat("m", "x")).await.expect(200);
    assert_eq!(served.revision(), revision, "the rest applies");
    assert_eq!(upstream.last().header("authorization"), "Bearer upstream-token");
    let planes = admin.data_planes().await;
    let refusal = &planes[0]["refusals"][0];
    assert_eq!(refusal["kind"], "providers");
    assert_eq!(refusal["id"], "provider_test");
    assert!(refusal["reason"].as_str().unwrap().contains("SANMON_TEST_UNSET"), "{refusal}");

    let whole = provider("provider_test", &upstream);
    admin.apply("providers", "provider_test", &whole).await.expect(200);
    assert_eq!(admin.data_planes().await[0]["refusals"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_delete_by_force_breaks_references_and_their_calls_say_so() {
    let sanmon = Setup::serve().start().await;
    let (admin, client) = (sanmon.admin(), sanmon.client());
    admin.store("providers", &mock_provider("mock")).await;
    admin.create("routes", &open_route("route_mock", None, "mock")).await;
    client.chat(&chat("m", "x")).await.expect(200);

    let refused = admin.delete("/providers/mock").await.expect(409);
    assert!(refused.text().contains("route_mock"), "{}", refused.text());
    let forced = admin.delete("/providers/mock?force=true&wait=applied").await.expect(200);
    assert!(forced.text().contains("route_mock"), "{}", forced.text());
    let broken = client.chat(&chat("m", "x")).await.expect(503);
    assert_eq!(broken.code(), "reference_missing");
    assert!(broken.json()["error"]["message"].is_string());

    // The reference heals when what it names is there again.
    admin.create("providers", &mock_provider("mock")).await;
    client.chat(&chat("m", "x")).await.expect(200);
}

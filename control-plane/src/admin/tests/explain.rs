//! What would become of a request.

use sanmon_shared::report::DataPlaneReport;
use serde_json::{Value, json};

use super::fixture::fixture;
use crate::store::suite::report;

#[actix_web::test]
async fn a_request_is_explained_by_the_configuration_that_there_is() {
    let fixture = fixture().await;
    let before = fixture.shared.configuration.state().head().revision;
    let ask = json!({"path": "/v1/chat/completions", "body": {"model": "m"}});
    let answer = fixture.post("/apis/v1/explain").json(&ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    assert_eq!(told["revision"], before);
    // The two admins of the fixture.
    assert_eq!(told["route"], "POST /v1/chat/completions of 2");
    for wrong in [json!({}), json!({"path": 1}), json!({"path": "/", "verb": "GET"}), json!([])] {
        let answer = fixture.post("/apis/v1/explain").json(&wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let state = fixture.shared.configuration.state();
    assert_eq!(state.head().revision, before, "nothing is written");
}

#[actix_web::test]
async fn targets_that_are_out_are_told_of_with_the_data_planes_that_say_so() {
    let fixture = fixture().await;
    let now = fixture.clock.now();
    let second = now.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap();
    let minute = now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let target = |credential: u32, model: &str, out_for: Value| {
        json!({"credential": credential, "model": model, "breaker": "open", "out_for": out_for,
            "reason": "server (500)", "failures_in_a_row": 5, "failures": 5, "in_flight": 0,
            "latency": null})
    };
    let of = |id: &str, at: jiff::Timestamp, unwell: Option<&str>, targets: &[Value]| {
        let health = json!({"id": "p", "held": null, "probed": true, "unwell": unwell,
            "attempts": 9, "failures": {}, "targets": targets});
        let providers = vec![serde_json::from_value(health).unwrap()];
        DataPlaneReport { reported_at: at, providers, ..report(id, 1) }
    };
    *fixture.store.reports.lock().unwrap() = vec![
        of("dp_1", second, None, &[target(0, "m", json!(5_000)), target(1, "m", json!(null))]),
        of("dp_2", now, Some("connect: refused"), &[]),
        // The breaker's time is over; another model is meant; nobody heard of it for long.
        of("dp_3", second, None, &[target(0, "m", json!(900))]),
        of("dp_4", now, None, &[target(0, "other", json!(5_000)), target(1, "*", json!(70))]),
        of("dp_5", minute, None, &[target(0, "m", json!(900_000))]),
    ];
    let told = fixture.post("/apis/v1/explain").json(&json!({"path": "/"})).await.json();
    let unwell = json!({"data_plane": "dp_2", "reason": "connect: refused"});
    let out = |id: &str, millis: u64| json!({"data_plane": id, "out_for": millis, "reason": "server (500)"});
    assert_eq!(told["targets"][0]["out_on"], json!([out("dp_1", 4_000), unwell.clone()]));
    assert_eq!(told["targets"][1]["out_on"], json!([unwell, out("dp_4", 70)]));
}

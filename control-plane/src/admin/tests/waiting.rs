//! `?wait=applied`.

use actix_web::web::Data;
use sanmon_shared::report::{DataPlaneReport, Refusal};
use serde_json::{Value, json};

use super::fixture::fixture;

fn report(head: &sanmon_shared::Head, now: jiff::Timestamp) -> DataPlaneReport {
    DataPlaneReport {
        id: "dp_1".into(),
        version: "0".into(),
        address: "127.0.0.1:9080".to_owned(),
        started_at: now,
        reported_at: now,
        lineage: Some(head.lineage.clone()),
        revision: head.revision,
        digest: head.digest,
        applied_at: Some(now),
        refusals: Vec::new(),
        alarms: Vec::new(),
        providers: Vec::new(),
        quotas: None,
        resets_until: None,
    }
}

#[actix_web::test]
async fn a_write_waits_for_every_live_data_plane() {
    let fixture = fixture().await;
    let backend = json!({"backend": {}});
    let path = "/apis/v1/backends/b?wait=applied&timeout=100ms";
    let nobody = fixture.put(path).json(&backend).await;
    assert_eq!(
        (nobody.status, &nobody.json()["data_planes"]["applied"]),
        (202, &json!("none_alive"))
    );
    assert_eq!(nobody.json()["results"][0]["document"]["id"], "b");

    let configuration = Data::clone(&fixture.shared).configuration.clone();
    let head = configuration.state().head().clone();
    let now = fixture.clock.now();
    *fixture.store.reports.lock().unwrap() = vec![report(&head, now)];
    let late = fixture.put(path).json(&json!({"name": "late", "backend": {}})).await;
    assert_eq!((late.status, &late.json()["data_planes"]["applied"]), (202, &json!("partly")));
    assert_eq!(late.json()["data_planes"]["late"][0]["data_plane"], "dp_1");

    let mut ahead = report(&head, now);
    ahead.revision = u64::MAX;
    *fixture.store.reports.lock().unwrap() = vec![ahead.clone()];
    let applied = fixture.put(path).json(&json!({"name": "there", "backend": {}})).await;
    assert_eq!((applied.status, &applied.json()["id"]), (200, &json!("b")));
    let line = "{\"backend\":{}}\n";
    let bulk = "/apis/v1/backends/_bulk?wait=applied";
    let bulk = fixture.post(bulk).bytes("application/x-ndjson", line).await;
    assert!(bulk.text().contains("\"applied\":\"everywhere\""), "{}", bulk.text());

    ahead.refusals = vec![Refusal {
        kind: "backends".to_owned(),
        id: "b".to_owned(),
        revision: 1,
        reason: "it cannot be built".to_owned(),
    }];
    *fixture.store.reports.lock().unwrap() = vec![ahead];
    let refused = fixture.delete(path).send().await;
    assert_eq!(refused.status, 202);
    assert_eq!(refused.json()["data_planes"]["refused"][0]["reason"], "it cannot be built");
}

#[actix_web::test]
async fn data_planes_are_shown_with_their_age() {
    let fixture = fixture().await;
    let head = fixture.shared.configuration.state().head().clone();
    *fixture.store.reports.lock().unwrap() = vec![report(&head, fixture.clock.now())];
    fixture.clock.advance(16_000);
    let planes = fixture.get("/apis/v1/data-planes").send().await.json();
    assert_eq!(planes[0]["id"], "dp_1");
    assert_eq!((&planes[0]["live"], &planes[0]["age_millis"]), (&json!(false), &json!(16_000)));
    assert_eq!(planes[0]["behind"], 0);
}

#[actix_web::test]
async fn how_a_provider_is_is_told_for_each_data_plane() {
    let fixture = fixture().await;
    let provider = json!({"provider": "mock", "hold": true, "hold_reason": "moving"});
    fixture.put("/apis/v1/providers/p").json(&provider).await;
    let head = Data::clone(&fixture.shared).configuration.state().head().clone();
    let now = fixture.clock.now();
    let health = json!({
        "id": "p", "held": null, "probed": false, "unwell": null, "attempts": 7,
        "failures": {"timeout": 2},
        "targets": [{
            "credential": 0, "model": "m", "breaker": "open", "out_for": 900,
            "reason": "timeout (504)", "failures_in_a_row": 0, "failures": 2, "in_flight": 1,
            "latency": 120
        }]
    });
    let of = |id: &str, health: &[Value]| {
        let providers =
            health.iter().map(|one| serde_json::from_value(one.clone()).unwrap()).collect();
        DataPlaneReport { id: id.into(), providers, ..report(&head, now) }
    };
    let other = |id: &str| {
        let mut other = health.clone();
        other["id"] = id.into();
        other
    };
    *fixture.store.reports.lock().unwrap() = vec![
        of("dp_2", &[]),
        of("dp_1", &[other("q"), health.clone(), other("route/ai-proxy-multi/one")]),
    ];

    let told = fixture.get("/apis/v1/providers/p/health").send().await;
    assert_eq!(told.status, 200);
    let told = told.json();
    assert_eq!((&told["id"], &told["held"]), (&json!("p"), &json!("moving")));
    let planes = told["data_planes"].as_array().unwrap();
    assert_eq!((&planes[0]["data_plane"], &planes[0]["health"]), (&json!("dp_1"), &health));
    assert_eq!((&planes[1]["data_plane"], &planes[1]["health"]), (&json!("dp_2"), &Value::Null));
    assert_eq!((&planes[0]["live"], &planes[0]["age_millis"]), (&json!(true), &json!(0)));

    let status = async |id: &str| {
        fixture.get(&format!("/apis/v1/providers/{id}/health")).send().await.status
    };
    assert_eq!(status("gone").await, 404);
    assert_eq!(status("route%2Fai-proxy-multi%2Fone").await, 200, "it has no document");
}

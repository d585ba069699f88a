//! The quotas of API keys.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sanmon_shared::quotas::{KeyCounters, Period, Used};
use sanmon_shared::report::DataPlaneReport;
use sanmon_shared::resources::Apikey;
use sanmon_shared::store::StoreError;
use serde_json::{Value, json};

use super::TestCatalogue;
use super::fixture::{VIEWER, counting, fixture};
use crate::store::Retention;
use crate::store::suite::report;

/// What was used of one key; away where it is none.
struct Counters(Mutex<Option<Vec<Used>>>);

impl Counters {
    fn of(window: u64, day: u64) -> Arc<Self> {
        let used =
            |period, calls, until: &str| Used { period, calls, until: until.parse().unwrap() };
        Arc::new(Self(Mutex::new(Some(vec![
            used(Period::Window, window, "2025-10-09T08:53:25Z"),
            used(Period::Day, day, "2025-10-10T00:00:00Z"),
        ]))))
    }
}

#[async_trait]
impl KeyCounters for Counters {
    fn in_common(&self) -> bool {
        false
    }

    async fn used(&self, key: &Apikey) -> Result<Vec<Used>, StoreError> {
        let used = self.0.lock().unwrap().clone();
        let used = used.ok_or_else(|| StoreError::Unavailable("away".to_owned()))?;
        Ok(if key.client_id.as_str() == "k" { used } else { Vec::new() })
    }

    async fn reset(&self, _: &Apikey) -> Result<(), StoreError> {
        *self.0.lock().unwrap() = Some(Vec::new());
        Ok(())
    }
}

const PATH: &str = "/apis/v1/apikeys/k/quotas";

fn key() -> Value {
    json!({"clientId": "k", "clientName": "k", "authorizedEntities": ["route_r"],
        "throttlingQuota": 5, "dailyQuota": 100})
}

/// A data plane elsewhere, which counts on its own, says so now.
fn elsewhere(
    id: &str,
    now: jiff::Timestamp,
    quotas: Value,
    resets_until: Option<u64>,
) -> DataPlaneReport {
    let quotas = serde_json::from_value(quotas).unwrap();
    DataPlaneReport { reported_at: now, quotas, resets_until, ..report(id, 1) }
}

#[actix_web::test]
async fn what_was_used_is_the_sum_of_all_that_count() {
    let counters = Counters::of(2, 40);
    let fixture =
        counting(Retention::default(), Arc::new(TestCatalogue), Some(counters.clone())).await;
    assert_eq!(fixture.get(PATH).send().await.code(), "not_found");
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&key()).await.status, 201);
    let now = fixture.clock.now();
    let earlier = now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let day = |calls| {
        json!([{"id": "k", "used": [
            {"period": "window", "calls": 9, "until": earlier},
            {"period": "day", "calls": calls, "until": "2025-10-10T00:00:00Z"}]}])
    };
    *fixture.store.reports.lock().unwrap() = vec![
        elsewhere("dp_2", now, day(3), Some(0)),
        elsewhere("dp_1", earlier, day(7), Some(0)),
        elsewhere("dp_3", now, json!([]), Some(0)),
        // It counts with others.
        elsewhere("dp_4", now, json!(null), None),
    ];
    let told = fixture.get(PATH).send().await;
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    assert_eq!(
        told["quotas"],
        json!([
            {"period": "window", "limit": 5, "used": 2, "remaining": 3,
                "resets_at": "2025-10-09T08:53:25Z"},
            {"period": "day", "limit": 100, "used": 43, "remaining": 57,
                "resets_at": "2025-10-10T00:00:00Z"},
        ])
    );
    let who: Vec<_> = told["counters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["counted_by"].as_str().unwrap(),
                one["data_plane"].as_str(),
                one["live"] == true,
                one["age_millis"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        who,
        [
            ("process", None, true, 0),
            ("data_plane", Some("dp_1"), false, 60_000),
            ("data_plane", Some("dp_2"), true, 0),
            ("data_plane", Some("dp_3"), true, 0),
        ]
    );

    let viewer = format!("Bearer {VIEWER}");
    let refused = fixture.delete(PATH).credential("authorization", &viewer).send().await;
    assert_eq!(refused.status, 403);
    let revision = fixture.shared.configuration.state().head().revision;
    let reset = fixture.delete(PATH).send().await;
    assert_eq!(reset.status, 202, "data planes elsewhere have yet to hear of it");
    let reset = reset.json();
    assert_eq!(reset["quotas"][0]["used"], 0);
    assert_eq!(
        (&reset["counters"][0]["used"], &reset["counters"][2]["reset_pending"]),
        (&json!([]), &json!(true))
    );
    let answer = fixture.shared.quotas.resets.after(Some(0));
    assert_eq!(answer.resets, [Arc::from("k")]);
    assert_eq!(fixture.shared.configuration.state().head().revision, revision, "no revision");

    let until = Some(answer.resets_until);
    *fixture.store.reports.lock().unwrap() = vec![elsewhere("dp_2", now, json!([]), until)];
    let told = fixture.get(PATH).send().await.json();
    assert_eq!(
        (&told["quotas"][1]["used"], &told["counters"][1]["reset_pending"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(told["quotas"][1]["resets_at"], Value::Null);

    *counters.0.lock().unwrap() = None;
    assert_eq!(fixture.get(PATH).send().await.code(), "store_unavailable");
}

#[actix_web::test]
async fn where_nobody_counts_nothing_is_used() {
    let fixture = fixture().await;
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&key()).await.status, 201);
    let told = fixture.get(PATH).send().await.json();
    assert_eq!((&told["quotas"][0]["remaining"], &told["counters"]), (&json!(5), &json!([])));
    assert_eq!(fixture.delete(PATH).send().await.status, 200);
    let free = json!({"clientId": "free", "clientName": "free"});
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&free).await.status, 201);
    let told = fixture.get("/apis/v1/apikeys/free/quotas").send().await.json();
    assert_eq!(told, json!({"id": "free", "quotas": [], "counters": []}));
}

#[actix_web::test]
async fn otoroshi_has_its_own_words_for_it() {
    let fixture =
        counting(Retention::default(), Arc::new(TestCatalogue), Some(Counters::of(2, 40))).await;
    assert_eq!(fixture.post("/apis/v1/apikeys").json(&key()).await.status, 201);
    let expected = |window: u64, day: u64| {
        json!({
            "authorizedCallsPerWindow": 5, "throttlingCallsPerWindow": window,
            "remainingCallsPerWindow": 5 - window,
            "authorizedCallsPerDay": 100, "currentCallsPerDay": day, "remainingCallsPerDay": 100 - day,
            "authorizedCallsPerMonth": 10_000_000, "currentCallsPerMonth": 0,
            "remainingCallsPerMonth": 10_000_000,
        })
    };
    let paths = [
        "/api/apikeys/k/quotas",
        "/api/routes/r/apikeys/k/quotas",
        "/apis/apim.otoroshi.io/v1/apikeys/k/quotas",
    ];
    for path in paths {
        let told = fixture.get(path).send().await;
        assert_eq!((told.status, told.json()), (200, expected(2, 40)), "{path}");
    }
    for missing in [
        "/api/apikeys/none/quotas",
        "/api/routes/other/apikeys/k/quotas",
        "/api/groups/r/apikeys/k/quotas",
    ] {
        let told = fixture.get(missing).send().await;
        assert_eq!(
            (told.status, &told.json()["error_description"]),
            (404, &json!("Entity not found")),
            "{missing}"
        );
    }
    assert_eq!(fixture.get("/api/routes/k/quotas").send().await.status, 404);
    for path in paths {
        let reset = fixture.delete(path).send().await;
        assert_eq!((reset.status, reset.json()), (200, expected(0, 0)), "{path}");
    }
}

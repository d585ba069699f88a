//! The quotas of keys, as those see them who ask from outside.

use std::sync::Arc;

use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::{KeyCounters as _, Period, Used};
use sanmon_shared::resources::Apikey;
use sanmon_shared::secret::HashedSecret;
use sanmon_shared::task::Tasks;
use serde_json::{Value, json};

use super::exchanges::{exchange, plane, sharing};
use super::store::Common;
use crate::exchange::Shared;
use crate::limit::{Size, quotas, reserve};
use crate::snapshot::Snapshot;
use crate::snapshot::for_test::CONTEXT;

/// 2026-11-21T18:00:00Z
const EVENING: i64 = 1_795_284_000_000;

fn document(id: &str, members: &Value) -> Value {
    let secret = HashedSecret::store(id, "0123456789abcdef", None);
    let mut document = json!({"clientId": id, "clientSecret": secret});
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn snapshot(documents: &[Value]) -> Arc<Snapshot> {
    let documents: Vec<(&str, Value)> =
        documents.iter().map(|document| ("apikeys", document.clone())).collect();
    Snapshot::for_test(&documents, &CONTEXT)
}

/// A request with the key of this id comes in; whether it is let.
pub(crate) async fn comes(shared: &Arc<Shared>, snapshot: &Snapshot, id: &str) -> bool {
    counted(shared, snapshot, id, true).await
}

/// The same, where it counts or is only looked at.
async fn counted(shared: &Arc<Shared>, snapshot: &Snapshot, id: &str, counts: bool) -> bool {
    let mut exchange = exchange(shared);
    exchange.limits.count_quotas(counts);
    let key = Arc::clone(snapshot.apikey(id).unwrap());
    key.claim(&mut exchange.limits);
    exchange.key = Some(key);
    reserve(&exchange, &Size::default()).await.is_ok()
}

fn read(document: &Value) -> Apikey {
    serde_json::from_value(document.clone()).unwrap()
}

fn calls(used: &[Used]) -> Vec<(Period, u64)> {
    used.iter().map(|used| (used.period, used.calls)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_data_plane_counts_is_told_and_reset() {
    let clock = Clock::manual(EVENING);
    let shared = Arc::new(plane(clock.clone()));
    let bucket = json!({"id": "LocalTokensBucketStrategyConfig", "capacity": 4,
        "refillRequestIntervalMs": 1_000, "refillRequestedTokens": 1});
    // Its counters have its hash in their names.
    let long = "k".repeat(200);
    let documents = [
        document("k", &json!({"throttlingQuota": 3, "dailyQuota": 9, "monthlyQuota": 100})),
        document(&long, &json!({"throttlingStrategy": bucket, "dailyQuota": 2})),
    ];
    let snapshot = snapshot(&documents);
    let [key, other] = documents.each_ref().map(read);
    let told = quotas(None, clock.clone());
    assert!(told.used(&key).await.is_err(), "the data plane has not started");
    told.are_of(&shared.limiter);
    assert!(!told.in_common());
    assert_eq!(told.used(&key).await.unwrap(), []);

    for expected in [true, true, true, false] {
        assert_eq!(comes(&shared, &snapshot, "k").await, expected);
    }
    let used = told.used(&key).await.unwrap();
    let all = [(Period::Window, 3), (Period::Day, 3), (Period::Month, 3)];
    assert_eq!(calls(&used), all, "who was refused is not counted");
    let until = used.iter().map(|used| used.until.to_string()).collect::<Vec<_>>();
    assert_eq!(until, ["2026-11-21T18:00:10Z", "2026-11-22T00:00:00Z", "2026-12-01T00:00:00Z"]);
    for expected in [true, true, false] {
        assert_eq!(comes(&shared, &snapshot, &long).await, expected);
    }
    assert_eq!(calls(&told.used(&other).await.unwrap()), [(Period::Window, 2), (Period::Day, 2)]);

    // A quota that is made smaller than what was used already.
    let smaller = read(&document("k", &json!({"dailyQuota": 1})));
    assert_eq!(calls(&told.used(&smaller).await.unwrap()), [(Period::Day, 3)]);

    told.reset(&key).await.unwrap();
    assert_eq!(told.used(&key).await.unwrap(), []);
    assert_eq!(calls(&told.used(&other).await.unwrap()).len(), 2, "others stay");
    assert!(comes(&shared, &snapshot, "k").await, "whatever its worker remembers");
    assert_eq!(told.used(&key).await.unwrap()[0].calls, 1);
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(
        calls(&told.used(&key).await.unwrap()),
        all[1..].iter().map(|(p, _)| (*p, 1)).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn reports_tell_of_the_keys_that_were_used_last() {
    let shared = Arc::new(plane(Clock::manual(EVENING)));
    assert!(shared.limiter.counts_alone());
    let all: Vec<Value> =
        ["a", "b", "c"].iter().map(|id| document(id, &json!({"dailyQuota": 9}))).collect();
    let before = snapshot(&all);
    for id in ["a", "b", "c", "a"] {
        assert!(comes(&shared, &before, id).await);
        // Counters are noted as used once in a second.
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
    }
    let told = shared.limiter.usage(&before);
    let told: Vec<_> = told.iter().map(|key| (&*key.id, calls(&key.used))).collect();
    let day = |count| vec![(Period::Day, count)];
    assert_eq!(told, [("a", day(2)), ("c", day(1)), ("b", day(1))]);
    // Keys that are gone are nobody's.
    let after = snapshot(&all[..1]);
    assert_eq!(shared.limiter.usage(&after).len(), 1);
    let quotas: Vec<_> =
        before.apikey("a").unwrap().quotas().map(|of| (of.period, of.quota)).collect();
    shared.limiter.reset("a", &quotas);
    assert!(shared.limiter.usage(&after).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_in_common_is_asked_of_the_store() {
    let tasks = Tasks::default();
    let store = Arc::new(Common::default());
    let shared = sharing(Arc::clone(&store) as _, &tasks);
    assert!(!shared.limiter.counts_alone());
    let key = document("k", &json!({"throttlingQuota": 3, "dailyQuota": 9}));
    let snapshot = snapshot(std::slice::from_ref(&key));
    let key = read(&key);
    let told = quotas(Some(Arc::clone(&store) as _), Clock::manual(EVENING));
    told.are_of(&shared.limiter);
    assert!(told.in_common());
    for expected in [true, true, true, false] {
        assert_eq!(comes(&shared, &snapshot, "k").await, expected);
    }
    let all = [(Period::Window, 3), (Period::Day, 3)];
    assert_eq!(calls(&told.used(&key).await.unwrap()), all);
    assert_eq!(calls(&told.used(&key).await.unwrap()), all, "looking takes nothing");
    told.reset(&key).await.unwrap();
    assert_eq!(told.used(&key).await.unwrap(), []);
    assert!(comes(&shared, &snapshot, "k").await);
    store.away.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(told.used(&key).await.is_err());
    assert!(told.reset(&key).await.is_err());
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_only_looked_at_passes_while_something_is_left() {
    let tasks = Tasks::default();
    let store = Arc::new(Common::default());
    let alone = Arc::new(plane(Clock::manual(EVENING)));
    let together = sharing(Arc::clone(&store) as _, &tasks);
    let documents =
        [document("k", &json!({"dailyQuota": 2})), document("none", &json!({"dailyQuota": 0}))];
    let snapshot = snapshot(&documents);
    for shared in [&alone, &together] {
        for (counts, passes) in [
            (false, true),
            (true, true),
            (false, true),
            (true, true),
            (false, false),
            (true, false),
        ] {
            assert_eq!(counted(shared, &snapshot, "k", counts).await, passes);
        }
        assert!(!counted(shared, &snapshot, "none", false).await);
    }
    assert_eq!(store.used().iter().sum::<u64>(), 2);
    tasks.stop().await;
}

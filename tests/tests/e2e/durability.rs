//! `kill -9` while writes are under way: what was answered 2xx is there after a restart, and what was
//! not is there whole or not at all.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use sanmon_tests::documents::apikey;
use sanmon_tests::sanmon::Setup;
use sanmon_tests::wait::{self, SOON};
use serde_json::json;

const WRITERS: usize = 4;
/// Acknowledged writes before each kill.
const ENOUGH: usize = 25;
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_write_survives_and_the_killed_one_is_whole_or_absent() {
    let mut sanmon = Setup::control_plane().start().await;
    let mut expected = BTreeSet::new();
    for round in 0..KILLS {
        let admin = sanmon.admin();
        let answered = AtomicUsize::new(0);
        let write = async |writer: usize| {
            let mut done = Vec::new();
            for number in 0.. {
                // Two documents in one transaction: half of it would show.
                let name = format!("r{round}-w{writer}-{number}");
                let one = json!({"action": "create", "kind": "apikeys", "document": apikey(&format!("{name}-a"))});
                let two = json!({"action": "create", "kind": "apikeys", "document": apikey(&format!("{name}-b"))});
                let body = json!({"operations": [one, two]});
                let Ok(answer) = admin.try_send("POST", "/transactions", Some(&body)).await else {
                    break;
                };
                answer.expect(200);
                answered.fetch_add(1, Ordering::SeqCst);
                done.push(name);
            }
            done
        };
        let writers = futures_util::future::join_all((0..WRITERS).map(write));
        let kill = async {
            wait::until_true("writes are answered", SOON, async || {
                answered.load(Ordering::SeqCst) >= ENOUGH
            })
            .await;
            sanmon.process().signal("KILL");
        };
        let (done, ()) = tokio::join!(writers, kill);
        let done: Vec<_> = done.into_iter().flatten().collect();
        assert!(done.len() >= ENOUGH);
        expected.extend(done);

        sanmon.restart().await;
        let admin = sanmon.admin();
        let all = admin.all("apikeys").await;
        let ids: BTreeSet<&str> = all.iter().map(|key| key["clientId"].as_str().unwrap()).collect();
        let half = |suffix: &str| -> BTreeSet<String> {
            ids.iter().filter_map(|id| id.strip_suffix(suffix)).map(str::to_owned).collect()
        };
        let (first, second) = (half("-a"), half("-b"));
        assert_eq!(first, second, "a transaction is there whole or not at all");
        let lost: Vec<_> = expected.difference(&first).collect();
        assert!(lost.is_empty(), "answered and lost: {lost:?}");
        let unanswered = first.difference(&expected).count();
        assert!(unanswered <= WRITERS * (round + 1), "{unanswered}");
        // A revision a transaction: no gap, and none for what is not there. The first is the admin.
        assert_eq!(admin.head().await, first.len() as u64 + 1);
    }
}

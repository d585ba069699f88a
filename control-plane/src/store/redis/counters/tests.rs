use std::sync::Arc;

use sanmon_shared::counters::{Counted, CounterStore as _};

use super::super::server::RedisServer;
use super::*;

fn state(server: &RedisServer) -> RedisState {
    RedisState::new(&server.url(), "sanmon").unwrap()
}

fn take(key: &str, quota: Quota, amount: u64) -> Take {
    Take { key: key.into(), quota, amount, estimated: false, lease: 0 }
}

fn guess(key: &str, quota: Quota, amount: u64) -> Take {
    Take { estimated: true, ..take(key, quota, amount) }
}

fn settlement(taken: &Take, counted: Counted, change: i64) -> Settlement {
    Settlement {
        key: Arc::clone(&taken.key),
        quota: taken.quota,
        change,
        mark: counted.mark,
        estimated: taken.estimated,
        lease: taken.lease,
    }
}

const HOUR: Duration = Duration::from_hours(1);

fn window(limit: u64) -> Quota {
    Quota { limit, span: Span::Window(HOUR) }
}

fn rolling(limit: u64, burst: u64) -> Quota {
    Quota { limit, span: Span::Rolling { per: HOUR, burst } }
}

/// Callers, through three connections, that all take the same; how many got it.
async fn race(server: &RedisServer, callers: u128, takes: &[Take]) -> usize {
    let planes: Arc<[RedisState]> = [(); 3].map(|()| state(server)).into();
    let mut running = Vec::new();
    for caller in 0..callers {
        let takes: Vec<Take> =
            takes.iter().cloned().map(|take| Take { lease: caller, ..take }).collect();
        let planes = Arc::clone(&planes);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        running.push(tokio::spawn(async move {
            let plane = &planes[usize::try_from(caller % 3).unwrap()];
            plane.take(&takes).await.unwrap().refused.is_none()
        }));
    }
    let mut passed = 0;
    for caller in running {
        passed += usize::from(caller.await.unwrap());
    }
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_callers_at_three_data_planes_exactly_50_pass_a_limit_of_50() {
    let server = RedisServer::start(&[]).await;
    for (key, quota) in [
        ("window", window(50)),
        ("rolling", rolling(50, 50)),
        ("burst", rolling(10, 50)),
        ("day", Quota { limit: 50, span: Span::Day }),
        ("month", Quota { limit: 50, span: Span::Month }),
        ("places", Quota { limit: 50, span: Span::Concurrent }),
    ] {
        assert_eq!(race(&server, 200, &[take(key, quota, 1)]).await, 50, "{key}");
    }
    // Of several limits of a request the smallest counts, and what it refuses is charged nowhere.
    let both = [take("wide", window(1_000), 1), take("narrow", window(50), 1)];
    assert_eq!(race(&server, 200, &both).await, 50);
    let wide = state(&server).take(&[take("wide", window(1_000), 0)]).await.unwrap();
    assert_eq!(wide.counted[0].remaining, 950);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_name_the_limit_that_is_longest_in_the_way() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    let short = Quota { limit: 1, span: Span::Window(Duration::from_secs(10)) };
    let all = [take("s", short, 1), take("r", rolling(60, 1), 1), take("l", window(1), 1)];
    let first = state.take(&all).await.unwrap();
    assert_eq!(first.refused, None);
    assert_eq!(first.counted.iter().map(|counted| counted.remaining).max(), Some(0));
    let second = state.take(&all).await.unwrap();
    let (index, wait) = second.refused.unwrap();
    assert_eq!(index, 2);
    assert!(wait <= HOUR && wait > Duration::from_mins(59));
    // A token comes back each minute.
    let (_, wait) = state.take(&[all[1].clone()]).await.unwrap().refused.unwrap();
    assert!(wait <= Duration::from_mins(1) && wait > Duration::from_secs(30), "{wait:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_are_settled_in_their_window() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    for (key, quota) in [("w", window(1_000)), ("r", rolling(1_000, 1_000))] {
        let one = guess(key, quota, 600);
        let first = state.take(std::slice::from_ref(&one)).await.unwrap();
        assert!(first.counted[0].remaining.abs_diff(400) <= 1);
        assert!(state.take(&[guess(key, quota, 600)]).await.unwrap().refused.is_some());
        state.settle(&[settlement(&one, first.counted[0], -500)]).await.unwrap();
        // Nobody's guess is open: one passes that is larger than what is left.
        let large = guess(key, quota, 5_000);
        let second = state.take(std::slice::from_ref(&large)).await.unwrap();
        assert_eq!((second.refused, second.counted[0].remaining), (None, 0));
        assert!(state.take(&[guess(key, quota, 1)]).await.unwrap().refused.is_some());
        // What was used beyond the limit is owed.
        state.settle(&[settlement(&large, second.counted[0], -3_000)]).await.unwrap();
        assert!(state.take(&[guess(key, quota, 1)]).await.unwrap().refused.is_some());
    }
    // What is given back to a window that is over is nobody's.
    let one = guess("old", window(10), 6);
    let taken = state.take(std::slice::from_ref(&one)).await.unwrap();
    let old = Counted { mark: taken.counted[0].mark - 1, ..taken.counted[0] };
    state.settle(&[settlement(&one, old, -6)]).await.unwrap();
    assert!(state.take(&[take("old", window(10), 5)]).await.unwrap().refused.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_and_places_end_by_the_clock_of_redis() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    let short = Quota { limit: 1, span: Span::Window(Duration::from_millis(50)) };
    let quick =
        Quota { limit: 1, span: Span::Rolling { per: Duration::from_millis(50), burst: 1 } };
    for (key, quota) in [("short", short), ("quick", quick)] {
        let one = [take(key, quota, 1)];
        assert_eq!(state.take(&one).await.unwrap().refused, None);
        let again = async {
            while state.take(&one).await.unwrap().refused.is_some() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), again).await.expect("in time");
    }
    let month = Quota { limit: 9, span: Span::Month };
    let reset = state.take(&[take("m", month, 1)]).await.unwrap().counted[0];
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let next = now.date().first_of_month().checked_add(jiff::Span::new().months(1)).unwrap();
    let next = next.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond();
    assert_eq!(i64::try_from(reset.mark).unwrap(), next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn months_end_where_the_calendar_says() {
    let server = RedisServer::start(&[]).await;
    // The same function at other times: what the script calls `now` is set behind its own.
    let script = format!(
        "{}\nnow = tonumber(ARGV[1])\nreturn string.format('%.0f', month_end())",
        include_str!("../scripts/counter.lua")
    );
    for year in [1999, 2000, 2024, 2026, 2027, 2100] {
        for month in 1..=12_i8 {
            let first = jiff::civil::date(year, month, 1);
            let next = first.checked_add(jiff::Span::new().months(1)).unwrap();
            let micros = |date: jiff::civil::Date| {
                date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond()
            };
            for now in [micros(first), micros(next) - 1] {
                let answer = server.run(&["EVAL", &script, "0", &now.to_string()]).await;
                let ends = redis::Value::BulkString(micros(next).to_string().into_bytes());
                assert_eq!(answer, ends, "{first}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_come_back_when_they_are_given_back_and_when_nobody_renews_them() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    let two = Quota { limit: 2, span: Span::Concurrent };
    let place = |lease| Take { lease, ..take("c", two, 1) };
    for lease in [1, 2] {
        assert_eq!(state.take(&[place(lease)]).await.unwrap().refused, None);
    }
    assert!(state.take(&[place(3)]).await.unwrap().refused.is_some());
    state.settle(&[settlement(&place(1), Counted::default(), -1)]).await.unwrap();
    assert_eq!(state.take(&[place(3)]).await.unwrap().refused, None);
    // As if a minute had gone by without a word of the one, and with one of the other.
    let key = "{sanmon}:counter:c";
    for lease in ["2", "3"] {
        server.run(&["ZADD", key, "1", lease]).await;
    }
    let renewed = Lease { key: "c".into(), lease: 3 };
    let gone = Lease { key: "c".into(), lease: 1 };
    state.renew(&[renewed, gone]).await.unwrap();
    assert_eq!(state.take(&[place(4)]).await.unwrap().refused, None);
    assert!(state.take(&[place(5)]).await.unwrap().refused.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_forgotten_when_they_say_nothing_any_more() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    let takes = [
        take("w", window(5), 1),
        take("r", rolling(5, 5), 1),
        take("c", Quota { limit: 1, span: Span::Concurrent }, 1),
    ];
    state.take(&takes).await.unwrap();
    for take in &takes {
        let left = server.run(&["PTTL", &format!("{{sanmon}}:counter:{}", take.key)]).await;
        let redis::Value::Int(left) = left else { panic!("{left:?}") };
        assert!(left > 0 && left <= 3_601_000, "{left}");
    }
    // Who only looks leaves nothing behind.
    state.take(&[take("looked", window(5), 0)]).await.unwrap();
    assert_eq!(server.run(&["EXISTS", "{sanmon}:counter:looked"]).await, redis::Value::Int(0));
}

#[tokio::test]
async fn what_is_reset_was_never_taken() {
    let server = RedisServer::start(&[]).await;
    let state = state(&server);
    let all = [take("a", window(3), 2), take("b", rolling(3, 3), 2), take("c", window(3), 2)];
    state.take(&all).await.unwrap();
    state.reset(&["a".into(), "b".into(), "absent".into()]).await.unwrap();
    state.reset(&[]).await.unwrap();
    let looks = all.map(|take| Take { amount: 0, ..take });
    let left = state.take(&looks).await.unwrap().counted;
    assert_eq!(left.iter().map(|of| of.remaining).collect::<Vec<_>>(), [3, 3, 1]);
    // As large as whoever looks at quotas asks for.
    let most = 1 << 53;
    let looked = state.take(&[Take { amount: 0, ..take("c", window(most), 0) }]).await.unwrap();
    assert_eq!(looked.counted[0].remaining, most - 2);
}

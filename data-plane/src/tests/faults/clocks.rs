use sanmon_shared::clock::Clock;
use sanmon_shared::report::BreakerState;
use sanmon_shared::secret::HashedSecret;

use super::*;

const DAY: i64 = 24 * 3_600 * 1_000;

/// 2026-11-21T18:00:00Z.
const EVENING: i64 = 1_795_284_000_000;

/// A day forth, back again, and forth once more.
const JUMPS: [i64; 3] = [DAY, -DAY, DAY];

#[tokio::test(flavor = "multi_thread")]
async fn breakers_and_holds_do_not_follow_the_time_of_day() {
    let tasks = Tasks::default();
    for (mood, standing) in [
        (Mood::Fails("503 Busy", ""), BreakerState::Open),
        (Mood::Fails("429 Slow", "retry-after: 60\r\n"), BreakerState::Closed),
    ] {
        let (first, second) = (Target::start(&tasks).await, Target::start(&tasks).await);
        let rules = json!({"breaker": {"consecutive_failures": 1 + u8::from(standing == BreakerState::Closed),
            "cooldown": 60_000}});
        let providers = [at("a", &first, &rules), at("b", &second, &json!({}))];
        let documents = pool("openai-chat-completions", &providers, &json!({}));
        let clock = Clock::manual(EVENING);
        let gateway = Gateway::start(Setting { documents, clock, ..Setting::default() });
        first.is(mood);
        all_answered(&gateway, 1).await;
        for jump in JUMPS {
            gateway.shared.clock.advance(jump);
            all_answered(&gateway, 3).await;
            assert_eq!(first.asked(), 1, "it is out for a minute whatever the clock says");
            let told = of_target(&gateway, "a");
            assert_eq!(told.breaker, standing);
            assert!(told.out_for.is_some_and(|millis| millis <= 60_000), "{told:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_minutes_do_not_follow_it_and_those_of_days_only_forth() {
    let tasks = Tasks::default();
    let target = Target::start(&tasks).await;
    let rules = |rule: Value| vec![json!({"plugin": "rate-limit", "config": {"rules": [rule]}})];
    let daily = json!({"clientId": "daily", "authorizedEntities": ["route_r1"], "dailyQuota": 2,
        "clientSecret": HashedSecret::store("daily", "secret", None)});
    let headers = "otoroshi-client-id: daily\r\notoroshi-client-secret: secret\r\n";
    for (plugins, follows) in [
        (rules(json!({"limit": 2, "per": "hour", "algorithm": "window"})), false),
        (rules(json!({"limit": 2, "per": "hour", "burst": 2})), false),
        (
            rules(json!({"count": "tokens", "limit": 1, "per": "hour", "algorithm": "window"})),
            false,
        ),
        (rules(json!({"limit": 2, "per": "day", "algorithm": "window"})), true),
        (
            vec![json!({"plugin": "limit-count", "config": {"count": 2, "time_window": 3_600}})],
            false,
        ),
        (vec![json!({"plugin": "apikeys"})], true),
    ] {
        let what = json!(plugins).to_string();
        let mut documents = llm::documents(
            "openai-chat-completions",
            "providers",
            vec![at("a", &target, &json!({}))],
        );
        let (_, route) = documents.last_mut().unwrap();
        for plugin in plugins {
            route["plugins"].as_array_mut().unwrap().insert(0, plugin);
        }
        documents.push(("apikeys", daily.clone()));
        let clock = Clock::manual(EVENING);
        let gateway = Gateway::start(Setting { documents, clock, ..Setting::default() });
        let body = r#"{"max_tokens":1,"messages":[{"role":"user","content":"hello"}]}"#;
        let request = post(CHAT, headers, body);
        let passes = async || {
            let mut passed = 0;
            while Client::ask(gateway.address, &request).await.status == 200 {
                passed += 1;
                gateway.shared.idle_now().await;
                assert!(passed < 10, "{what}: no end");
            }
            passed
        };
        let first = passes().await;
        assert!((1..=2).contains(&first), "{what}: {first}");
        let mut after = Vec::new();
        for jump in JUMPS {
            gateway.shared.clock.advance(jump);
            after.push(passes().await);
        }
        let expected = if follows { [2, 0, 0] } else { [0; 3] };
        assert_eq!(after, expected, "{what}");
    }
}

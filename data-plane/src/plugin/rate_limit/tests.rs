use std::time::Duration;

use sanmon_shared::counters::Span;

use super::*;
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

fn problems(rule: &Value) -> Vec<String> {
    let kind = registry::find(RateLimit::NAME).unwrap();
    let problems = kind.build(&json!({"rules": [rule]}), &CONTEXT).err().unwrap_or_default();
    problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect()
}

#[test]
fn rules_say_what_is_wrong_with_them() {
    for (rule, expected) in [
        (json!({"limit": 1, "per": 1}), ""),
        (json!({"per": 1}), "/rules/0/limit: it is at least 1"),
        (json!({"limit": 1}), "/rules/0/per: it is needed"),
        (
            json!({"limit": 1, "per": 0}),
            "/rules/0/per: it is no time: write seconds, or \"10s\", \"5m\", \"2h\", \"day\"",
        ),
        (
            json!({"limit": 1, "per": "soon"}),
            "/rules/0/per: it is no time: write seconds, or \"10s\", \"5m\", \"2h\", \"day\"",
        ),
        (
            json!({"limit": 1, "per": "month"}),
            "/rules/0/per: months differ: they need \"algorithm\": \"window\"",
        ),
        (json!({"limit": 1, "per": "month", "algorithm": "window"}), ""),
        (
            json!({"limit": 1, "per": 1, "algorithm": "window", "burst": 2}),
            "/rules/0/burst: only \"algorithm\": \"gcra\" has one",
        ),
        (json!({"limit": 1, "per": 1, "burst": 0}), "/rules/0/burst: it is at least 1"),
        (json!({"limit": 1, "count": "concurrency"}), ""),
        (
            json!({"limit": 1, "count": "concurrency", "per": 1}),
            "/rules/0/per: requests at once have no time",
        ),
        (json!({"limit": 1, "per": 1, "count": "cost"}), "/rules/0/cost: it ends too early"),
        (
            json!({"limit": 1, "per": 1, "cost": "1"}),
            "/rules/0/cost: only \"count\": \"cost\" has one",
        ),
        (
            json!({"limit": 1, "per": 1, "by": ["team"]}),
            "/rules/0/by/0: \"team\" is none of key, consumer, route, provider, model, client, header:<name>, and has no ${…}",
        ),
        (
            json!({"limit": 1, "per": 1, "by": ["header:a b"]}),
            "/rules/0/by/0: it is no name of a header",
        ),
        (
            json!({"limit": 1, "per": 1, "by": ["${req.body.user}"]}),
            "/rules/0/by/0: limits cannot look at the body",
        ),
        (
            json!({"limit": 1, "per": 1, "status": 200}),
            "/rules/0/status: it is no status of an error",
        ),
    ] {
        assert_eq!(problems(&rule).join("\n"), expected, "{rule}");
    }
    let kind = registry::find(RateLimit::NAME).unwrap();
    assert!(kind.build(&json!({"rules": []}), &CONTEXT).is_err());
    let twice =
        json!({"rules": [{"id": "a", "limit": 1, "per": 1}, {"id": "a", "limit": 2, "per": 1}]});
    assert!(kind.build(&twice, &CONTEXT).is_err());
}

fn built(rule: &Value) -> (Arc<Rule>, Quota) {
    let config = serde_json::from_value(json!({"rules": [rule]})).unwrap();
    let RateLimit(rules) = RateLimit::build(config, &CONTEXT).map_err(|_| ()).unwrap();
    rules.into_iter().next().unwrap()
}

#[test]
fn times_and_algorithms_make_a_span() {
    let rolling = |seconds, burst| Span::Rolling { per: Duration::from_secs(seconds), burst };
    for (rule, span) in [
        (json!({"limit": 5, "per": "minute"}), rolling(60, 5)),
        (json!({"limit": 5, "per": "2h", "burst": 9}), rolling(7_200, 9)),
        (json!({"limit": 5, "per": "day"}), rolling(86_400, 5)),
        (
            json!({"limit": 5, "per": 10, "algorithm": "window"}),
            Span::Window(Duration::from_secs(10)),
        ),
        (json!({"limit": 5, "per": "day", "algorithm": "window"}), Span::Day),
        (json!({"limit": 5, "count": "concurrency"}), Span::Concurrent),
    ] {
        assert_eq!(built(&rule).1, Quota { limit: 5, span }, "{rule}");
    }
}

#[test]
fn counters_are_named_after_the_rule_or_what_it_says() {
    let id = |rule: Value| built(&rule).0.id.to_string();
    assert_eq!(id(json!({"id": "mine", "limit": 1, "per": 1})), "test/rate-limit/mine");
    let one = id(json!({"limit": 1, "per": 1}));
    assert_eq!(one, id(json!({"limit": 1, "per": 1})));
    assert_ne!(one, id(json!({"limit": 2, "per": 1})));
}

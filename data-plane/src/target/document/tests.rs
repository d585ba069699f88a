use sanmon_shared::seal::Seal;
use serde_json::{Value, json};

use crate::plugin::BuildContext;
use crate::provider::Provider;
use crate::snapshot::for_test::CONTEXT;

fn build(document: &Value) -> Result<Provider, Vec<String>> {
    let seal = Seal::generate().unwrap();
    let mut document = document.clone();
    document["id"] = json!("p");
    let context = BuildContext { seal: Some(&seal), ..CONTEXT };
    let document = serde_json::from_value(document).unwrap();
    Provider::build(&document, &context)
        .map_err(|problems| problems.into_iter().map(|problem| problem.pointer).collect())
}

#[test]
fn every_mistake_of_a_balancer_is_pointed_at() {
    let problems = build(&json!({
        "provider": "loadbalancer",
        "targets": [
            {"ref": "a", "conditions": [{"value": "x"}, {"value": "x", "matches": "("}]},
            {"ref": "b", "conditions": [{"value": "x", "one_of": ["y"], "matches": "z"}]}
        ],
        "balancing": {"algorithm": "consistent_hash", "selector_expr": "JsonPath(a)",
            "hash_on": [{"source": "header"}, {"source": "client"}]},
        "retry": {"statuses": [200]},
        "options": {"refs": ["c", {"weight": 1}], "circuit_breaker": {"cooldown": "x"}}
    }))
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "/retry/statuses/0",
            "/options/circuit_breaker/cooldown",
            "/balancing/selector_expr",
            "/targets/0/conditions/0",
            "/targets/0/conditions/1/matches",
            "/targets/1/conditions/0",
            "/options/refs/1",
            "/balancing/hash_on/0/name"
        ]
    );
}

#[test]
fn a_balancer_has_targets_and_nobody_else_has() {
    assert_eq!(build(&json!({"provider": "loadbalancer"})).unwrap_err(), ["/targets"]);
    let other = build(&json!({"provider": "mock", "targets": [{"ref": "a"}]}));
    assert_eq!(other.unwrap_err(), ["/targets"]);
    let twice = json!([{"ref": "a", "name": "x"}, {"ref": "b", "name": "x"}]);
    let twice = build(&json!({"provider": "loadbalancer", "targets": twice}));
    assert_eq!(twice.unwrap_err(), ["/targets"]);
}

#[test]
fn otoroshis_documents_are_taken_as_they_are() {
    let provider = build(&json!({
        "provider": "LoadBalancer", "connection": {},
        "options": {"refs": ["a", "b"], "loadbalancing": "BEST_response_time",
            "circuit_breaker": {"enabled": true, "consecutive_failures": 0}}
    }))
    .unwrap();
    assert!(provider.pool.is_some());
    assert_eq!(provider.breaker.consecutive_failures, 1, "the least that it can be");
    assert_eq!(provider.breaker.cooldown.as_millis(), 30_000);
    let off = build(&json!({"provider": "mock", "options": {"circuit_breaker": {}}})).unwrap();
    assert!(!off.breaker.enabled);
}

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

/// A pool that chooses by what is asked.
fn semantic(semantic: &Value, targets: &Value) -> Result<Provider, Vec<String>> {
    build(&json!({"provider": "loadbalancer", "targets": targets,
        "balancing": {"algorithm": "semantic", "semantic": semantic}}))
}

#[test]
fn a_pool_that_chooses_by_what_is_asked_has_examples_and_somebody_who_embeds() {
    let targets = json!([{"ref": "a", "examples": ["x"], "threshold": 0.5},
        {"ref": "b", "name": "other", "examples": ["y", "z"], "priority": 1}]);
    let pool = |options: &Value| {
        semantic(options, &targets).map(|provider| {
            let pool = provider.pool.unwrap();
            pool.semantic().map(|semantic| semantic.examples.join(" "))
        })
    };
    let whole = json!({"embedding_model": "e", "model": "m", "timeout": 100, "threshold": -0.5,
        "fallback": "other", "debugging": true});
    for good in [json!({"embedding_model": "e"}), whole] {
        assert_eq!(pool(&good), Ok(Some("y z x".to_owned())), "larger priorities first");
    }
    assert_eq!(pool(&Value::Null).unwrap_err(), ["/balancing/semantic"]);
    let wrong = json!({"embedding_model": "e", "threshold": 2, "fallback": "b"});
    let at = |name: &str| format!("/balancing/semantic/{name}");
    assert_eq!(pool(&wrong).unwrap_err(), [at("fallback"), at("threshold")]);
    let targets = json!([{"ref": "a"}, {"ref": "b", "examples": ["x", ""]},
        {"ref": "c", "examples": vec!["x"; 65]}, {"ref": "d", "examples": ["x"], "threshold": -2}]);
    let embeds = json!({"embedding_model": "e"});
    assert_eq!(
        semantic(&embeds, &targets).unwrap_err(),
        [
            "/targets/0/examples",
            "/targets/1/examples/1",
            "/targets/2/examples",
            "/targets/3/threshold"
        ]
    );
    let many: Vec<Value> = (0..33)
        .map(|number| json!({"ref": format!("t{number}"), "examples": vec!["x"; 64]}))
        .collect();
    assert_eq!(semantic(&embeds, &json!(many)).unwrap_err(), ["/targets"]);
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

use std::time::Duration;

use actix_web::test::TestRequest;
use sanmon_shared::reference::Variables;
use sanmon_shared::resources::ProviderId;
use sanmon_wire::json::Object;
use serde_json::{Value, json};

use super::*;
use crate::exchange::Exchange;
use crate::snapshot::Snapshot;
use crate::snapshot::for_test::CONTEXT;
use crate::target::{Attempt, FailureKind};

/// Providers of the kind `mock`, unless they say otherwise.
fn exchange(providers: &[Value]) -> Exchange {
    let documents: Vec<(&str, Value)> = providers
        .iter()
        .map(|provider| {
            let mut provider = provider.clone();
            provider.as_object_mut().unwrap().entry("provider").or_insert("mock".into());
            ("providers", provider)
        })
        .collect();
    let mut exchange = Exchange::for_test(TestRequest::default().insert_header(("x-plan", "gold")));
    exchange.snapshot = Snapshot::for_test(&documents, &CONTEXT);
    exchange
}

fn course_of(exchange: &Exchange, id: &str, body: &Value) -> Course {
    let text = body.to_string();
    let object = Object::scan(text.as_bytes()).unwrap();
    let named = exchange.snapshot.provider(&ProviderId::new(id)).unwrap();
    Course::of(&Ask { exchange, model: body["model"].as_str(), object: &object }, named)
}

fn course(exchange: &Exchange, id: &str) -> Course {
    course_of(exchange, id, &json!({}))
}

const SERVER: Failure = Failure::new(FailureKind::Server, 500);

/// The names of all candidates, each of which fails so, with the model where it is not the caller's.
fn all(mut course: Course, failure: &Failure) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(candidate) = course.next() {
        let model = candidate.model.as_deref().map(|model| format!(" {model}"));
        names.push(format!("{}{}", candidate.provider.id, model.unwrap_or_default()));
        if !course.goes_on(failure) {
            break;
        }
    }
    names
}

fn fail(exchange: &Exchange, id: &str, failure: &Failure, times: usize) {
    for _ in 0..times {
        let candidate = course(exchange, id).next().unwrap();
        Attempt::begin(&candidate).failed(failure, Instant::now());
    }
}

fn balancer(targets: &Value) -> Value {
    json!({"id": "lb", "provider": "loadbalancer", "targets": targets})
}

#[test]
fn a_plain_provider_is_its_only_candidate() {
    let exchange = exchange(&[json!({"id": "a"})]);
    let mut course = course(&exchange, "a");
    assert!(course.is_single());
    let candidate = course.next().unwrap();
    assert_eq!((&*candidate.provider.id, candidate.model, candidate.account), ("a", None, 0));
    assert!(!course.goes_on(&SERVER));
    assert!(course.next().is_none());
}

#[test]
fn fallbacks_follow_each_other_and_end_where_they_began() {
    let exchange = exchange(&[
        json!({"id": "a", "provider_fallback": "b"}),
        json!({"id": "b", "provider_fallback": "c"}),
        json!({"id": "c", "provider_fallback": "a"}),
        json!({"id": "d", "provider_fallback": "gone"}),
    ]);
    assert_eq!(all(course(&exchange, "a"), &SERVER), ["a", "b", "c"]);
    assert_eq!(all(course(&exchange, "b"), &SERVER), ["b", "c", "a"]);
    assert_eq!(all(course(&exchange, "d"), &SERVER), ["d"]);
}

#[test]
fn a_wrong_request_goes_nowhere_else() {
    let exchange = exchange(&[
        json!({"id": "a", "provider_fallback": "b"}),
        json!({"id": "b"}),
        json!({"id": "c", "provider_fallback": "b", "retry": {"statuses": [404]}}),
    ]);
    assert_eq!(all(course(&exchange, "a"), &Failure::of_status(400)), ["a"]);
    assert_eq!(all(course(&exchange, "a"), &Failure::of_status(404)), ["a"]);
    assert_eq!(all(course(&exchange, "c"), &Failure::of_status(404)), ["c", "b"]);
}

#[test]
fn a_priority_is_exhausted_before_the_next_and_the_larger_is_first() {
    let exchange = exchange(&[
        balancer(&json!([
            {"ref": "a", "priority": 1}, {"ref": "b", "priority": 2},
            {"ref": "c", "priority": 2}, {"ref": "d", "weight": 0, "priority": 9}
        ])),
        json!({"id": "a"}),
        json!({"id": "b"}),
        json!({"id": "c"}),
        json!({"id": "d"}),
    ]);
    assert_eq!(all(course(&exchange, "lb"), &SERVER), ["b", "c", "a"]);
}

#[test]
fn weights_are_what_they_say() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "options": {"refs": [
            {"ref": "a", "weight": 4}, {"ref": "b", "weight": 1}]}}),
        json!({"id": "a"}),
        json!({"id": "b"}),
    ]);
    let firsts: Vec<Arc<str>> =
        (0..10).map(|_| course(&exchange, "lb").next().unwrap().provider.id.clone()).collect();
    assert_eq!(firsts.iter().filter(|name| &***name == "a").count(), 8);
}

#[test]
fn what_stands_in_for_a_target_comes_after_all_targets() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "provider_fallback": "last",
            "options": {"refs": ["a", "b", "inner"]}}),
        json!({"id": "a", "provider_fallback": "a2"}),
        json!({"id": "a2"}),
        json!({"id": "b"}),
        json!({"id": "inner", "provider": "loadbalancer", "options": {"refs": ["c", "lb"]}}),
        json!({"id": "c"}),
        json!({"id": "last"}),
    ]);
    assert_eq!(all(course(&exchange, "lb"), &SERVER), ["a", "b", "c", "a2", "last"]);
}

#[test]
fn a_target_that_is_there_twice_is_asked_once_for_each_model() {
    let exchange = exchange(&[
        balancer(&json!([
            {"ref": "a"}, {"ref": "a", "name": "again"},
            {"ref": "a", "name": "other", "model": "m2"}
        ])),
        json!({"id": "a"}),
    ]);
    assert_eq!(all(course_of(&exchange, "lb", &json!({"model": "m"})), &SERVER), ["a", "a m2"]);
}

#[test]
fn models_are_those_that_the_targets_have() {
    let exchange = exchange(&[
        balancer(&json!([
            {"ref": "open", "priority": 4}, {"ref": "fixed", "model": "own", "priority": 3},
            {"ref": "closed", "priority": 2}, {"ref": "strict", "priority": 1}
        ])),
        json!({"id": "open"}),
        json!({"id": "fixed"}),
        json!({"id": "closed", "models": {"exclude": ["m"]}, "options": {"model": "mine"}}),
        json!({"id": "strict", "options": {"model": "mine", "allow_config_override": false}}),
    ]);
    let named = course_of(&exchange, "lb", &json!({"model": "m"}));
    assert_eq!(all(named, &SERVER), ["open", "fixed own", "closed mine", "strict mine"]);
}

#[test]
fn a_fallback_has_models_of_its_own() {
    let openai = |id: &str, more: Value| {
        let mut document = json!({"id": id, "provider": "openai",
            "connection": {"base_url": format!("http://{id}/v1")}});
        document.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        document
    };
    let exchange = exchange(&[
        openai("a", json!({"provider_fallback": "own"})),
        openai("own", json!({"options": {"model": "mine"}, "provider_fallback": "named"})),
        openai(
            "named",
            json!({"options": {"model": "mine"}, "models": {"include": ["m"]},
            "provider_fallback": "alike"}),
        ),
        openai("alike", json!({"provider_fallback": "unlike"})),
        json!({"id": "unlike", "provider": "anthropic"}),
    ]);
    let models = all(course_of(&exchange, "a", &json!({"model": "m"})), &SERVER);
    assert_eq!(models[..4], ["a", "own mine", "named", "alike"]);
    assert!(models[4].starts_with("unlike claude"), "{models:?}");
}

#[test]
fn credentials_take_turns_and_one_that_is_held_is_left_out() {
    let mut exchange = exchange(&[]);
    let context = crate::plugin::BuildContext {
        seal: Some(&sanmon_shared::seal::Seal::generate().unwrap()),
        elsewhere: &Variables(|_: &str| Some("k1,k2,k3".to_owned())),
        ..CONTEXT
    };
    exchange.snapshot = Snapshot::for_test(
        &[(
            "providers",
            json!({"id": "a", "provider": "openai",
            "connection": {"base_url": "http://h/v1", "token": "$env://KEYS"}}),
        )],
        &context,
    );
    let accounts = |failure: &Failure| {
        let mut course = course(&exchange, "a");
        assert!(!course.is_single());
        let mut accounts = Vec::new();
        while let Some(candidate) = course.next() {
            accounts.push(candidate.account);
            if !course.goes_on(failure) {
                break;
            }
        }
        accounts
    };
    let limited = Failure::of_status(429);
    assert_eq!(accounts(&limited), [0, 1, 2]);
    assert_eq!(accounts(&SERVER), [0], "the host is what all have in common");
    let mut course = course(&exchange, "a");
    let candidate = course.next().unwrap();
    assert_eq!(candidate.account, 1);
    let limited = limited.after(Some(Duration::from_mins(1)));
    Attempt::begin(&candidate).failed(&limited, Instant::now());
    assert_eq!(accounts(&limited), [2, 0], "the second is held");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_takes_a_target_out_and_one_request_tries_it() {
    let exchange = exchange(&[
        json!({"id": "a", "provider_fallback": "b",
            "options": {"circuit_breaker": {"enabled": true, "consecutive_failures": 2, "cooldown": 1000}}}),
        json!({"id": "b"}),
    ]);
    fail(&exchange, "a", &SERVER, 2);
    assert_eq!(&*course(&exchange, "a").next().unwrap().provider.id, "b");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    let mut trial = course(&exchange, "a");
    let candidate = trial.next().unwrap();
    assert_eq!(&*candidate.provider.id, "a");
    assert_eq!(
        &*course(&exchange, "a").next().unwrap().provider.id,
        "b",
        "while the trial goes on"
    );
    Attempt::begin(&candidate).succeeded(Instant::now());
    assert_eq!(&*course(&exchange, "a").next().unwrap().provider.id, "a");
}

#[test]
fn where_all_are_out_all_are_asked() {
    let exchange = exchange(&[
        balancer(&json!([{"ref": "a"}, {"ref": "b"}])),
        json!({"id": "a", "breaker": {"consecutive_failures": 1}}),
        json!({"id": "b", "breaker": {"consecutive_failures": 1}}),
    ]);
    fail(&exchange, "lb", &SERVER, 2);
    let mut names = all(course(&exchange, "lb"), &SERVER);
    names.sort();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_an_operator_holds_is_never_asked() {
    let exchange = exchange(&[
        balancer(&json!([{"ref": "a"}, {"ref": "b"}])),
        json!({"id": "a", "hold": true, "hold_reason": "moving"}),
        json!({"id": "b"}),
    ]);
    assert_eq!(all(course(&exchange, "lb"), &SERVER), ["b"]);
    let mut held = course(&exchange, "a");
    assert!(held.next().is_none());
    let provider = exchange.snapshot.provider(&ProviderId::new("a")).unwrap();
    assert_eq!(provider.held.as_deref(), Some("moving"));
}

#[test]
fn conditions_and_selectors_say_for_which_requests_a_target_is() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "balancing": {"selector_expr": "user.tier"},
        "targets": [
            {"ref": "a", "selector_expected": "1"},
            {"ref": "b", "selector_expected": "2"},
            {"ref": "c", "conditions": [{"value": "${req.headers.x-plan}", "one_of": ["gold"]}]},
            {"ref": "d", "conditions": [{"value": "${req.headers.x-plan}", "matches": "silver|tin"}]}
        ]}),
        json!({"id": "a"}),
        json!({"id": "b"}),
        json!({"id": "c"}),
        json!({"id": "d"}),
    ]);
    let names = |body: Value| all(course_of(&exchange, "lb", &body), &SERVER);
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(names(json!({"user": {"tier": 1}}))), ["a", "c"]);
    assert_eq!(sorted(names(json!({"user": {"tier": "2"}}))), ["b", "c"]);
    assert_eq!(sorted(names(json!({"user": {"tier": []}}))), ["c"]);
    assert_eq!(sorted(names(json!({}))), ["a", "b", "c"], "what is not there is as expected");
}

#[test]
fn a_selector_finds_options_that_requests_lack() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "options": {
            "selector_expr": "JsonPointer(/model)",
            "refs": [{"ref": "a", "selector_expected": "m1"}, {"ref": "b", "selector_expected": "m1"}]}}),
        json!({"id": "a", "options": {"model": "m1"}}),
        json!({"id": "b", "options": {"model": "m2"}}),
    ]);
    assert_eq!(all(course(&exchange, "lb"), &SERVER), ["a"]);
}

#[test]
fn too_long_a_request_goes_to_larger_models_only() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "retry": {"on": ["context_length"]}, "targets": [
            {"ref": "a", "priority": 9, "context_window": 8_000},
            {"ref": "b", "priority": 8, "context_window": 4_000},
            {"ref": "c", "priority": 7},
            {"ref": "d", "priority": 6, "context_window": 128_000}
        ]}),
        json!({"id": "a"}),
        json!({"id": "b"}),
        json!({"id": "c"}),
        json!({"id": "d"}),
    ]);
    let long = Failure::new(FailureKind::ContextLength, 400);
    assert_eq!(all(course(&exchange, "lb"), &long), ["a", "d"]);
    assert_eq!(all(course(&exchange, "lb"), &SERVER), ["a"], "it is all that is tried again");
}

#[tokio::test(start_paused = true)]
async fn attempts_time_and_budget_bound_what_is_tried() {
    let targets = json!([{"ref": "a"}, {"ref": "b"}, {"ref": "c"}]);
    let with = |retry: Value| {
        let mut lb = balancer(&targets);
        lb["retry"] = retry;
        exchange(&[lb, json!({"id": "a"}), json!({"id": "b"}), json!({"id": "c"})])
    };
    assert_eq!(all(course(&with(json!({"attempts": 2})), "lb"), &SERVER).len(), 2);
    let slow = with(json!({"within": 50}));
    let mut within = course(&slow, "lb");
    within.next().unwrap();
    tokio::time::advance(Duration::from_millis(51)).await;
    assert!(!within.goes_on(&SERVER), "it took too long");
    let late = with(json!({"deadline": 50}));
    let mut deadline = course(&late, "lb");
    deadline.next().unwrap();
    tokio::time::advance(Duration::from_millis(50)).await;
    assert!(!deadline.goes_on(&SERVER), "it is too late");
    let poor = with(json!({"budget": {"percent": 20, "floor": 1}}));
    let more: usize = (0..50).map(|_| all(course(&poor, "lb"), &SERVER).len() - 1).sum();
    assert!((8..=10).contains(&more), "{more} beside 50");
}

#[test]
fn a_conversation_stays_where_it_is_warm() {
    let exchange = exchange(&[
        json!({"id": "lb", "provider": "loadbalancer", "balancing": {"sticky": {"ttl": 60_000}},
            "targets": [{"ref": "a"}, {"ref": "b"}]}),
        json!({"id": "a", "breaker": {"consecutive_failures": 1}}),
        json!({"id": "b"}),
    ]);
    let turn = |first: &str, rest: &[&str]| {
        let mut messages = vec![json!({"role": "user", "content": first})];
        messages.extend(rest.iter().map(|text| json!({"role": "assistant", "content": text})));
        json!({ "messages": messages })
    };
    let goes = |body: &Value| course_of(&exchange, "lb", body).next().unwrap().provider.id.clone();
    let one = goes(&turn("one", &[]));
    for _ in 0..5 {
        assert_eq!(goes(&turn("one", &["x", "y"])), one);
    }
    let names: Vec<Arc<str>> = (0..4).map(|n| goes(&turn(&n.to_string(), &[]))).collect();
    assert!(names.iter().any(|name| *name != one), "others are balanced: {names:?}");
    let mut failing = course_of(&exchange, "lb", &turn("one", &[]));
    failing.next().unwrap();
    assert!(failing.goes_on(&SERVER));
    let other = failing.next().unwrap().provider.id.clone();
    assert_ne!(other, one);
    assert_eq!(goes(&turn("one", &[])), other, "it is warm there now");
}

#[test]
fn a_target_has_timeouts_of_its_own_over_those_of_its_provider() {
    let exchange = exchange(&[
        balancer(&json!([{"ref": "a", "timeouts": {"first_token": 700, "idle": 800}}])),
        json!({"id": "a", "provider": "openai", "connection": {"base_url": "http://h/v1",
            "timeout": 1_000, "idle_timeout": 2_000, "first_token_timeout": 300}}),
    ]);
    let millis = Duration::from_millis;
    let timeouts = course(&exchange, "lb").next().unwrap().timeouts;
    assert_eq!(timeouts.total, millis(1_000));
    assert_eq!((timeouts.first_token, timeouts.idle), (Some(millis(700)), millis(800)));
    let timeouts = course(&exchange, "a").next().unwrap().timeouts;
    assert_eq!((timeouts.first_token, timeouts.idle), (Some(millis(300)), millis(2_000)));
}

#[test]
fn pools_that_share_their_targets_do_not_grow_without_end() {
    // Two pools at each level, each with both of the next one: 2^14 ways.
    let mut providers = vec![json!({"id": "a14"}), json!({"id": "b14"})];
    for level in (0..14).rev() {
        let next = [format!("a{}", level + 1), format!("b{}", level + 1)];
        let targets: Vec<Value> = next.iter().map(|id| json!({"ref": id})).collect();
        for pool in ["a", "b"] {
            providers.push(json!({"id": format!("{pool}{level}"), "provider": "loadbalancer",
                "targets": targets}));
        }
    }
    let exchange = exchange(&providers);
    let mut course = course(&exchange, "a0");
    let mut leaves = 0;
    course.root.as_mut().unwrap().each(&mut |_| leaves += 1);
    assert!((2..=4_096).contains(&leaves), "{leaves}");
    assert!(course.next().is_some());
}

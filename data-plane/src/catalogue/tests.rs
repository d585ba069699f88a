use std::collections::HashMap;

use serde_json::json;

use super::*;

/// Documents by plural and id.
struct Documents(HashMap<(&'static str, &'static str), Value>);

impl Lookup for Documents {
    fn get(&self, plural: &str, id: &str) -> Option<Value> {
        self.0.iter().find(|((p, i), _)| *p == plural && *i == id).map(|(_, value)| value.clone())
    }
}

fn check(plural: &str, document: &Value) -> Vec<String> {
    let named = |name: &str| json!({"name": name});
    let documents = Documents(HashMap::from([
        (("providers", "p1"), named("My OpenAI")),
        (("providers", "p2"), named("my-openai")),
        (("providers", "p3"), named("other")),
        (("providers", "p4"), json!({"name": "x", "metadata": {"endpoint_name": "Other"}})),
    ]));
    let problems = catalogue().check(plural, document, &documents);
    problems
        .into_iter()
        .map(|problem| format!("{}: {}", problem.pointer, problem.message))
        .collect()
}

#[test]
fn examples_of_all_kinds_can_be_built() {
    struct Examples;
    impl sanmon_shared::EachResource for Examples {
        fn visit<R: Resource>(&mut self) {
            let mut example = R::example();
            let members = example.as_object_mut().unwrap();
            members.entry(R::ID_FIELD).or_insert("id".into());
            if R::PLURAL == "apikeys" {
                let stored = sanmon_shared::secret::HashedSecret::store("id", "secret", None);
                members.insert("clientSecret".into(), stored.into());
            }
            assert_eq!(check(R::PLURAL, &example), [""; 0], "{}", R::PLURAL);
        }
    }
    sanmon_shared::each_resource(&mut Examples);
}

#[test]
fn every_problem_of_a_route_is_told_with_its_place() {
    let route = json!({
        "id": "r",
        "frontend": {
            "domains": ["ok.com", "http://a.com", "/relative"],
            "headers": {"x/y": "1", "x": "Regex(()"},
            "methods": ["GET", "a b"]
        },
        "backend": {"targets": [{"hostname": "a b"}]},
        "plugins": [
            {"plugin": "apikeys", "include": ["["]},
            {"plugin": "nonesuch"},
            {"plugin": "cors", "config": {"max_age": "x", "excluded_patterns": []}},
            {}
        ]
    });
    insta::assert_snapshot!(check("routes", &route).join("\n"));
}

#[test]
fn mistakes_of_keys_are_told() {
    let stored = sanmon_shared::secret::HashedSecret::store("k", "secret", None);
    let key = json!({
        "clientId": "k",
        "clientSecret": stored,
        "metadata": {"ai_models_include": "a, ("},
        "constraints": {"models_exclude": ["a", "("]},
        "restrictions": {"enabled": false, "forbidden": [{"path": "("}], "allowed": [
            {"path": "/", "authorized_entity": {"kind": "planet", "id": "x"}}
        ]}
    });
    let problems = check("apikeys", &key);
    assert!(problems.iter().all(|problem| !problem.contains("secret")), "{problems:?}");
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn a_changed_slug_concerns_those_who_refer_to_it() {
    let catalogue = catalogue();
    let before = json!({"name": "a", "options": {}});
    let concerns = |plural, after| catalogue.concerns_referrers(plural, &before, &after);
    assert!(!concerns("providers", json!({"name": "A", "options": {"model": "x"}})));
    assert!(concerns("providers", json!({"name": "b"})));
    assert!(concerns("embedding-models", json!({"name": "a", "metadata": {"endpoint_name": "b"}})));
    assert!(!concerns("routes", json!({"name": "b"})));
}

#[test]
fn kinds_are_found_by_alias() {
    let catalogue = catalogue();
    let found = catalogue.plugin("cp:otoroshi.next.plugins.ApikeyCalls").map(|kind| kind.name);
    assert_eq!(found, Some("apikeys"));
    assert!(catalogue.plugin("cp:nonesuch").is_none());
    assert!(!catalogue.providers().is_empty());
}

/// The schema of each plugin of this folder's own, so that a change to what is taken is seen.
#[test]
fn schemas_are_as_they_were_reviewed() {
    for name in ["apikeys", "cors", "override-host"] {
        insta::assert_json_snapshot!(name, catalogue().plugin(name).unwrap().schema);
    }
}

#[test]
fn data_planes_that_have_nothing_in_common_keep_no_answers() {
    let slot = |config: Value| {
        json!({"id": "r", "frontend": {"domains": []}, "plugins": [
            {"plugin": "openai-responses", "config": config}
        ]})
    };
    let pointers = |catalogue: Catalogue, route: &Value| -> Vec<String> {
        let problems = catalogue.check("routes", route, &Documents(HashMap::new()));
        problems.into_iter().map(|problem| problem.pointer).collect()
    };
    let kept = slot(json!({"refs": ["p1"]}));
    assert_eq!(pointers(catalogue(), &kept), [""; 0]);
    assert_eq!(pointers(catalogue().apart(), &kept), ["/plugins/0/config/store"]);
    let not = slot(json!({"refs": ["p1"], "store": "none"}));
    assert_eq!(pointers(catalogue().apart(), &not), [""; 0]);
}

#[test]
fn providers_do_not_come_back_to_themselves() {
    let documents = Documents(HashMap::from([
        (("providers", "b"), json!({"id": "b", "provider_fallback": "c"})),
        (("providers", "c"), json!({"id": "c", "options": {"refs": ["d", {"ref": "a"}]}})),
        (("providers", "d"), json!({"id": "d", "targets": [{"ref": "e"}]})),
        // Whoever else goes in circles is not this document's problem.
        (("providers", "e"), json!({"id": "e", "provider_fallback": "d"})),
    ]));
    let check = |document: &Value| -> Vec<String> {
        let problems = loops::loops(document, &documents);
        problems.into_iter().map(|problem| problem.pointer).collect()
    };
    assert_eq!(check(&json!({"id": "a", "provider_fallback": "b"})), ["/provider_fallback"]);
    assert_eq!(check(&json!({"id": "a", "provider_fallback": "a"})), ["/provider_fallback"]);
    assert_eq!(check(&json!({"id": "a", "provider_fallback": "d"})), [""; 0]);
    assert_eq!(
        check(
            &json!({"id": "a", "targets": [{"ref": "d"}, {"ref": "c"}], "options": {"refs": ["b"]}})
        ),
        ["/targets/1/ref", "/options/refs/0"]
    );
    assert_eq!(check(&json!({"id": "x", "provider_fallback": "a"})), [""; 0]);
}

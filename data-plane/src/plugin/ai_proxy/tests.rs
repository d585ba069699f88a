use serde_json::json;

use super::*;
use crate::plugin::registry;
use crate::snapshot::for_test::CONTEXT;

/// The problems of a config.
fn problems(plugin: &str, config: &Value) -> Vec<String> {
    let built = registry::find(plugin).unwrap().build(config, &CONTEXT);
    let problems = built.err().unwrap_or_default();
    problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect()
}

#[test]
fn every_provider_of_apisix_builds() {
    let keyed = json!({"header": {"Authorization": "Bearer x"}});
    let aws = json!({"aws": {"access_key_id": "a", "secret_access_key": "s"}});
    for (provider, auth, more) in [
        ("openai", &keyed, json!({})),
        ("deepseek", &keyed, json!({})),
        ("aimlapi", &keyed, json!({})),
        ("anthropic", &keyed, json!({})),
        ("openrouter", &keyed, json!({})),
        ("gemini", &keyed, json!({})),
        ("openai-compatible", &json!({}), json!({"override": {"endpoint": "http://h:1"}})),
        ("azure-openai", &keyed, json!({"override": {"endpoint": "https://h/a?b=c"}})),
        ("vertex-ai", &json!({}), json!({"provider_conf": {"project_id": "p", "region": "r"}})),
        ("vertex-ai", &keyed, json!({"override": {"endpoint": "https://h/a"}})),
        ("bedrock", &aws, json!({"provider_conf": {"region": "eu-west-1"}})),
    ] {
        let mut config = json!({"provider": provider, "auth": auth});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(problems("ai-proxy", &config), [""; 0], "{config}");
    }
}

#[test]
fn what_a_provider_cannot_do_without_is_told() {
    let vertex = "/provider_conf: vertex-ai requires either provider_conf (project_id + region) or override.endpoint";
    let aws = json!({"aws": {"access_key_id": "a", "secret_access_key": "s"}});
    for (config, expected) in [
        (
            json!({"provider": "openai-compatible", "auth": {}}),
            vec![
                "/override/endpoint: override.endpoint is required for openai-compatible provider",
            ],
        ),
        (
            json!({"provider": "azure-openai", "auth": {}}),
            vec!["/override/endpoint: override.endpoint is required for azure-openai provider"],
        ),
        (json!({"provider": "vertex-ai", "auth": {}}), vec![vertex]),
        (
            json!({"provider": "vertex-ai", "auth": {}, "provider_conf": {"project_id": "p"}}),
            vec![vertex],
        ),
        (
            json!({"provider": "bedrock", "auth": {}}),
            vec![
                "/provider_conf/region: bedrock requires provider_conf.region",
                "/auth/aws: bedrock requires auth.aws",
            ],
        ),
        (
            json!({"provider": "openai", "auth": aws}),
            vec!["/auth/aws: it takes credentials of AWS only with the provider bedrock"],
        ),
        (
            json!({"provider": "openai", "auth": {}, "options": {"model": 1}}),
            vec!["/options/model: the name of a model is a string"],
        ),
        (
            json!({"provider": "openai", "auth": {}, "override": {"endpoint": "ftp://h"}}),
            vec!["/override/endpoint: invalid endpoint: it is neither http nor https"],
        ),
        (
            json!({"provider": "openai", "auth": {}, "override": {"endpoint": "x"}}),
            vec!["/override/endpoint: invalid endpoint: it is no URL"],
        ),
        (
            json!({"provider": "openai", "auth": {"header": {"a b": "x", "host": "x"}}}),
            vec![
                "/auth/header/a b: it is no name of a header",
                "/auth/header/host: the gateway makes this header itself",
            ],
        ),
    ] {
        assert_eq!(problems("ai-proxy", &config), expected, "{config}");
    }
    let unknown = problems("ai-proxy", &json!({"provider": "nonesuch", "auth": {}}));
    assert!(unknown[0].starts_with("/provider: unknown variant `nonesuch`"), "{unknown:?}");
    let unverified = |endpoint: &str| {
        problems(
            "ai-proxy",
            &json!({"provider": "openai-compatible", "auth": {},
            "ssl_verify": false, "override": {"endpoint": endpoint}}),
        )
    };
    assert_eq!(unverified("http://h"), [""; 0]);
    assert!(unverified("https://h")[0].contains("are always verified"));
}

#[test]
fn instances_have_names_of_their_own() {
    let one = |name: &str| json!({"name": name, "provider": "openai", "auth": {}, "weight": 1});
    let config = json!({"instances": [one("a"), one("b"), one("a")]});
    let text = "/instances/2/name: duplicate instance name 'a' at instances[1] and instances[3]";
    assert_eq!(problems("ai-proxy-multi", &config), [text]);
    assert_eq!(
        problems("ai-proxy-multi", &json!({"instances": []})),
        ["/instances: there is no instance"]
    );
    let mut streams = one("b");
    streams["options"] = json!({"stream": true});
    let config = json!({"instances": [one("a"), streams]});
    let text = "/instances: either all instances ask for streams in their \"options\", or none";
    assert_eq!(problems("ai-proxy-multi", &config), [text]);
    let missing = json!({"name": "x", "provider": "openai-compatible", "auth": {}, "weight": 1});
    assert_eq!(
        problems("ai-proxy-multi", &json!({"instances": [missing]})),
        [
            "/instances/0/override/endpoint: override.endpoint is required for openai-compatible provider"
        ]
    );
}

#[test]
fn a_balancer_says_what_it_hashes() {
    let balanced = |balancer: Value| {
        problems(
            "ai-proxy-multi",
            &json!({"balancer": balancer, "instances": [
            {"name": "a", "provider": "openai", "auth": {}, "weight": 1}]}),
        )
    };
    for good in [
        json!({}),
        json!({"algorithm": "roundrobin"}),
        json!({"algorithm": "chash", "hash_on": "consumer"}),
        json!({"algorithm": "chash", "key": "remote_addr"}),
        json!({"algorithm": "chash", "hash_on": "vars", "key": "arg_user"}),
        json!({"algorithm": "chash", "hash_on": "header", "key": "X-Team"}),
        json!({"algorithm": "chash", "hash_on": "cookie", "key": "session_id"}),
        json!({"algorithm": "chash", "hash_on": "vars_combinations", "key": "$remote_addr$arg_x"}),
    ] {
        assert_eq!(balanced(good.clone()), [""; 0], "{good}");
    }
    let missing =
        "/balancer/key: must configure `hash_key` when balancer `hash_on` is not set to cookie";
    assert_eq!(balanced(json!({"algorithm": "chash"})), [missing]);
    for bad in [
        json!({"algorithm": "chash", "key": "nonesuch"}),
        json!({"algorithm": "chash", "hash_on": "header", "key": "a b"}),
        json!({"algorithm": "chash", "hash_on": "vars_combinations", "key": "remote_addr"}),
    ] {
        let told = balanced(bad);
        assert!(told[0].contains("invalid configuration: failed to match pattern"), "{told:?}");
    }
}

/// A config with the algorithm `semantic` that is right, and then not quite so.
fn semantic(options: Value, instances: [Value; 2]) -> Vec<String> {
    let instances = instances.into_iter().zip(["a", "b"]).map(|(more, name)| {
        let mut instance = json!({"name": name, "provider": "openai", "auth": {}, "weight": 0,
            "examples": ["x"]});
        patch(&mut instance, more);
        instance
    });
    let mut semantic = json!({"embeddings": {"provider": "openai", "model": "m", "auth": {}}});
    patch(&mut semantic, options);
    let config = json!({"balancer": {"algorithm": "semantic"}, "semantic_opts": semantic,
        "instances": instances.collect::<Vec<_>>()});
    problems("ai-proxy-multi", &config)
}

fn patch(document: &mut Value, more: Value) {
    match (document, more) {
        (Value::Object(document), Value::Object(more)) => {
            for (name, value) in more {
                patch(document.entry(name).or_insert(Value::Null), value);
            }
        }
        (document, more) => *document = more,
    }
}

#[test]
fn instances_can_be_chosen_by_what_is_asked() {
    let azure = "https://r.openai.azure.com/openai/deployments/d/embeddings?api-version=2024-10-21";
    for good in [
        json!({}),
        json!({"threshold": -1, "fallback": "b", "debugging": true}),
        json!({"threshold": 1.0, "embeddings": {"timeout": 100, "endpoint": "http://h:1/v1/embeddings",
            "ssl_verify": false, "auth": {"query": {"key": "$env://KEY"}}}}),
        json!({"embeddings": {"provider": "azure-openai", "endpoint": azure}}),
        json!({"embeddings": {"provider": "azure-openai", "endpoint": "$env://ENDPOINT"}}),
    ] {
        assert_eq!(semantic(good.clone(), [json!({}), json!({})]), [""; 0], "{good}");
    }
    let thresholds = [json!({"threshold": -1}), json!({"threshold": 0.25})];
    assert_eq!(semantic(json!({}), thresholds), [""; 0]);
}

#[test]
fn what_is_wrong_with_choosing_by_what_is_asked_is_pointed_at() {
    let plain = || [json!({}), json!({})];
    for (options, instances, pointer) in [
        (json!(null), plain(), "/semantic_opts"),
        (json!({"threshold": 1.5}), plain(), "/semantic_opts/threshold"),
        (json!({"fallback": "c"}), plain(), "/semantic_opts/fallback"),
        (json!({"embeddings": {"model": " "}}), plain(), "/semantic_opts/embeddings/model"),
        (
            json!({"embeddings": {"provider": "azure-openai"}}),
            plain(),
            "/semantic_opts/embeddings/endpoint",
        ),
        (
            json!({"embeddings": {"provider": "azure-openai", "endpoint": "https://r.openai.azure.com"}}),
            plain(),
            "/semantic_opts/embeddings/endpoint",
        ),
        (json!({"embeddings": {"endpoint": "h"}}), plain(), "/semantic_opts/embeddings/endpoint"),
        (
            json!({"embeddings": {"ssl_verify": false}}),
            plain(),
            "/semantic_opts/embeddings/endpoint",
        ),
        (
            json!({"embeddings": {"auth": {"header": {"a b": "c"}}}}),
            plain(),
            "/semantic_opts/embeddings/auth/header/a b",
        ),
        (json!({}), [json!({}), json!({"examples": []})], "/instances/1/examples"),
        (json!({}), [json!({"examples": ["x", " "]}), json!({})], "/instances/0/examples/1"),
        (json!({}), [json!({"examples": vec!["x"; 65]}), json!({})], "/instances/0/examples"),
        (json!({}), [json!({}), json!({"threshold": -1.01})], "/instances/1/threshold"),
    ] {
        let told = semantic(options.clone(), instances);
        assert!(
            told.len() == 1 && told[0].starts_with(&format!("{pointer}: ")),
            "{options}: {told:?}"
        );
    }
}

#[test]
fn checks_of_an_instance_are_those_of_apisix() {
    let checked = |checks: Value| {
        problems(
            "ai-proxy-multi",
            &json!({"instances": [
            {"name": "a", "provider": "openai", "auth": {}, "weight": 1, "checks": checks}]}),
        )
    };
    let whole = json!({"active": {
        "type": "https", "timeout": 0.5, "concurrency": 3, "http_method": "POST",
        "http_path": "/v1/chat/completions", "http_req_body": "{}", "req_headers": ["X-A: b"],
        "healthy": {"interval": 2, "http_statuses": [200], "successes": 1},
        "unhealthy": {"interval": 1, "http_failures": 2, "tcp_failures": 1, "timeouts": 1}
    }});
    assert_eq!(checked(whole), [""; 0]);
    assert_eq!(checked(json!({"active": {}})), [""; 0]);
    let wrong = json!({"active": {"http_path": "x", "req_headers": ["X"], "timeout": 0}});
    let at = |name: &str| format!("/instances/0/checks/active/{name}: ");
    let told = checked(wrong);
    for (problem, name) in told.iter().zip(["req_headers/0", "timeout", "path"]) {
        assert!(problem.starts_with(&at(name)), "{told:?}");
    }
    assert_eq!(told.len(), 3);
}

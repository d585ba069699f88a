//! Routes and upstreams as APISIX's admin API takes them, against the program.

use std::time::Duration;

use sanmon_tests::client::{Answer, Client};
use sanmon_tests::sanmon::{ADMIN_KEY, Sanmon, Setup};
use sanmon_tests::upstream::{Reply, ScriptedUpstream};
use sanmon_tests::wait;
use serde_json::{Value, json};

/// One call of the admin API.
async fn call(sanmon: &Sanmon, method: &str, path: &str, body: &Value) -> Answer {
    let client = Client::new(&sanmon.admin_url());
    let request = client.request(method, &format!("/apisix/admin{path}"));
    let request = request.header("X-API-KEY", ADMIN_KEY).body(body.to_string());
    Answer::read(request.send().await.unwrap()).await.unwrap()
}

async fn named(name: &'static str) -> (ScriptedUpstream, Value) {
    let upstream =
        ScriptedUpstream::start_with(move |_| Reply::json_with(200, &[], &json!({"name": name})));
    let upstream = upstream.await;
    let mut nodes = json!({});
    nodes[format!("127.0.0.1:{}", upstream.port())] = json!(1);
    (upstream, nodes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_of_a_request_chooses_its_route() {
    let (_large, large) = named("large").await;
    let (_other, other) = named("other").await;
    let sanmon = Setup::serve().start().await;
    let vars =
        json!([["post_arg.model", "==", "gpt-4"], ["remote_addr", "ipmatch", ["127.0.0.0/8"]]]);
    for (id, vars, upstream) in [
        ("large", vars.clone(), json!({"nodes": large, "type": "least_conn"})),
        ("other", json!([]), json!({"nodes": other, "type": "chash", "key": "remote_addr"})),
    ] {
        let route = json!({"uri": "/chat", "vars": vars, "upstream": upstream});
        call(&sanmon, "PUT", &format!("/routes/{id}"), &route).await.expect(201);
    }
    let read = call(&sanmon, "GET", "/routes/large", &Value::Null).await.expect(200).json();
    assert_eq!(read["value"]["vars"], vars);
    assert_eq!(read["value"]["upstream"]["type"], "least_conn");
    let client = Client::new(&sanmon.data_url());
    let name_of = async |model: &str| {
        let answer = client.post("/chat", &json!({"model": model})).await;
        (answer.status == 200).then(|| answer.json()["name"].clone())
    };
    let both = "routes by their models";
    wait::until_true(both, Duration::from_secs(10), async || {
        name_of("gpt-4").await == Some(json!("large"))
            && name_of("gpt-5").await == Some(json!("other"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_condition_is_pointed_at() {
    let sanmon = Setup::serve().start().await;
    for (more, told) in [
        (
            json!({"vars": [["nope", "==", 1]]}),
            "failed to validate the 'vars' expression: vars/0/0: there is no variable \"nope\"",
        ),
        (json!({"vars": ["OR", ["uri", "~~", "("]]}), "vars/1/2: not a regular expression"),
        (json!({"vars": [["uri", "!", "like", "a"]]}), "vars/0/2: there is no operator \"like\""),
        (json!({"remote_addr": "10.0.0.0/40"}), "is neither an address"),
        (
            json!({"upstream": {"nodes": {"a:80": 1}, "pass_host": "rewrite", "upstream_host": "a/b"}}),
            "not the name of a host",
        ),
    ] {
        let mut route = json!({"uri": "/chat", "upstream": {"nodes": {"a:80": 1}}});
        for (name, value) in more.as_object().unwrap() {
            route[name] = value.clone();
        }
        let refused = call(&sanmon, "PUT", "/routes/1", &route).await.expect(400);
        assert!(refused.text().replace("\\\"", "\"").contains(told), "{}", refused.text());
    }
}

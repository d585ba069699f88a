//! `ai-proxy-multi` over HTTP: who is asked, and who next.

use serde_json::{Value, json};

use super::apisix::gateway;
use super::llm::{ANSWER, patch, post, sent, upstream, whole};
use super::*;
use sanmon_shared::task::Tasks;

const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// An upstream that answers everything with this status.
async fn server(tasks: &Tasks, status: &str) -> Upstream {
    let body = if status.starts_with('2') {
        ANSWER.to_owned()
    } else {
        json!({"error": {"message": status, "type": "server_error"}}).to_string()
    };
    upstream(tasks, whole(status, "application/json", "", &body)).await
}

/// An instance at an upstream, which is asked for a model of its own name.
fn instance(name: &str, upstream: &Upstream, more: &Value) -> Value {
    let mut instance = json!({
        "name": name, "provider": "openai-compatible", "weight": 1,
        "auth": {"header": {"Authorization": format!("Bearer key-of-{name}")}},
        "options": {"model": name},
        "override": {"endpoint": format!("http://{}/v1/chat/completions", upstream.address)}
    });
    patch(&mut instance, more);
    instance
}

/// A config of these instances.
fn config(instances: &[Value], more: &Value) -> Value {
    let mut config = json!({"instances": instances});
    patch(&mut config, more);
    config
}

/// Sends so many requests; their statuses.
async fn statuses(gateway: &Gateway, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(Client::ask(gateway.address, &post("/x", "", BODY)).await.status);
    }
    statuses
}

/// The models that were asked for so far.
async fn asked(upstream: &mut Upstream, count: usize) -> Vec<String> {
    let mut models = Vec::new();
    for _ in 0..count {
        models.push(sent(&upstream.saw().await)["model"].as_str().unwrap().to_owned());
    }
    models
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hybrid_config_of_the_guide_answers_from_the_larger_priority() {
    let tasks = Tasks::default();
    let mut both = server(&tasks, "200 OK").await;
    let gateway = gateway(
        "ai-proxy-multi",
        &config(
            &[
                instance("self-hosted", &both, &json!({"priority": 1})),
                instance("cloud-fallback", &both, &json!({"provider": "openai", "priority": 2})),
            ],
            &json!({"fallback_strategy": ["http_429", "http_5xx"]}),
        ),
    );
    assert_eq!(statuses(&gateway, 2).await, [200, 200]);
    assert_eq!(asked(&mut both, 2).await, ["cloud-fallback", "cloud-fallback"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_take_turns_by_weight() {
    let tasks = Tasks::default();
    let mut both = server(&tasks, "200 OK").await;
    let instances = [
        instance("a", &both, &json!({"weight": 4})),
        instance("b", &both, &json!({"weight": 1})),
        instance("never", &both, &json!({"weight": 0})),
    ];
    let gateway = gateway("ai-proxy-multi", &config(&instances, &json!({})));
    assert_eq!(statuses(&gateway, 10).await, [200; 10]);
    let asked = asked(&mut both, 10).await;
    assert_eq!(asked.iter().filter(|model| *model == "a").count(), 8, "{asked:?}");
}

/// As the guides of APISIX write it where a priority has but one instance.
#[tokio::test(flavor = "multi_thread")]
async fn weights_that_are_all_zero_are_alike() {
    let tasks = Tasks::default();
    let (bad, mut good) = (server(&tasks, "500 Bad").await, server(&tasks, "200 OK").await);
    let instances = [
        instance("bad", &bad, &json!({"weight": 0, "priority": 1})),
        instance("a", &good, &json!({"weight": 0})),
        instance("b", &good, &json!({"weight": 0})),
    ];
    let strategy = json!({"fallback_strategy": "http_5xx"});
    let gateway = gateway("ai-proxy-multi", &config(&instances, &strategy));
    assert_eq!(statuses(&gateway, 4).await, [200; 4]);
    let mut asked = asked(&mut good, 4).await;
    asked.sort_unstable();
    assert_eq!(asked, ["a", "a", "b", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_value_leads_to_the_same_instance() {
    let tasks = Tasks::default();
    let mut both = server(&tasks, "200 OK").await;
    let instances = ["a", "b", "c"].map(|name| instance(name, &both, &json!({})));
    let balancer =
        json!({"balancer": {"algorithm": "chash", "hash_on": "header", "key": "X-Team"}});
    let gateway = gateway("ai-proxy-multi", &config(&instances, &balancer));
    let mut first = Vec::new();
    for round in 0..3 {
        let mut models = Vec::new();
        for team in 0..12 {
            let request = post("/x", &format!("x-team: {team}\r\n"), BODY);
            assert_eq!(Client::ask(gateway.address, &request).await.status, 200);
            models.extend(asked(&mut both, 1).await);
        }
        if round == 0 {
            first = models;
            assert!(first.iter().any(|model| *model != first[0]), "{first:?}");
        } else {
            assert_eq!(models, first);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_lead_to_the_next_instance_where_the_config_says_so() {
    let tasks = Tasks::default();
    for (status, strategy, expected) in [
        ("500 Bad", json!({}), 500),
        ("500 Bad", json!({"fallback_strategy": ["http_429"]}), 500),
        ("500 Bad", json!({"fallback_strategy": ["http_5xx"]}), 200),
        ("503 Bad", json!({"fallback_strategy": "http_5xx"}), 200),
        ("429 Busy", json!({"fallback_strategy": "http_429"}), 200),
        ("429 Busy", json!({"fallback_strategy": ["http_5xx"]}), 429),
        ("429 Busy", json!({"fallback_strategy": "instance_health_and_rate_limiting"}), 429),
        ("401 No", json!({"fallback_strategy": ["http_429", "http_5xx"]}), 401),
        ("401 No", json!({"fallback_http_statuses": [401, 404]}), 200),
        ("404 No", json!({"fallback_strategy": ["http_5xx"]}), 404),
        ("500 Bad", json!({"fallback_strategy": ["http_5xx"], "max_retries": 0}), 500),
        ("500 Bad", json!({"fallback_strategy": ["http_5xx"], "max_retries": 1}), 200),
    ] {
        let (bad, good) = (server(&tasks, status).await, server(&tasks, "200 OK").await);
        let instances =
            [instance("bad", &bad, &json!({"priority": 10})), instance("good", &good, &json!({}))];
        let gateway = gateway("ai-proxy-multi", &config(&instances, &strategy));
        assert_eq!(statuses(&gateway, 1).await, [expected], "{status} {strategy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_instance_gets_its_own_options_and_credential() {
    let tasks = Tasks::default();
    let (mut bad, mut good) = (server(&tasks, "500 Bad").await, server(&tasks, "200 OK").await);
    let first = json!({"priority": 2, "options": {"temperature": 1, "model": "first"}});
    let instances =
        [instance("bad", &bad, &first), instance("good", &good, &json!({"options": {"top_p": 1}}))];
    let strategy = json!({"fallback_strategy": ["http_5xx"]});
    let gateway = gateway("ai-proxy-multi", &config(&instances, &strategy));
    let request = post("/x", "authorization: Bearer theirs\r\n", BODY);
    let answer = Client::ask(gateway.address, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (first, second) = (bad.saw().await, good.saw().await);
    assert!(first.contains("authorization: Bearer key-of-bad\r\n"), "{first}");
    assert!(second.contains("authorization: Bearer key-of-good\r\n"), "{second}");
    assert!(!second.contains("theirs"));
    let body: Value = serde_json::from_str(BODY).unwrap();
    let with = |more: Value| {
        let mut body = body.clone();
        patch(&mut body, &more);
        body
    };
    assert_eq!(sent(&first), with(json!({"model": "first", "temperature": 1})));
    assert_eq!(sent(&second), with(json!({"model": "good", "top_p": 1})));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_tried_before_a_request_fails() {
    let tasks = Tasks::default();
    let (mut first, mut second) =
        (server(&tasks, "500 Bad").await, server(&tasks, "502 Bad").await);
    let instances =
        [instance("a", &first, &json!({"priority": 1})), instance("b", &second, &json!({}))];
    let strategy = json!({"fallback_strategy": ["http_5xx"]});
    let gateway = gateway("ai-proxy-multi", &config(&instances, &strategy));
    let status = statuses(&gateway, 1).await[0];
    assert!((500..600).contains(&status), "{status}");
    first.saw().await;
    second.saw().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_requests_go_to_the_next_instance_too() {
    let tasks = Tasks::default();
    let (mut bad, mut good) = (server(&tasks, "500 Bad").await, server(&tasks, "200 OK").await);
    let place = |upstream: &Upstream| json!({"override": {"endpoint": format!("http://{}", upstream.address)}});
    let mut first = instance("bad", &bad, &place(&bad));
    first["priority"] = json!(5);
    let instances = [first, instance("good", &good, &place(&good))];
    let strategy = json!({"fallback_strategy": ["http_5xx"]});
    let gateway = gateway("ai-proxy-multi", &config(&instances, &strategy));
    let answer = Client::ask(gateway.address, &post("/v1/rerank", "", r#"{"query":"q"}"#)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ANSWER));
    assert_eq!(sent(&bad.saw().await), json!({"query": "q", "model": "bad"}));
    assert_eq!(sent(&good.saw().await), json!({"query": "q", "model": "good"}));
}

//! Routes that the body decides.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::gateway::Setting;
use super::*;
use crate::limits::Limits;
use sanmon_shared::task::Tasks;

/// Says what it was asked, after a name.
async fn echo(tasks: &Tasks, name: &'static str) -> Upstream {
    Upstream::start(tasks, move |mut call, _| async move {
        let text = format!("{name}\n{}", call.text);
        call.answer(&text).await;
    })
    .await
}

fn route(id: &'static str, vars: &Value, to: &Upstream) -> (&'static str, Value) {
    let target = json!({"hostname": "127.0.0.1", "port": to.address.port()});
    let frontend = json!({"paths": ["/chat"], "vars": vars});
    ("routes", json!({"id": id, "frontend": frontend, "backend": {"targets": [target]}}))
}

fn post(body: &str) -> String {
    request("POST", "/chat", &format!("content-length: {}\r\n", body.len())) + body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_of_a_request_decides_about_its_route() {
    let tasks = Tasks::default();
    let (large, small) = (echo(&tasks, "large").await, echo(&tasks, "small").await);
    let gateway = Gateway::start(Setting {
        documents: vec![
            route("r_large", &json!([["post_arg.model", "~~", "^gpt-4"]]), &large),
            route("r_small", &json!([["post_arg.model", "in", ["mini", "nano"]]]), &small),
        ],
        ..Setting::default()
    });
    for (model, name) in [("gpt-4o", "large"), ("mini", "small"), ("nano", "small")] {
        let body = json!({"model": model, "messages": []}).to_string();
        let answer = Client::ask(gateway.address, &post(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.starts_with(name), "{model}: {}", answer.body);
        // The body travels on as it was.
        assert!(answer.body.ends_with(&body), "{}", answer.body);
        assert!(answer.body.contains(&format!("content-length: {}", body.len())));
    }
    let answer = Client::ask(gateway.address, &post(r#"{"model": "other"}"#)).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("another body"), "{}", answer.body);
    assert_eq!(Client::ask(gateway.address, &request("GET", "/chat", "")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_read_once_and_a_too_large_one_is_refused() {
    let tasks = Tasks::default();
    let target = echo(&tasks, "there").await;
    let gateway = Gateway::start(Setting {
        documents: vec![route("r", &json!([["post_arg.model", "==", "m"]]), &target)],
        limits: Limits { body_bytes: 200_000, ..Limits::default() },
        ..Setting::default()
    });
    let body = json!({"pad": "0123456789".repeat(10_000), "model": "m"}).to_string();
    let answer = Client::ask(gateway.address, &post(&body)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.complete && answer.body.ends_with(&body));
    let chunked = request("POST", "/chat", "transfer-encoding: chunked\r\n")
        + "f\r\n{\"model\": \"m\"} \r\n0\r\n\r\n";
    let answer = Client::ask(gateway.address, &chunked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.ends_with("{\"model\": \"m\"} "), "{}", answer.body);
    let body = "x".repeat(200_001);
    let answer = Client::ask(gateway.address, &post(&body)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("body_too_large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_the_head_rules_out_does_not_wait_for_the_body() {
    let tasks = Tasks::default();
    let beta = echo(&tasks, "beta").await;
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let conditions = json!([["http_x_beta", "==", "1"], ["post_arg.a", "==", 1]]);
    let port = plain.local_addr().unwrap().port();
    let frontend = json!({"paths": ["/chat"], "strip_path": false});
    let other = json!({"id": "r_plain", "frontend": frontend, "backend": {
        "targets": [{"hostname": "127.0.0.1", "port": port}]
    }});
    let gateway = Gateway::start(Setting {
        documents: vec![route("r_beta", &conditions, &beta), ("routes", other)],
        ..Setting::default()
    });
    // More than is gathered: it is passed on while it comes.
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("POST", "/chat", "content-length: 100000\r\n")).await;
    client.send("x").await;
    let patience = std::time::Duration::from_secs(10);
    let (mut socket, _) = tokio::time::timeout(patience, plain.accept()).await.unwrap().unwrap();
    let mut seen = [0; 11];
    socket.read_exact(&mut seen).await.unwrap();
    assert_eq!(&seen, b"POST /chat ");
}

use serde_json::Value;

use super::gateway::{Setting, route_to};
use super::*;
use crate::plane::AccessLog;
use crate::telemetry::{Health, Probe, Writer};
use sanmon_shared::clock::Clock;
use sanmon_shared::task::Tasks;

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_is_a_line_and_a_count() {
    let tasks = Tasks::default();
    let upstream =
        Upstream::start(&tasks, |mut call, _| async move { call.answer("hello").await }).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let documents = vec![("routes", route_to(upstream.address))];
    let gateway = Gateway::start(Setting {
        documents,
        log: AccessLog::File(path.clone()),
        ..Setting::default()
    });
    let headers = "x-request-id: one\r\nauthorization: Bearer sk-canary\r\ncontent-length: 2\r\n";
    let text = request("POST", "/a/b?token=sk-canary", headers) + "hi";
    Client::ask(gateway.address, &text).await;
    Client::ask(gateway.address, &request("GET", "/../x", "x-request-id: two\r\n")).await;
    let metrics = std::sync::Arc::clone(&gateway.shared.metrics);
    let lines = gateway.stop(&path).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    let first = &lines[0];
    for (name, value) in [
        ("id", Value::from("one")),
        ("route", Value::from("r1")),
        ("method", Value::from("POST")),
        ("path", Value::from("/a/b")),
        ("client", Value::from("127.0.0.1")),
        ("status", Value::from(200)),
        ("bytes_in", Value::from(2)),
        ("bytes_out", Value::from(5)),
        ("attempts", Value::from(1)),
        ("revision", Value::from(7)),
    ] {
        assert_eq!(first[name], value, "{name} in {first}");
    }
    let millis = |name: &str| first[name].as_f64().unwrap_or(-1.0);
    assert!(millis("gateway_ms") > 0.0 && millis("upstream_ms") > 0.0, "{first}");
    assert!(millis("total_ms") >= millis("upstream_ms"), "{first}");
    assert_eq!((&lines[1]["status"], &lines[1]["error"]), (&400.into(), &"bad_request".into()));
    let probe = Probe {
        metrics,
        targets: std::sync::Arc::default(),
        health: std::sync::Arc::new(Health::default),
        version: "0",
        clock: Clock::system(),
    };
    let (address, _, server) =
        crate::telemetry::listen("127.0.0.1:0".parse().unwrap(), &probe).unwrap();
    tasks.spawn(async move { server.await.unwrap() });
    let page = Client::ask(address, &request("GET", "/metrics", "")).await;
    let labels = "{route=\"r1\",provider=\"\",model=\"\"";
    for line in [
        format!("sanmon_requests_total{labels},status_class=\"2xx\"}} 1"),
        format!("sanmon_request_duration_seconds_count{labels}}} 1"),
        "sanmon_access_log_dropped_total 0".to_owned(),
    ] {
        assert!(page.body.contains(&line), "no {line} in {}", page.body);
    }
    let all = format!("{lines:?}{}", page.body);
    assert!(!all.contains("canary"));
    assert_eq!(Client::ask(address, &request("GET", "/livez", "")).await.status, 200);
    assert_eq!(Client::ask(address, &request("GET", "/readyz", "")).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_is_still_counted() {
    let tasks = Tasks::default();
    let mut upstream =
        Upstream::start(&tasks, |mut call, _| async move { call.closed().await }).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let gateway = Gateway::start(Setting {
        documents: vec![("routes", route_to(upstream.address))],
        log: AccessLog::File(path.clone()),
        ..Setting::default()
    });
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("GET", "/", "")).await;
    upstream.saw().await;
    drop(client);
    gateway.shared.idle_now().await;
    let lines = gateway.stop(&path).await;
    assert_eq!((&lines[0]["status"], &lines[0]["end"]), (&0.into(), &"left".into()));
}

#[test]
fn lines_that_find_the_queue_full_are_counted() {
    // A pipe that nobody reads: the writer blocks at its second buffer or so.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let metrics = std::sync::Arc::default();
    let reader = std::thread::spawn({
        let path = path.clone();
        move || std::fs::File::open(path).unwrap()
    });
    let (_writer, queue) = Writer::start(&AccessLog::File(path), &metrics).unwrap().unwrap();
    let pipe = reader.join().unwrap();
    let mut buffer = crate::telemetry::Buffer::new(queue);
    let line = vec![b'x'; 4096];
    for _ in 0..2_000 {
        buffer.line().extend_from_slice(&line);
        buffer.end_line();
    }
    assert!(metrics.dropped() > 0);
    assert!(metrics.dropped() < 2_000);
    drop(pipe);
}

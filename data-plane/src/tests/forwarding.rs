use std::net::SocketAddr;

use serde_json::json;

use super::gateway::{Setting, route, route_to};
use super::*;
use sanmon_shared::task::Tasks;

async fn echo(tasks: &Tasks) -> Upstream {
    Upstream::start(tasks, |mut call, _| async move {
        let text = call.text.clone();
        call.answer(&text).await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_to_the_target_and_its_answer_back() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let gateway = Gateway::with_target(upstream.address);
    let text = request("POST", "/a/b?x=1&y=%20", "content-length: 5\r\nx-own: 1\r\n") + "hello";
    let answer = Client::ask(gateway.address, &text).await;
    assert_eq!(answer.status, 200);
    assert!(answer.complete);
    let seen = answer.body.to_ascii_lowercase();
    assert!(seen.starts_with("post /a/b?x=1&y=%20 http/1.1\r\n"), "{seen}");
    for header in [
        "host: gateway.test",
        "x-own: 1",
        "content-length: 5",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: gateway.test",
        "x-forwarded-proto: http",
    ] {
        assert!(seen.contains(header), "no {header} in {seen}");
    }
    assert!(seen.ends_with("\r\n\r\nhello"));
    assert_eq!(answer.header("x-sanmon-revision"), Some("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_connection_and_forged_addresses_do_not_travel() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let gateway = Gateway::with_target(upstream.address);
    let headers = "connection: x-secret\r\nx-secret: 1\r\nte: trailers\r\n\
                   x-forwarded-for: 6.6.6.6\r\nx-forwarded-proto: https\r\nforwarded: for=6.6.6.6\r\n";
    let seen = Client::ask(gateway.address, &request("GET", "/", headers)).await.body;
    for gone in ["x-secret", "6.6.6.6", "https", "te: "] {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
    let trusting = Gateway::start(Setting {
        documents: vec![("routes", route_to(upstream.address))],
        trusted: "127.0.0.1",
        ..Setting::default()
    });
    let seen = Client::ask(trusting.address, &request("GET", "/", headers)).await.body;
    assert!(seen.contains("x-forwarded-for: 6.6.6.6, 127.0.0.1"), "{seen}");
    assert!(seen.contains("x-forwarded-proto: https"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_streamed_both_ways() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let gateway = Gateway::with_target(upstream.address);
    let body = "0123456789".repeat(30_000);
    let text = request("POST", "/", "content-length: 300000\r\n") + &body;
    let answer = Client::ask(gateway.address, &text).await;
    assert!(answer.complete && answer.body.ends_with(&body));
    let chunked = request("POST", "/", "transfer-encoding: chunked\r\n")
        + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer = Client::ask(gateway.address, &chunked).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("hello"), "{}", answer.body);
}

async fn status_of(script: &'static str) -> (client::Answer, Upstream) {
    let tasks = Tasks::default();
    let upstream = Upstream::start(&tasks, move |mut call, tell| async move {
        call.say(script).await;
        if script.is_empty() {
            call.closed().await;
            let _ = tell.send("closed".to_owned());
        }
    })
    .await;
    let backend = json!({
        "targets": [{"hostname": "127.0.0.1", "port": upstream.address.port()}],
        "client": {"call_timeout": 200, "idle_timeout": 200}
    });
    let gateway = Gateway::with_backend(&backend);
    (Client::ask(gateway.address, &request("GET", "/", "")).await, upstream)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_does_not_answer_is_a_504_and_left() {
    let (answer, mut upstream) = status_of("").await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.json()["code"], "upstream_timeout");
    assert!(upstream.saw().await.starts_with("GET / "));
    assert_eq!(upstream.saw().await, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_breaks_off_is_a_502() {
    let (answer, _) = status_of("HTTP/1.1 200").await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["code"], "upstream_unavailable");
    let (answer, _) = status_of("SSH-2.0-OpenSSH\r\n\r\n").await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["code"], "upstream_invalid_response");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_not_complete() {
    let (answer, _) = status_of("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
    assert_eq!((answer.status, answer.complete), (200, false));
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let (answer, _) = status_of(chunked).await;
    assert_eq!((answer.status, answer.complete), (200, false));
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_refuses_is_a_502_unless_another_takes_the_request() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let gone = json!({"hostname": "127.0.0.1", "port": nobody().port()});
    let gateway = Gateway::with_backend(&json!({"targets": [gone]}));
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 502);
    let spare = json!({"hostname": "127.0.0.1", "port": upstream.address.port(), "backup": true});
    let gateway = Gateway::with_backend(&json!({"targets": [gone, spare]}));
    let text = request("POST", "/", "content-length: 2\r\n") + "hi";
    let answer = Client::ask(gateway.address, &text).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.ends_with("hi"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_service_is_not_called() {
    let gateway = Gateway::with_backend(&json!({"url": "http://169.254.169.254/latest"}));
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["code"], "upstream_address_forbidden");
    assert!(!answer.body.contains("169.254"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_service_behind_a_name_is_not_called() {
    let target = json!({"hostname": "metadata.test", "ip_address": "169.254.169.254"});
    let gateway = Gateway::with_backend(&json!({"targets": [target]}));
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.json()["code"], "upstream_address_forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_address_is_a_502() {
    let gateway = Gateway::with_backend(&json!({"url": "http://no-such-host.invalid/"}));
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["code"], "upstream_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_cancels_the_call() {
    let tasks = Tasks::default();
    let mut upstream = Upstream::start(&tasks, |mut call, tell| async move {
        call.closed().await;
        let _ = tell.send("closed".to_owned());
    })
    .await;
    let gateway = Gateway::with_target(upstream.address);
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("GET", "/slow", "")).await;
    assert!(upstream.saw().await.starts_with("GET /slow "));
    drop(client);
    assert_eq!(upstream.saw().await, "closed");
    gateway.shared.idle_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_a_stream_cancels_the_call() {
    let tasks = Tasks::default();
    let mut upstream = Upstream::start(&tasks, |mut call, tell| async move {
        call.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").await;
        call.closed().await;
        let _ = tell.send("closed".to_owned());
    })
    .await;
    let gateway = Gateway::with_target(upstream.address);
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("GET", "/", "")).await;
    assert!(client.until("first").await.contains("first"));
    drop(client);
    upstream.saw().await;
    assert_eq!(upstream.saw().await, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_not_upgraded() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let gateway = Gateway::with_target(upstream.address);
    let upgrade =
        |to: &str| request("GET", "/", &format!("connection: upgrade\r\nupgrade: {to}\r\n"));
    let answer = Client::ask(gateway.address, &upgrade("websocket")).await;
    assert_eq!(answer.status, 501);
    assert_eq!(answer.json()["code"], "upgrade_unsupported");
    let answer = Client::ask(gateway.address, &upgrade("h2c")).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("upgrade"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_without_target_is_a_503() {
    let gateway = Gateway::with_backend(&json!({"targets": []}));
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_take_turns_by_weight() {
    let tasks = Tasks::default();
    let name = |name: &'static str| {
        Upstream::start(&tasks, move |mut call, _| async move { call.answer(name).await })
    };
    let (a, b) = (name("a").await, name("b").await);
    let backend = json!({"targets": [
        {"hostname": "127.0.0.1", "port": a.address.port(), "weight": 3},
        {"hostname": "127.0.0.1", "port": b.address.port(), "weight": 1},
    ]});
    let gateway = Gateway::start(Setting {
        documents: vec![("routes", route(&backend))],
        ..Setting::default()
    });
    let mut order = String::new();
    for _ in 0..8 {
        order += &Client::ask(gateway.address, &request("GET", "/", "")).await.body;
    }
    assert_eq!(order.matches('a').count(), 6, "{order}");
    assert_eq!(order.matches('b').count(), 2, "{order}");
}

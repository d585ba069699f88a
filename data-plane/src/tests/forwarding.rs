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

/// Targets that say their names.
async fn named(tasks: &Tasks, name: &'static str) -> (Upstream, serde_json::Value) {
    let upstream = Upstream::start(tasks, move |mut call, _| async move {
        let host = call.text.lines().find(|line| line.to_ascii_lowercase().starts_with("host:"));
        let text = format!("{name} {}", host.unwrap_or_default());
        call.answer(&text).await;
    })
    .await;
    let target = json!({"hostname": "127.0.0.1", "port": upstream.address.port()});
    (upstream, target)
}

/// Who answers so many requests with these headers, in order.
async fn answers(gateway: &Gateway, headers: &str, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        let answer = Client::ask(gateway.address, &request("GET", "/?q=1", headers)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        names.push(answer.body.split(' ').next().unwrap().to_owned());
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_sends_the_same_value_to_the_same_target() {
    let tasks = Tasks::default();
    let (_a, a) = named(&tasks, "a").await;
    let (_b, b) = named(&tasks, "b").await;
    for balancing in [
        json!({"type": "HeaderHash", "header_name": "X-User"}),
        json!({"type": "CookieHash", "cookie_name": "user"}),
        json!({"type": "ConsistentHash", "hash_on": [
            {"source": "header", "name": "x-user"}, {"source": "query_string"},
        ]}),
    ] {
        let backend = json!({"targets": [a, b], "load_balancing": balancing});
        let gateway = Gateway::with_backend(&backend);
        let mut seen = Vec::new();
        for user in 0..20 {
            let headers = format!("x-user: {user}\r\ncookie: user={user}\r\n");
            let names = answers(&gateway, &headers, 3).await;
            assert!(names.iter().all(|name| *name == names[0]), "{balancing}: {names:?}");
            seen.push(names[0].clone());
        }
        assert!(seen.iter().any(|name| name == "a") && seen.iter().any(|name| name == "b"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sticky_caller_is_given_a_cookie_and_stays() {
    let tasks = Tasks::default();
    let (_a, a) = named(&tasks, "a").await;
    let (_b, b) = named(&tasks, "b").await;
    let backend = json!({"targets": [a, b], "load_balancing": {"type": "Sticky"}});
    let gateway = Gateway::with_backend(&backend);
    let mut seen = Vec::new();
    for _ in 0..20 {
        let first = Client::ask(gateway.address, &request("GET", "/", "")).await;
        let cookie = first.header("set-cookie").unwrap();
        let value = cookie.split(';').next().unwrap();
        assert!(value.starts_with("otoroshi-tracking=") && cookie.contains("Max-Age=2592000"));
        let again = request("GET", "/", &format!("cookie: {value}\r\n"));
        let second = Client::ask(gateway.address, &again).await;
        assert_eq!(second.body, first.body);
        assert_eq!(second.header("set-cookie"), None);
        seen.push(first.body);
    }
    assert!(seen.iter().any(|name| name.starts_with('a')));
    assert!(seen.iter().any(|name| name.starts_with('b')));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_busy_and_the_slow_are_left_alone() {
    let tasks = Tasks::default();
    let (_quick, quick) = named(&tasks, "quick").await;
    let mut stuck = Upstream::start(&tasks, |mut call, _| async move {
        call.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        call.closed().await;
    })
    .await;
    let target = json!({"hostname": "127.0.0.1", "port": stuck.address.port()});
    let backend = json!({
        "targets": [target, quick], "load_balancing": {"type": "LeastConnections"}
    });
    let gateway = Gateway::with_backend(&backend);
    // Until the first target has one that does not end.
    let mut waiting = Vec::new();
    while stuck.saw_nothing_more() {
        let mut client = Client::connect(gateway.address).await;
        client.send(&request("GET", "/", "")).await;
        client.until("\r\n\r\n").await;
        waiting.push(client);
    }
    assert_eq!(answers(&gateway, "", 20).await, ["quick"; 20]);
    let refusing = json!({"hostname": "127.0.0.1", "port": nobody().port()});
    let backend = json!({
        "targets": [refusing, quick], "load_balancing": {"type": "BestResponseTime"}
    });
    let gateway = Gateway::with_backend(&backend);
    assert_eq!(answers(&gateway, "", 40).await, ["quick"; 40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_priority_is_called_when_no_larger_one_is_left() {
    let tasks = Tasks::default();
    let (_a, mut a) = named(&tasks, "a").await;
    let (_b, mut b) = named(&tasks, "b").await;
    a["priority"] = json!(-1);
    b["priority"] = json!(-2);
    let gone = json!({"hostname": "127.0.0.1", "port": nobody().port(), "priority": 7});
    for balancing in ["RoundRobin", "Random"] {
        let targets = json!([b, a, gone]);
        let backend = json!({"targets": targets, "load_balancing": {"type": balancing}});
        assert_eq!(answers(&Gateway::with_backend(&backend), "", 5).await, ["a"; 5]);
    }
    let backend = json!({"targets": [gone, a, b], "client": {"retries": 1}});
    let gateway = Gateway::with_backend(&backend);
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_repeated_is_where_attempts_are_wanted() {
    let tasks = Tasks::default();
    let (_a, mut a) = named(&tasks, "a").await;
    a["backup"] = json!(true);
    let broken =
        Upstream::start(&tasks, |mut call, _| async move { call.say("HTTP/1.1 200").await });
    let broken = broken.await;
    let broken = json!({"hostname": "127.0.0.1", "port": broken.address.port()});
    let gateway = Gateway::with_backend(&json!({"targets": [broken, a], "client": {"retries": 2}}));
    assert_eq!(Client::ask(gateway.address, &request("GET", "/", "")).await.status, 200);
    assert_eq!(Client::ask(gateway.address, &request("POST", "/", "")).await.status, 502);
    let gateway = Gateway::with_backend(&json!({"targets": [broken, a]}));
    assert_eq!(Client::ask(gateway.address, &request("GET", "/", "")).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_called_by_the_name_that_the_backend_wants() {
    let tasks = Tasks::default();
    let (upstream, target) = named(&tasks, "a").await;
    let own = format!("a host: {}", upstream.address);
    for (more, expected) in [
        (json!({}), "a host: gateway.test"),
        (json!({"pass_host": "node"}), &*own),
        (json!({"pass_host": "rewrite", "upstream_host": "api.internal"}), "a host: api.internal"),
    ] {
        let mut backend = json!({"targets": [target]});
        backend.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let gateway = Gateway::with_backend(&backend);
        let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
        assert_eq!(answer.body.to_ascii_lowercase(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_of_a_service_is_removed_where_it_wants_that() {
    let tasks = Tasks::default();
    let upstream = echo(&tasks).await;
    let target = json!({"hostname": "127.0.0.1", "port": upstream.address.port()});
    for (strips, seen) in [(true, "GET /chat?x=1 "), (false, "GET /a/b/chat?x=1 ")] {
        let service = json!({"id": "s1", "domains": ["*/a/b"], "strip_path": strips});
        let route = json!({
            "id": "r1", "service_ref": "s1", "backend": {"targets": [target]},
            "frontend": {"paths": ["/chat"], "strip_path": false},
        });
        let documents = vec![("services", service), ("routes", route)];
        let gateway = Gateway::start(Setting { documents, ..Setting::default() });
        let answer = Client::ask(gateway.address, &request("GET", "/a/b/chat?x=1", "")).await;
        assert!(answer.body.starts_with(seen), "{}", answer.body);
        assert_eq!(Client::ask(gateway.address, &request("GET", "/chat", "")).await.status, 404);
    }
}

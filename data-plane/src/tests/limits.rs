use std::time::Duration;

use super::gateway::{Setting, route_to};
use super::*;
use crate::limits::Limits;
use sanmon_shared::task::Tasks;

async fn limited(limits: Limits) -> (Gateway, Upstream, Tasks) {
    let tasks = Tasks::default();
    let upstream = Upstream::start(&tasks, |mut call, _| async move {
        if call.text.starts_with("GET /slow ") {
            call.closed().await;
        } else {
            call.answer("ok").await;
        }
    })
    .await;
    let documents = vec![("routes", route_to(upstream.address))];
    let gateway = Gateway::start(Setting { documents, limits, ..Setting::default() });
    (gateway, upstream, tasks)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_announced_too_large_is_refused_at_once() {
    let (gateway, ..) = limited(Limits { body_bytes: 10, ..Limits::default() }).await;
    let answer =
        Client::ask(gateway.address, &request("POST", "/", "content-length: 11\r\n")).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["code"], "body_too_large");
    let answer =
        Client::ask(gateway.address, &request("POST", "/", "content-length: 99999\r\n")).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_grows_too_large_is_refused() {
    let (gateway, ..) = limited(Limits { body_bytes: 10, ..Limits::default() }).await;
    let text = request("POST", "/", "transfer-encoding: chunked\r\n")
        + "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n";
    let answer = Client::ask(gateway.address, &text).await;
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sender_is_told_so() {
    let limits = Limits { body_timeout: Duration::from_millis(50), ..Limits::default() };
    let (gateway, ..) = limited(limits).await;
    let text = request("POST", "/", "content-length: 5\r\n") + "he";
    let answer = Client::ask(gateway.address, &text).await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["code"], "request_timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_ends_the_connection() {
    let limits = Limits { head_timeout: Duration::from_millis(50), ..Limits::default() };
    let (gateway, ..) = limited(limits).await;
    let mut client = Client::connect(gateway.address).await;
    client.send("GET / HTTP/1.1\r\nhost:").await;
    let all = client.until("no such text").await;
    assert!(all.is_empty() || all.starts_with("HTTP/1.1 408"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_cap_callers_are_asked_to_come_again() {
    let limits = Limits { concurrency: 1, ..Limits::default() };
    let (gateway, mut upstream, _) = limited(limits).await;
    let mut first = Client::connect(gateway.address).await;
    first.send(&request("GET", "/slow", "")).await;
    upstream.saw().await;
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.json()["code"], "gateway_overloaded");
    drop(first);
    gateway.shared.idle_now().await;
    let answer = Client::ask(gateway.address, &request("GET", "/", "")).await;
    assert_eq!(answer.status, 200);
}

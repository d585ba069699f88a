use std::time::Duration;

use serde_json::json;

use super::gateway::{Setting, route_to};
use super::*;
use crate::plane::drain;
use sanmon_shared::task::Tasks;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_ends_before_the_server_does() {
    let tasks = Tasks::default();
    let (open, gate) = tokio::sync::watch::channel(false);
    let mut upstream = Upstream::start(&tasks, move |mut call, _| {
        let mut gate = gate.clone();
        async move {
            gate.wait_for(|open| *open).await.unwrap();
            call.answer("late").await;
        }
    })
    .await;
    let gateway = Gateway::with_target(upstream.address);
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("GET", "/", "")).await;
    upstream.saw().await;
    let (shared, handle) = (gateway.shared.clone(), gateway.handle.clone());
    let stopped = tokio::sync::watch::Sender::new(false);
    let told = stopped.clone();
    tasks.spawn(async move {
        drain(&shared, &handle, Duration::ZERO, Duration::from_secs(30)).await;
        told.send_replace(true);
    });
    while tokio::net::TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!*stopped.borrow());
    open.send_replace(true);
    let answer = client.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, "late"));
    assert_eq!(answer.header("connection"), Some("close"));
    stopped.subscribe().wait_for(|stopped| *stopped).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_end_is_cut_with_an_event() {
    let tasks = Tasks::default();
    let upstream = Upstream::start(&tasks, |mut call, _| async move {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first\"}}]}\n\n";
        let length = event.len();
        call.say(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
             transfer-encoding: chunked\r\n\r\n{length:x}\r\n{event}\r\n"
        ))
        .await;
        call.closed().await;
    })
    .await;
    let provider = json!({
        "id": "p1", "name": "p1", "provider": "openai-compatible",
        "connection": {"base_url": format!("http://{}/v1", upstream.address)}
    });
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "openai-chat-completions", "config": {"refs": ["p1"]}}
    ]});
    let documents = vec![("providers", provider), ("routes", route)];
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let body = r#"{"model":"m","stream":true,"messages":[]}"#;
    let headers = format!("content-length: {}\r\n", body.len());
    let mut client = Client::connect(gateway.address).await;
    client.send(&(request("POST", "/v1/chat/completions", &headers) + body)).await;
    client.until("first").await;
    drain(&gateway.shared, &gateway.handle, Duration::ZERO, Duration::ZERO).await;
    let answer = client.answer().await;
    assert!(answer.complete, "{answer:?}");
    assert!(answer.body.contains("shutting_down"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_nobody_uses_do_not_hold_up_the_stop() {
    let tasks = Tasks::default();
    let upstream =
        Upstream::start(&tasks, |mut call, _| async move { call.answer("ok").await }).await;
    let documents = vec![("routes", route_to(upstream.address))];
    let gateway = Gateway::start(Setting { documents, ..Setting::default() });
    let mut client = Client::connect(gateway.address).await;
    client.send(&request("GET", "/", "")).await;
    assert_eq!(client.answer().await.status, 200);
    let stop = drain(&gateway.shared, &gateway.handle, Duration::ZERO, Duration::from_mins(1));
    tokio::time::timeout(Duration::from_secs(10), stop).await.expect("stopped in time");
}

//! Callers that send what no client library sends: each gets an error in its protocol, soon, and costs
//! the others nothing.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sanmon_tests::client::{chat, chat_stream};
use sanmon_tests::documents::expose;
use sanmon_tests::raw::{Raw, post_head};
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Fate, Reply, ScriptedUpstream};
use sanmon_tests::wait::{self, SOON};

const CHAT: &str = "/v1/chat/completions";

async fn start(setup: Setup) -> (Sanmon, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = setup.start().await;
    expose(&sanmon.admin(), &upstream).await;
    (sanmon, upstream)
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused_before_the_upstream() {
    let (sanmon, upstream) = start(Setup::serve()).await;
    let deep = |open: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        format!(r#"{{"model":"m","messages":[],"x":{open}1{close}}}"#).into_bytes()
    };
    let bodies: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "bad_request"),
        (b"{".to_vec(), "bad_request"),
        (b"[]".to_vec(), "bad_request"),
        (b"null".to_vec(), "bad_request"),
        (b"\"text\"".to_vec(), "bad_request"),
        (b"{\"model\":\"m\",\"messages\":[]} trailing".to_vec(), "bad_request"),
        (b"{\"model\":\"m\xff\",\"messages\":[]}".to_vec(), "bad_request"),
        (b"{\"model\":\"m\",\"messages\":[{\"content\":\"\xc3\x28\"}]}".to_vec(), "bad_request"),
        (b"{\"model\":\"m\",\"messages\":[],\"user\":\"\xed\xa0\x80\"}".to_vec(), "bad_request"),
        (b"{\"model\":1,\"messages\":[]}".to_vec(), "bad_request"),
        (b"{\"model\":\"m\",\"messages\":[],\"stream\":\"yes\"}".to_vec(), "bad_request"),
        (deep("[", "]", 200), "json_too_deep"),
        (deep("{\"a\":", "}", 200), "json_too_deep"),
        (deep("[", "", 100_000), "json_too_deep"),
        (b"{\"model\":\"a\",\"messages\":[],\"model\":\"b\"}".to_vec(), "duplicate_member"),
        (b"{\"model\":\"a\",\"messages\":[],\"mod\\u0065l\":\"b\"}".to_vec(), "duplicate_member"),
        (b"{\"stream\":true,\"messages\":[],\"stream\":false}".to_vec(), "duplicate_member"),
    ];
    for (body, code) in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(80).collect::<String>();
        let answer = sanmon.client().post_bytes(CHAT, body.into()).await.unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, code),
            "{shown}: {}",
            answer.text()
        );
        assert!(answer.headers.contains_key("x-request-id"));
    }
    assert!(upstream.requests().is_empty());
    // What is nested within the limit, or merely odd, passes as it is.
    for body in [
        deep("[", "]", 100),
        b" {\"model\":\"m\" ,\t\"messages\":[], \"\\ud83c\\udfef\":1e5}\n".to_vec(),
    ] {
        let answer = sanmon.client().post_bytes(CHAT, body.clone().into()).await.unwrap();
        answer.expect(200);
        let sent = String::from_utf8(upstream.last().body).unwrap();
        assert_eq!(sent, String::from_utf8(body).unwrap());
    }
}

#[tokio::test]
async fn ten_megabytes_pass_unchanged_and_more_than_the_limit_is_refused() {
    let (sanmon, upstream) = start(Setup::serve().flag("--max-body", "12MiB")).await;
    let mut body = chat("m", &"grüße \"{[\\ ".repeat(720_000));
    body["unknown"] = serde_json::json!({"kept": [1, 2.50, null]});
    let text = body.to_string();
    assert!(text.len() > 10 << 20, "{}", text.len());
    let answer = sanmon.client().post_bytes(CHAT, text.clone().into()).await.unwrap().expect(200);
    assert!(upstream.last().body == text.as_bytes(), "the bytes pass through");
    assert!(answer.body.len() > 9 << 20, "and come back: {}", answer.body.len());
    drop(answer);

    let large = Bytes::from(vec![b' '; 13 << 20]);
    let refused = sanmon.client().post_bytes(CHAT, large.clone()).await.unwrap().expect(413);
    assert_eq!(refused.code(), "body_too_large");
    // Without a length too: the limit counts what comes.
    let pieces =
        large.chunks(1 << 16).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
    let stream = futures_util::stream::iter(pieces.collect::<Vec<_>>());
    let request = sanmon.client().request("POST", CHAT).body(reqwest::Body::wrap_stream(stream));
    // A server that answers early may close before all was sent.
    if let Ok(response) = request.header("content-type", "application/json").send().await {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(upstream.requests().len(), 1);
    // Claimed only: refused by the claim.
    let mut raw = Raw::connect(sanmon.data_port()).await;
    raw.send(post_head(CHAT, 1 << 40)).await;
    assert!(raw.read_until("body_too_large", SOON).await, "{}", raw.text());
    assert_eq!(raw.status(), 413);
}

#[tokio::test]
async fn a_slow_caller_is_told_and_let_go() {
    let setup = Setup::serve().flag("--head-timeout", "1s").flag("--body-timeout", "1s");
    let (sanmon, upstream) = start(setup).await;
    // Half a head: nobody to answer to, the connection ends.
    let mut half_head = Raw::connect(sanmon.data_port()).await;
    half_head.send("POST /v1/chat/completions HTTP/1.1\r\nhost: te").await;
    // A head and half a body: there is a request to answer.
    let mut half_body = Raw::connect(sanmon.data_port()).await;
    half_body.send(post_head(CHAT, 1000)).await;
    half_body.send("{\"model\":").await;
    // The others are served meanwhile.
    sanmon.client().chat(&chat("m", "x")).await.expect(200);
    let start = Instant::now();
    half_head.read_to_end(Duration::from_secs(10)).await;
    assert!([0, 408].contains(&half_head.status()), "{}", half_head.text());
    half_body.read_to_end(Duration::from_secs(10)).await;
    assert_eq!(half_body.status(), 408, "{}", half_body.text());
    assert!(half_body.text().contains("request_timeout"), "{}", half_body.text());
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn a_caller_that_does_not_read_is_cut_and_its_upstream_with_it() {
    let piece = format!("data: {{\"choices\":[],\"x\":\"{}\"}}\n\n", "y".repeat(60_000));
    let upstream = ScriptedUpstream::start_with(move |_| {
        (0..2_000).fold(Reply::events(), |reply, _| reply.chunk(&piece)).end_chunks()
    })
    .await;
    let sanmon = Setup::serve().flag("--write-timeout", "1s").start().await;
    expose(&sanmon.admin(), &upstream).await;
    let mut caller = Raw::connect(sanmon.data_port()).await;
    caller.post(CHAT, &chat_stream("m", "x").to_string()).await;
    let request = upstream.request(0).await;
    let fate = request.end(Duration::from_secs(15)).await;
    assert_eq!(fate, Fate::HungUp);
    drop(caller);
}

#[tokio::test]
async fn more_requests_than_may_be_in_flight_are_told_to_come_back() {
    let upstream = ScriptedUpstream::start_with(|_| Reply::empty().stall()).await;
    let sanmon = Setup::serve().flag("--max-requests", "4").start().await;
    expose(&sanmon.admin(), &upstream).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut raw = Raw::connect(sanmon.data_port()).await;
        raw.post(CHAT, &chat("m", "x").to_string()).await;
        waiting.push(raw);
    }
    upstream.request(3).await;
    let refused = sanmon.client().chat(&chat("m", "x")).await.expect(503);
    assert_eq!(refused.code(), "gateway_overloaded");
    assert!(!refused.header("retry-after").is_empty());
    // A place that a caller left is free again.
    waiting.pop().unwrap().reset();
    wait::until_true("a place is free", SOON, async || {
        let mut raw = Raw::connect(sanmon.data_port()).await;
        raw.post(CHAT, &chat("m", "x").to_string()).await;
        upstream.requests().len() > 4
    })
    .await;
}

#[tokio::test]
async fn heads_that_are_too_large_or_no_http_are_refused() {
    let (sanmon, upstream) = start(Setup::serve()).await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "y".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(2_000));
    let smuggled = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\
                    transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nhost: x\r\n\r\n";
    for head in [
        large.as_str(),
        many.as_str(),
        smuggled,
        "\x16\x03\x01\x02\x00\x01\r\n\r\n",
        "GET /\r\n\r\n",
    ] {
        let mut raw = Raw::connect(sanmon.data_port()).await;
        raw.send(head).await;
        raw.finish().await;
        raw.read_to_end(Duration::from_secs(10)).await;
        let status = raw.status();
        let shown: String = head.chars().take(40).collect();
        assert!(
            status == 0 || (400..500).contains(&status),
            "{status} for {shown:?}: {}",
            raw.text()
        );
    }
    assert!(upstream.requests().is_empty());
    sanmon.client().chat(&chat("m", "x")).await.expect(200);
}

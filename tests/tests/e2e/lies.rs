//! An upstream that lies: the caller gets an error in its own protocol, never what is no answer.

use std::process::{Command, Stdio};

use sanmon_tests::client::{Answer, chat, chat_stream};
use sanmon_tests::documents::expose;
use sanmon_tests::sanmon::{Sanmon, Setup};
use sanmon_tests::upstream::{Reply, ScriptedUpstream, openai};
use serde_json::json;

async fn start() -> (Sanmon, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start().await;
    let sanmon = Setup::serve().start().await;
    expose(&sanmon.admin(), &upstream).await;
    (sanmon, upstream)
}

/// An error in OpenAI's envelope, all four members in it.
fn assert_envelope(answer: &Answer) {
    let error = &answer.json()["error"];
    for member in ["message", "type", "param", "code"] {
        assert!(error.get(member).is_some(), "{}", answer.text());
    }
    assert!(answer.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn a_page_for_people_is_no_answer() {
    let (sanmon, upstream) = start().await;
    let html = "<html><body>It works!</body></html>";
    for body in [chat("m", "x"), chat_stream("m", "x")] {
        upstream.script(move |_| Reply::whole(200, &[("content-type", "text/html")], html));
        let answer = sanmon.client().chat(&body).await.expect(502);
        assert_eq!(answer.code(), "upstream_invalid_response");
        assert_envelope(&answer);
        assert!(!answer.text().contains("It works"));
        // Failing with a page keeps the status and gets an envelope.
        upstream.script(move |_| Reply::whole(500, &[("content-type", "text/html")], html));
        let answer = sanmon.client().chat(&body).await.expect(500);
        assert_envelope(&answer);
    }
}

#[tokio::test]
async fn errors_keep_their_status_their_body_and_when_to_try_again() {
    let (sanmon, upstream) = start().await;
    for status in [400, 401, 403, 404, 408, 409, 422, 429, 500, 503] {
        let body = openai::error("so it is", "some_type", Some("some_code"));
        let sent = body.clone();
        upstream.script(move |_| {
            let headers = [
                ("retry-after", "7"),
                ("x-ratelimit-remaining-requests", "0"),
                ("set-cookie", "a=b"),
                ("server", "secret-server"),
            ];
            Reply::json_with(status, &headers, &sent)
        });
        for request in [chat("m", "x"), chat_stream("m", "x")] {
            let answer = sanmon.client().chat(&request).await.expect(status);
            assert_eq!(answer.json(), body, "{status}");
            assert_eq!(answer.header("retry-after"), "7");
            assert_eq!(answer.header("set-cookie"), "", "headers go by a list of allowed ones");
            assert_eq!(answer.header("server"), "");
        }
    }
}

#[tokio::test]
async fn a_body_shorter_or_longer_than_it_was_said_to_be_is_never_a_whole_answer() {
    let (sanmon, upstream) = start().await;
    let body = openai::completion(&json!({"model": "m"}), "hello").to_string();
    let length = body.len();
    let reply = move |said: usize| {
        let said = said.to_string();
        let headers = [("content-type", "application/json"), ("content-length", said.as_str())];
        Reply::empty().head(200, &headers).bytes(body.clone()).close()
    };
    let longer = reply.clone();
    upstream.script(move |_| longer(length + 10));
    let answer = sanmon.client().try_post("/v1/chat/completions", &chat("m", "x")).await;
    if let Ok(answer) = answer {
        assert_envelope(&answer.expect(502));
    }
    upstream.script(move |_| reply(length - 10));
    let answer = sanmon.client().chat(&chat("m", "x")).await;
    assert!(answer.body.len() <= length - 10 || answer.status == 502, "{}", answer.text());
    // The rest of the lie must not become the next answer.
    upstream.script(openai::answer);
    for _ in 0..3 {
        let next = sanmon.client().chat(&chat("m", "next")).await.expect(200);
        assert_eq!(next.json()["choices"][0]["message"]["content"], "you said: next");
    }
}

#[tokio::test]
async fn a_body_compressed_against_the_request_is_readable_or_refused() {
    let (sanmon, upstream) = start().await;
    let body = openai::completion(&json!({"model": "m"}), "hello").to_string();
    let compressed = gzip(body.as_bytes());
    upstream.script(move |_| {
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        Reply::whole(200, &headers, compressed.clone())
    });
    let answer = sanmon.client().chat(&chat("m", "x")).await;
    assert_eq!(upstream.last().header("accept-encoding"), "identity");
    match (answer.status, answer.header("content-encoding")) {
        (200, "gzip") => assert_eq!(gunzip(&answer.body), body.as_bytes()),
        (200, "") => assert_eq!(answer.text(), body),
        (502, _) => assert_envelope(&answer),
        other => panic!("{other:?}: {}", answer.text()),
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_502() {
    let (sanmon, upstream) = start().await;
    for garbage in ["\0\x01\x02garbage\r\n\r\n", "HTTP/1.1 999999 x\r\n\r\n", "SSH-2.0-x\r\n"] {
        upstream.script(move |_| Reply::empty().bytes(garbage).close());
        let answer = sanmon.client().chat(&chat("m", "x")).await.expect(502);
        assert_envelope(&answer);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (sanmon, upstream) = start().await;
    let other = ScriptedUpstream::start().await;
    let location = other.base_url();
    upstream.script(move |_| {
        Reply::whole(307, &[("location", &format!("{location}/chat/completions"))], "")
    });
    let answer = sanmon.client().chat(&chat("m", "x")).await.expect(502);
    assert_envelope(&answer);
    assert!(other.requests().is_empty(), "a credential is for the host it was configured for");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    filter(&["-c"], bytes)
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    filter(&["-dc"], bytes)
}

fn filter(arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut command = Command::new("gzip");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap().stdout
}

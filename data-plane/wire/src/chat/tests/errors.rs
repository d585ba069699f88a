//! Errors in the envelopes that vendors have.

use super::super::*;
use crate::canonical::ErrorKind;

#[track_caller]
fn is(status: u16, body: &str, kind: ErrorKind, told: u16, message: &str) -> ProviderError {
    let error = OPENAI.decode_error(status, body.as_bytes());
    assert_eq!((error.kind, error.status, &*error.message), (kind, told, message), "{body}");
    error
}

#[test]
fn errors_are_read_whatever_their_envelope() {
    let too_long = r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    let error = is(400, too_long, ErrorKind::ContextLength, 400, "too long");
    assert_eq!(error.param.as_deref(), Some("messages"));
    assert_eq!(error.code.as_deref(), Some("context_length_exceeded"));
    let no_code = r#"{"error":{"message":"This model's maximum context length is 8192 tokens."}}"#;
    let message = "This model's maximum context length is 8192 tokens.";
    is(400, no_code, ErrorKind::ContextLength, 400, message);
    let quota =
        r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    is(429, quota, ErrorKind::Billing, 429, "pay");
    let key =
        r#"{"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key"}}"#;
    is(401, key, ErrorKind::Authentication, 401, "no");
    let plain = r#"{"error":{"message":"no","type":"invalid_request_error"}}"#;
    is(401, plain, ErrorKind::Authentication, 401, "no");
    is(500, "<html>oops</html>", ErrorKind::Server, 500, "");
    is(502, "bad gateway", ErrorKind::Server, 502, "bad gateway");
    is(503, "", ErrorKind::Overloaded, 503, "");
    // xAI, Hugging Face.
    is(400, r#"{"code":"bad","error":"text"}"#, ErrorKind::InvalidRequest, 400, "text");
    // Mistral.
    let mistral = r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"not permitted"}]},"type":"invalid_request_error"}"#;
    is(422, mistral, ErrorKind::InvalidRequest, 422, "body.seed: not permitted");
    is(
        422,
        r#"{"detail":[{"msg":"bad","loc":["body",0]}]}"#,
        ErrorKind::InvalidRequest,
        422,
        "body.0: bad",
    );
    is(
        401,
        r#"{"message":"Unauthorized","request_id":"1"}"#,
        ErrorKind::Authentication,
        401,
        "Unauthorized",
    );
    // Cloudflare, Google.
    let cloudflare = r#"{"success":false,"errors":[{"code":5007,"message":"no such model"}]}"#;
    is(404, cloudflare, ErrorKind::NotFound, 404, "no such model");
    let google = r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]"#;
    let error = is(429, google, ErrorKind::RateLimit, 429, "slow");
    assert_eq!(error.code.as_deref(), Some("RESOURCE_EXHAUSTED"));
}

#[test]
fn an_error_in_a_success_has_the_status_that_it_names_or_means() {
    is(200, r#"{"error":{"code":402,"message":"pay"}}"#, ErrorKind::Billing, 402, "pay");
    is(200, r#"{"error":{"code":"429","message":"slow"}}"#, ErrorKind::RateLimit, 429, "slow");
    let overloaded = r#"{"error":{"message":"x","type":"overloaded_error"}}"#;
    is(200, overloaded, ErrorKind::Overloaded, 503, "x");
    is(200, r#"{"error":{"message":"x"}}"#, ErrorKind::Server, 500, "x");
}

#[test]
fn a_message_that_says_when_to_try_again_is_heard() {
    let after = |text: &str| {
        let body = format!(r#"{{"error":{{"message":"Please try again in {text}"}}}}"#);
        OPENAI.decode_error(429, body.as_bytes()).retry_after
    };
    assert_eq!(after("1.5s. More."), Some(1_500));
    assert_eq!(after("20ms."), Some(20));
    assert_eq!(after("6m0s"), Some(360_000));
    assert_eq!(after("1h2m3.25s."), Some(3_723_250));
    assert_eq!(after("a while"), None);
}

#[test]
fn errors_leave_in_openais_envelope() {
    let write = |kind, code: Option<&str>| {
        let error = ProviderError {
            code: code.map(str::to_owned),
            param: Some("p".into()),
            ..ProviderError::new(kind, "m\"")
        };
        String::from_utf8(OPENAI.encode_error(&error)).unwrap()
    };
    assert_eq!(
        write(ErrorKind::RateLimit, Some("RESOURCE_EXHAUSTED")),
        r#"{"error":{"message":"m\"","type":"rate_limit_error","param":"p","code":"rate_limit_exceeded"}}"#
    );
    assert_eq!(
        write(ErrorKind::Server, Some("api_error")),
        r#"{"error":{"message":"m\"","type":"server_error","param":"p","code":"api_error"}}"#
    );
}

#[test]
fn logs_are_told_what_an_error_says_and_no_more() {
    let read = |text: &str| upstream_error(text.as_bytes());
    let own = |text: &str| Some(text.to_owned());
    assert_eq!(read(r#"{"error":{"message":"a","code":429}}"#), (own("a"), Some(429)));
    assert_eq!(read(r#"{"error":{"message":"a","code":"invalid"}}"#), (own("a"), None));
    assert_eq!(read(r#"{"error":"a"}"#), (own("a"), None));
    assert_eq!(read(r#"{"message":"a","status":503}"#), (own("a"), Some(503)));
    assert_eq!(read("<html>"), (None, None));
}

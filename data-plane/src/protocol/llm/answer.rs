//! Answers that come as a whole, errors among them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap as CallerHeaders;
use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use sanmon_shared::clock::Clock;
use sanmon_wire::canonical::{ErrorKind, ProviderError, Usage};
use sanmon_wire::chat::upstream_error;
use sanmon_wire::format::Codec;
use sanmon_wire::json::Scanner;
use tokio::time::Instant;

use super::{Failed, Front, Trial, headers, wait};
use crate::error::{Code, GatewayError};
use crate::exchange::{Exchange, Tokens};
use crate::provider;
use crate::upstream::{Answer, UpstreamError};

/// A text of so many bytes is about one token, where nobody counted.
pub(crate) const BYTES_PER_TOKEN: u64 = 4;

/// Refuses answers that cannot be read: redirects, and those compressed although nobody asked.
pub(crate) fn check_head(
    status: reqwest::StatusCode,
    headers: &HeaderMap,
) -> Result<StatusCode, GatewayError> {
    let invalid = |text: &'static str| GatewayError::new(Code::UpstreamInvalid, text);
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(invalid("the provider's answer is compressed although nobody asked for that")
            .detail(format!("content-encoding: {encoding:?}")));
    }
    if status.is_redirection() || status.is_informational() {
        return Err(invalid("the provider's answer is a redirect").detail(status.to_string()));
    }
    StatusCode::from_u16(status.as_u16()).map_err(|_| invalid("the provider's status is none"))
}

/// An error of the provider, which speaks the caller's format: its status stays, and so does its body
/// where that is a JSON object which does not tell our credential.
fn provider_error(
    codec: &dyn Codec,
    status: StatusCode,
    body: Bytes,
    account: Option<&provider::Account>,
) -> HttpResponse {
    let (message, _) = upstream_error(&body);
    let json = Scanner::scan(&body).is_ok();
    let tells = account.is_some_and(|account| account.tells(&body));
    tracing::debug!(
        status = status.as_u16(),
        message = message.as_deref().filter(|_| !tells).unwrap_or_default(),
        "the provider answered with an error"
    );
    let body = if json && !tells {
        body
    } else {
        let text = format!("the provider answered with the status {}", status.as_u16());
        let kind = ErrorKind::of_status(status.as_u16());
        let error = ProviderError {
            code: Some("upstream_error".to_owned()),
            ..ProviderError::new(kind, text)
        };
        codec.encode_error(&error).into()
    };
    HttpResponse::build(status).content_type("application/json").body(body)
}

/// An error of the provider, which speaks the caller's format, as an attempt's failure. One that comes in
/// spite of its status (200) is told with the status that it stands for.
pub(crate) fn refused(
    codec: &dyn Codec,
    status: u16,
    said: Bytes,
    account: Option<&provider::Account>,
    head: &CallerHeaders,
) -> Box<Failed> {
    let mut error = codec.decode_error(status, &said);
    if status < 400 && error.kind == ErrorKind::Server && says_no_more(&error, &said) {
        error.status = StatusCode::BAD_GATEWAY.as_u16();
    }
    withhold(&mut error, account);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let response = provider_error(codec, status, said, account);
    Failed::provider(error, with(response, head.clone()), head)
}

/// Whether an error does not say what it is.
fn says_no_more(error: &ProviderError, said: &[u8]) -> bool {
    error.code.is_none() && upstream_error(said).1.is_none()
}

/// Takes our credential out of what a provider says.
pub(crate) fn withhold(error: &mut ProviderError, account: Option<&provider::Account>) {
    if account.is_some_and(|account| account.tells(error.message.as_bytes())) {
        error.message = format!("the provider answered with the status {}", error.status);
    }
}

/// A provider's answer with a status of success, in the caller's format: passed on as it is, its usage
/// read.
pub(crate) fn checked(front: &dyn Front, body: &Bytes) -> Result<Checked, GatewayError> {
    let invalid = |text: &'static str, detail: String| {
        GatewayError::new(Code::UpstreamInvalid, text).detail(detail)
    };
    let found = front
        .findings(body)
        .map_err(|error| invalid("the provider's answer is no JSON object", error.to_string()))?;
    if found.error {
        return Ok(Checked::Error);
    }
    if !found.has_content {
        return Err(invalid(
            "the provider's answer is incomplete",
            format!("no {:?}", front.shape().content),
        ));
    }
    Ok(Checked::Answer(found.usage))
}

/// What an answer with a status of success is.
pub(crate) enum Checked {
    /// An answer, with what the provider counted.
    Answer(Option<Usage>),
    /// An error in spite of its status.
    Error,
}

/// The tokens of an answer, guessed from sizes where nobody counted.
pub(crate) fn tokens(usage: Option<Usage>, input_bytes: u64, output: u64) -> Tokens {
    match usage {
        Some(usage) => Tokens {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            reasoning: usage.reasoning,
            estimated: false,
        },
        None => Tokens {
            input: input_bytes.div_ceil(BYTES_PER_TOKEN),
            output,
            estimated: true,
            ..Tokens::default()
        },
    }
}

/// Notes the tokens of an exchange, which this attempt has answered whole.
pub(crate) fn count(
    exchange: &Exchange,
    trial: &mut Trial,
    usage: Option<Usage>,
    input_bytes: u64,
    output: u64,
) {
    let tokens = tokens(usage, input_bytes, output);
    exchange.account.set_tokens(tokens);
    trial.cost(tokens);
    trial.succeeded();
}

/// The rest of an answer that comes as a whole.
pub(crate) async fn gather(
    exchange: &Exchange,
    mut answer: Answer,
) -> Result<Bytes, UpstreamError> {
    exchange.account.upstream_again(Instant::now());
    let body = answer.gather(exchange.worker.limits.answer_bytes).await;
    let ended = if body.is_ok() { answer.body.last() } else { Instant::now() };
    exchange.account.upstream_ended(ended);
    body
}

/// What the caller is told of an answer's headers.
pub(crate) fn told(
    exchange: &Exchange,
    status: reqwest::StatusCode,
    from: &HeaderMap,
) -> CallerHeaders {
    heard(&exchange.worker.clock, status, from)
}

/// The same of an answer that nobody asked for but the gateway.
pub(crate) fn heard(clock: &Clock, status: reqwest::StatusCode, from: &HeaderMap) -> CallerHeaders {
    let mut head = CallerHeaders::new();
    headers::response(from, &mut head);
    wait::tell(status, from, clock, &mut head);
    head
}

/// A response with these headers too.
pub(crate) fn with(mut response: HttpResponse, head: CallerHeaders) -> HttpResponse {
    for (name, value) in head {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use actix_web::body::{MessageBody as _, to_bytes};
    use sanmon_shared::reference::Variables;
    use sanmon_shared::seal::Seal;
    use serde_json::json;

    use super::*;
    use crate::plugin::BuildContext;

    #[tokio::test]
    async fn an_error_that_tells_our_credential_is_withheld() {
        let document = json!({"id": "p", "provider": "openai", "connection": {
            "base_url": "http://h/v1", "token": "$env://KEY"}});
        let seal = Seal::generate().unwrap();
        let environment = |_: &str| Some("sk-canary-1234".to_owned());
        let context = BuildContext {
            owner: "test",
            seal: Some(&seal),
            elsewhere: &Variables(environment),
            targets: None,
        };
        let document = serde_json::from_value(document).unwrap();
        let provider = provider::Provider::build(&document, &context).unwrap();
        let provider::Transport::Http(http) = &provider.transport else { panic!("no HTTP") };
        for (text, withheld) in [
            (r#"{"error":{"message":"bad key sk-canary-1234"}}"#, true),
            (r#"{"error":{"message":"bad key sk-canary"}}"#, false),
        ] {
            let body = Bytes::from_static(text.as_bytes());
            let response = provider_error(
                &sanmon_wire::chat::OPENAI,
                StatusCode::UNAUTHORIZED,
                body,
                http.account(),
            );
            assert_eq!(response.status(), 401);
            let body = response.into_body().boxed();
            let told = to_bytes(body).await.unwrap();
            assert_eq!(told == text, !withheld);
            assert!(!told.windows(14).any(|part| part == b"sk-canary-1234"));
        }
    }
}

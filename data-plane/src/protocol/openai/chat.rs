//! `POST /v1/chat/completions`.

use actix_web::HttpResponse;
use actix_web::body::BodyStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::LocalBoxFuture;
use reqwest::header::HeaderMap;
use sanmon_shared::resources;
use sanmon_wire::format::Format;
use sanmon_wire::openai::{ChatNote, answer_as_stream};
use sanmon_wire::pass::Watched;

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::answer::{
    self, BYTES_PER_TOKEN, Checked, check_head, checked, gather, provider_error, told, with,
};
use crate::protocol::llm::native::ChatRequest;
use crate::protocol::llm::{body, headers};
use crate::protocol::refs::Refs;
use crate::protocol::relay::{Begin, Passed};
use crate::protocol::{Dialect, Protocol};
use crate::provider::mock::{self, Reply};
use crate::provider::{Account, Http, Operation, Transport};
use crate::stream::relayed;
use crate::upstream::UpstreamError;

/// Chat completions of a plugin's providers.
#[derive(Debug)]
pub struct Chat {
    refs: Refs<resources::Provider>,
}

impl Protocol for Chat {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.chat(exchange))
    }
}

impl Chat {
    /// Of these providers.
    pub fn new(refs: Refs<resources::Provider>) -> Self {
        Self { refs }
    }

    async fn chat(&self, exchange: &mut Exchange) -> Result<HttpResponse, GatewayError> {
        let (body, members) = body::read(exchange).await?;
        let request = ChatRequest::prepare(exchange, &self.refs, &body, members)?;
        drop(body);
        let mut response = match &request.provider.transport {
            Transport::Http(http) => over_http(exchange, &request, http).await?,
            Transport::Mock(script) => {
                let reply = mock::chat(script, &request.body);
                mocked(exchange, &request, reply).await?
            }
        };
        headers::fidelity(&request.dropped, response.headers_mut());
        Ok(response)
    }
}

async fn over_http(
    exchange: &Exchange,
    request: &ChatRequest,
    http: &Http,
) -> Result<HttpResponse, GatewayError> {
    let account = http
        .account()
        .ok_or_else(|| GatewayError::new(Code::Internal, "the provider has no address"))?;
    let streams = request.streams_upstream;
    let deadlines = if streams { http.timeouts.streamed() } else { http.timeouts.whole() };
    let model = exchange.account.model();
    let operation = Operation::Chat { format: Format::Chat, model: &model, stream: streams };
    let call = account.call(&operation, deadlines)?.bytes(request.body.clone());
    drop(model);
    let mut call = headers::request(exchange, call, streams);
    account.authorize(&exchange.worker, &mut call).await?;
    let sent = exchange.worker.upstream.send(call, &exchange.account).await;
    let answer = sent.map_err(|error| error.to_gateway())?;
    let status = check_head(answer.status, &answer.headers)?;
    let head = told(&answer.headers);
    if !status.is_success() {
        let body = gather(exchange, answer).await?;
        return Ok(with(provider_error(status, body, Some(account)), head));
    }
    if streams && is_event_stream(&answer.headers) {
        return Ok(with(stream(exchange, request, answer.body, Some(account)).await?, head));
    }
    let body = gather(exchange, answer).await?;
    Ok(with(whole(exchange, request, status, body, Some(account))?, head))
}

async fn mocked(
    exchange: &Exchange,
    request: &ChatRequest,
    reply: Reply,
) -> Result<HttpResponse, GatewayError> {
    match reply {
        Reply::Whole { status, body, delay } => {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            if !status.is_success() {
                return Ok(provider_error(status, body, None));
            }
            whole(exchange, request, status, body, None)
        }
        Reply::Stream(source) => stream(exchange, request, source, None).await,
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind =
        headers.get(reqwest::header::CONTENT_TYPE).map(reqwest::header::HeaderValue::as_bytes);
    // Who says nothing is believed to have done as it was asked.
    kind.is_none_or(|kind| {
        let kind = kind.trim_ascii_start();
        kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
    })
}

/// A success that came as a whole: passed on as it is, or as the stream that the caller wants.
fn whole(
    exchange: &Exchange,
    request: &ChatRequest,
    status: StatusCode,
    body: Bytes,
    account: Option<&Account>,
) -> Result<HttpResponse, GatewayError> {
    let usage = match checked(&body, "choices")? {
        Checked::Answer(usage) => usage,
        Checked::Error(status) => return Ok(provider_error(status, body, account)),
    };
    let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
    answer::count(&exchange.account, usage, request.input_bytes, guess);
    exchange.account.first_token();
    if !request.streams {
        return Ok(HttpResponse::build(status).content_type("application/json").body(body));
    }
    let stream = answer_as_stream(&body, request.wants_usage).ok_or_else(|| {
        GatewayError::new(Code::UpstreamInvalid, "the provider's answer is no chat completion")
    })?;
    exchange.account.set_streamed();
    Ok(event_stream().body(stream))
}

fn event_stream() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("text/event-stream")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        // Proxies in front would gather it otherwise.
        .insert_header((
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ));
    response
}

async fn stream<S>(
    exchange: &Exchange,
    request: &ChatRequest,
    mut source: S,
    payer: Option<&Account>,
) -> Result<HttpResponse, GatewayError>
where
    S: Stream<Item = Result<Bytes, UpstreamError>> + Unpin + 'static,
{
    let (worker, account) = (&exchange.worker, exchange.account.clone());
    let stream = Watched::by(ChatNote::new(!request.wants_usage));
    let mut relay = Passed::new(stream, Dialect::OpenAi, account.clone(), request.input_bytes);
    match relay.begin(&mut source, worker.limits.heartbeat).await? {
        Begin::Events(first) => {
            let body = relayed(first, source, relay, worker, account);
            Ok(event_stream().body(BodyStream::new(body)))
        }
        Begin::Whole(all) => {
            account.set_streamed();
            Ok(event_stream().body(all))
        }
        Begin::Error(error) => {
            let status = error.status.and_then(|status| StatusCode::from_u16(status).ok());
            let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
            Ok(provider_error(status, error.data, payer))
        }
    }
}

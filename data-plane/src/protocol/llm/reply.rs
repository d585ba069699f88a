//! A call of a provider and what comes back, before anybody looks into it.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap as CallerHeaders;
use bytes::Bytes;
use futures_util::Stream;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::answer::{check_head, gather, told};
use super::{Failed, Front, Trial, Whom, headers};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::provider::mock::{self, MockStream};
use crate::provider::{Account, Http, Operation, Transport};
use crate::target::Candidate;
use crate::upstream::{AnswerBody, UpstreamError};
use sanmon_wire::format::Codec;

/// What a provider is asked.
pub(crate) struct Ask<'a> {
    /// In which format.
    pub(crate) codec: &'static dyn Codec,
    /// The model as the provider calls it.
    pub(crate) model: &'a str,
    /// The body.
    pub(crate) body: Bytes,
    /// A stream is asked for.
    pub(crate) streams: bool,
}

/// What a provider answered.
pub(crate) struct Reply<'p> {
    pub(crate) status: StatusCode,
    /// What the caller is told of the headers.
    pub(crate) head: CallerHeaders,
    pub(crate) body: ReplyBody,
    /// Whose credential must not be told; none of a mock.
    pub(crate) account: Option<&'p Account>,
}

pub(crate) enum ReplyBody {
    Whole(Bytes),
    Stream(Source),
}

/// The pieces of a streamed answer.
pub(crate) enum Source {
    Upstream(AnswerBody),
    Mock(MockStream),
}

impl Stream for Source {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut *self {
            Self::Upstream(body) => Pin::new(body).poll_next(context),
            Self::Mock(stream) => Pin::new(stream).poll_next(context),
        }
    }
}

/// Calls a provider. Errors come back whole; so do successes, unless a stream was asked for and came.
pub(crate) async fn send<'c>(
    exchange: &Exchange,
    front: Option<&dyn Front>,
    whom: Whom<'c>,
    ask: Ask<'_>,
    trial: &Trial,
) -> Result<Reply<'c>, Box<Failed>> {
    match &whom.provider().transport {
        Transport::Http(http) => over_http(exchange, front, whom, http, ask, trial).await,
        Transport::Mock(script) => {
            let reply = mocked(mock::chat(script, &ask.body)).await;
            trial.head(reply.status.as_u16());
            Ok(reply)
        }
    }
}

async fn mocked(reply: mock::Reply) -> Reply<'static> {
    let (status, body) = match reply {
        mock::Reply::Whole { status, body, delay } => {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, ReplyBody::Whole(body))
        }
        mock::Reply::Stream(stream) => (StatusCode::OK, ReplyBody::Stream(Source::Mock(stream))),
    };
    Reply { status, head: CallerHeaders::new(), body, account: None }
}

/// Asks a provider to count tokens in the format of `front`; the answer is whole. `None` where it does not
/// count.
pub(crate) async fn count<'c>(
    exchange: &Exchange,
    front: &dyn Front,
    candidate: &'c Candidate,
    model: &str,
    body: Bytes,
) -> Result<Option<Reply<'c>>, GatewayError> {
    let Transport::Http(http) = &candidate.provider.transport else { return Ok(None) };
    let Some(account) = http.account_at(candidate.account) else { return Ok(None) };
    let operation = Operation::CountTokens { format: front.codec().format(), model };
    let call = match account.call(&operation, candidate.timeouts.whole()) {
        Ok(call) => call.bytes(account.body(&operation, body)?),
        Err(error) if error.code == Code::Unsupported => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut call = headers::request(exchange, call, "application/json");
    headers::forward(exchange, front, &mut call);
    account.authorize(&exchange.worker, &mut call).await?;
    let answer = exchange.worker.upstream.send(call, &exchange.account).await;
    let answer = answer.map_err(|error| error.to_gateway())?;
    let status = check_head(answer.status, &answer.headers)?;
    let head = told(exchange, answer.status, &answer.headers);
    let body = gather(exchange, answer).await.map_err(|error| error.to_gateway())?;
    Ok(Some(Reply { status, head, body: ReplyBody::Whole(body), account: Some(account) }))
}

async fn over_http<'c>(
    exchange: &Exchange,
    front: Option<&dyn Front>,
    whom: Whom<'c>,
    http: &'c Http,
    ask: Ask<'_>,
    trial: &Trial,
) -> Result<Reply<'c>, Box<Failed>> {
    let account = http
        .account_at(whom.candidate.account)
        .ok_or_else(|| GatewayError::new(Code::Internal, "the provider has no address"))?;
    let Ask { codec, model, body, streams } = ask;
    let timeouts = &whom.timeouts;
    let deadlines = if streams { timeouts.streamed() } else { timeouts.whole() };
    let operation = Operation::Chat { format: codec.format(), model, stream: streams };
    let body = account.body(&operation, body)?;
    let call = account.call(&operation, deadlines)?.bytes(body);
    let accept = if streams { codec.stream_type() } else { "application/json" };
    let mut call = headers::request(exchange, call, accept);
    if let Some(front) = front.filter(|front| front.codec().format() == codec.format()) {
        headers::forward(exchange, front, &mut call);
    }
    account.authorize(&exchange.worker, &mut call).await?;
    let answer = exchange.worker.upstream.send(call, &exchange.account).await?;
    trial.head(answer.status.as_u16());
    let status = check_head(answer.status, &answer.headers)?;
    let head = told(exchange, answer.status, &answer.headers);
    let body = if streams && status.is_success() && is_stream(&answer.headers, codec.stream_type())
    {
        ReplyBody::Stream(Source::Upstream(answer.body))
    } else {
        ReplyBody::Whole(gather(exchange, answer).await?)
    };
    Ok(Reply { status, head, body, account: Some(account) })
}

/// Who says nothing is believed to have done as it was asked.
fn is_stream(headers: &HeaderMap, expected: &str) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(reqwest::header::HeaderValue::as_bytes);
    kind.is_none_or(|kind| {
        let kind = kind.trim_ascii_start();
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or(kind).trim_ascii_end();
        kind.eq_ignore_ascii_case(expected.as_bytes())
            // Lines of JSON go under several names.
            || (expected.ends_with("ndjson") && kind.ends_with(b"ndjson"))
    })
}

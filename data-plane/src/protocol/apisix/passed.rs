//! Requests that only the provider understands: passed on to its own paths, with its credentials and
//! never with the caller's, and answered with what it says.

use actix_web::HttpResponse;
use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use reqwest::Method;
use sanmon_shared::resources;
use sanmon_wire::chat;

use super::body::Read;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::forward::Relay;
use crate::limit::{self, Size};
use crate::protocol::llm::answer::{check_head, gather, refused, told, with};
use crate::protocol::llm::draft::Draft;
use crate::protocol::llm::model::Wanted;
use crate::protocol::llm::{Failed, Trial, attempts, headers};
use crate::protocol::refs::Refs;
use crate::provider::{Operation, Transport};
use crate::target::{Ask, Candidate, Course};

/// Asks one candidate after the other.
pub(super) async fn answer(
    exchange: &Exchange,
    refs: &Refs<resources::Provider>,
    read: Read,
) -> Result<HttpResponse, GatewayError> {
    let object = read.object();
    let wanted = Wanted::of(exchange, refs, &object)?;
    let model = wanted.model.as_deref();
    let course = Course::of(&Ask { exchange, model, object: &object }, &wanted.named);
    let attempt = async |candidate: &Candidate, trial: &mut Trial| {
        let chosen = wanted.chosen(exchange, candidate)?;
        trial.asks_for(chosen.model.as_ref());
        let mut draft = Draft::of(&object);
        chosen.write(&mut draft)?;
        for member in &candidate.provider.additions {
            draft.set(&member.name, member.value.json().as_bytes())?;
        }
        // What it uses of tokens nobody here can read.
        limit::reserve(exchange, &Size::default()).await?;
        call(exchange, candidate, draft.finish(&read.body), trial).await
    };
    attempts::run(exchange, course, attempt).await.or_else(|failed| failed.answer())
}

async fn call(
    exchange: &Exchange,
    candidate: &Candidate,
    body: Bytes,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let nowhere = || GatewayError::new(Code::Unsupported, "the provider is not called over HTTP");
    let Transport::Http(http) = &candidate.provider.transport else { return Err(nowhere().into()) };
    let account = http.account_at(candidate.account).ok_or_else(nowhere)?;
    let query = exchange.query();
    let operation = Operation::Passed { path: exchange.path(), query: query.as_deref() };
    let body = account.body(&operation, body)?;
    let method = Method::from_bytes(exchange.request.method().as_str().as_bytes())
        .map_err(|_| GatewayError::new(Code::MethodNotAllowed, "no such method"))?;
    let call = account.call(&operation, candidate.timeouts.streamed())?.method(method).bytes(body);
    let mut call = headers::request(exchange, call, "*/*");
    account.authorize(&exchange.worker, &mut call).await?;
    let answer = exchange.worker.upstream.send(call, &exchange.account).await?;
    trial.head(answer.status.as_u16());
    let status = check_head(answer.status, &answer.headers)?;
    let mut head = told(exchange, answer.status, &answer.headers);
    if !status.is_success() {
        let said = gather(exchange, answer).await?;
        return Err(refused(&chat::OPENAI, status.as_u16(), said, Some(account), &head));
    }
    let kind = answer.headers.get(reqwest::header::CONTENT_TYPE);
    if let Some(kind) = kind.and_then(|kind| HeaderValue::from_bytes(kind.as_bytes()).ok()) {
        head.insert(CONTENT_TYPE, kind);
    }
    // What it says nobody here understands: that it answers is all that is known.
    trial.succeeded();
    let length = answer.content_length();
    let relay = Relay::new(answer.body, exchange.account.clone());
    let mut response = HttpResponse::build(status);
    let response = match length {
        Some(length) => response.body(SizedStream::new(length, relay)),
        None => response.body(BodyStream::new(relay)),
    };
    Ok(with(response, head))
}

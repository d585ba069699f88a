//! `POST /v1/embeddings`: passed through to providers that speak OpenAI's format, translated for the
//! others.

mod translated;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::resources;
use sanmon_wire::chat::{self, read_usage, upstream_error};
use sanmon_wire::embeddings::VectorForm;
use sanmon_wire::embeddings::openai::{vector_form, with_vectors_as};
use sanmon_wire::json::{Object, ValueKind};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::llm::answer::{self, check_head, gather, provider_error, told, with};
use crate::protocol::llm::body::{self, present, text};
use crate::protocol::llm::draft::Draft;
use crate::protocol::llm::headers;
use crate::protocol::llm::model::{self, Chosen};
use crate::protocol::llm::pieces::Pieces;
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::provider::mock::{self, Reply};
use crate::provider::{Account, Http, Operation, Provider, Transport};

use translated::Translating;

/// Embeddings of a plugin's models.
#[derive(Debug)]
pub struct Embeddings {
    refs: Refs<resources::EmbeddingModel>,
}

/// A request as its provider gets it.
struct Request {
    provider: Arc<Provider>,
    body: Bytes,
    /// How the caller wants its vectors; `None` where it asks for a form that only the provider
    /// knows.
    form: Option<VectorForm>,
    /// Of the input: what tokens are guessed from.
    input_bytes: u64,
}

impl Protocol for Embeddings {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn answer<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.embed(exchange))
    }
}

impl Embeddings {
    /// Of these models.
    pub fn new(refs: Refs<resources::EmbeddingModel>) -> Self {
        Self { refs }
    }

    async fn embed(&self, exchange: &mut Exchange) -> Result<HttpResponse, GatewayError> {
        let (body, members) = body::read(exchange).await?;
        let object = Object::new(&body, members);
        let chosen = model::choose(exchange, &self.refs, &object)?;
        if let Transport::Http(http) = &chosen.provider.transport {
            let model = chosen.model.as_deref().unwrap_or_default();
            if let Some(codec) = http.embeds(model).and_then(|embeds| embeds.codec) {
                let translating = Translating::prepare(&self.refs, &body, &chosen, codec)?;
                drop(body);
                // Apart, so that what passes through stays small.
                return Box::pin(translating.answer(exchange)).await;
            }
        }
        let request = prepare(&body, &object, chosen)?;
        drop(body);
        match &request.provider.transport {
            Transport::Http(http) => over_http(exchange, &request, http).await,
            Transport::Mock(script) => {
                let Reply::Whole { status, body, delay } = mock::embeddings(script, &request.body)
                else {
                    return Err(GatewayError::new(Code::Internal, "embeddings are no stream"));
                };
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                if !status.is_success() {
                    return Ok(provider_error(&chat::OPENAI, status, body, None));
                }
                answer(exchange, &request, status, Pieces::of(body)?, None)
            }
        }
    }
}

/// A request as a provider gets it that speaks like its caller.
fn prepare(body: &Bytes, object: &Object<'_>, chosen: Chosen<'_>) -> Result<Request, GatewayError> {
    let provider = Arc::clone(&chosen.provider);
    let mut draft = Draft::of(object);
    chosen.write(&mut draft)?;
    let form = match text(object, "encoding_format")?.as_deref() {
        None | Some("float") => Some(VectorForm::Floats),
        Some("base64") => Some(VectorForm::Base64),
        Some(_) => None,
    };
    draft.adapt(&provider, &provider.options.members, &["encoding_format"])?;
    if form.is_some() && !provider.kind.base64 {
        draft.remove("encoding_format")?;
    }
    let input = present(object, "input")?;
    if input.is_none_or(|input| matches!(input.kind, ValueKind::Object | ValueKind::Bool)) {
        return Err(body::wrong("input", "a string, an array of strings, or tokens"));
    }
    Ok(Request {
        body: draft.finish(body),
        form,
        input_bytes: input.map_or(0, |input| input.raw.len() as u64),
        provider: chosen.provider,
    })
}

async fn over_http(
    exchange: &Exchange,
    request: &Request,
    http: &Http,
) -> Result<HttpResponse, GatewayError> {
    let account = http
        .account()
        .ok_or_else(|| GatewayError::new(Code::Internal, "the provider has no address"))?;
    let call = {
        let model = exchange.account.model();
        account.call(&Operation::Embeddings { model: &model }, http.timeouts.whole())?
    };
    let call = call.bytes(request.body.clone());
    let mut call = headers::request(exchange, call, "application/json");
    account.authorize(&exchange.worker, &mut call).await?;
    let sent = exchange.worker.upstream.send(call, &exchange.account).await;
    let upstream = sent.map_err(|error| error.to_gateway())?;
    let status = check_head(upstream.status, &upstream.headers)?;
    let head = told(&upstream.headers);
    if !status.is_success() {
        let body = gather(exchange, upstream).await?;
        return Ok(with(provider_error(&chat::OPENAI, status, body, Some(account)), head));
    }
    let pieces = Pieces::read(exchange, upstream).await?;
    Ok(with(answer(exchange, request, status, pieces, Some(account))?, head))
}

/// A success: passed on as it is, its vectors rewritten where they are not as the caller wants them.
fn answer(
    exchange: &Exchange,
    request: &Request,
    status: StatusCode,
    pieces: Pieces,
    account: Option<&Account>,
) -> Result<HttpResponse, GatewayError> {
    if pieces.kind("error").is_some_and(|kind| kind != ValueKind::Null) {
        let body = pieces.whole();
        let (_, status) = upstream_error(&body);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        return Ok(provider_error(
            &chat::OPENAI,
            status.unwrap_or(StatusCode::BAD_GATEWAY),
            body,
            account,
        ));
    }
    let invalid =
        || GatewayError::new(Code::UpstreamInvalid, "the provider's answer holds no embeddings");
    if pieces.kind("data") != Some(ValueKind::Array) {
        return Err(invalid());
    }
    let usage = pieces.member("usage").and_then(|usage| read_usage(&usage));
    answer::count(&exchange.account, usage, request.input_bytes, 0);
    exchange.account.first_token();
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    let Some(wanted) = request.form else { return Ok(response.body(pieces.into_body())) };
    let (pieces, form) = pieces.looked_at(vector_form);
    match form {
        Some(form) if form != wanted => {
            let body = with_vectors_as(&pieces.whole(), wanted).ok_or_else(invalid)?;
            Ok(response.body(body))
        }
        _ => Ok(response.body(pieces.into_body())),
    }
}

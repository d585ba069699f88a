//! `POST /v1/embeddings`: passed through to providers that speak OpenAI's format, translated for the
//! others.

pub(crate) mod aside;
mod translated;

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::explain::{ExplainedWay, Explanation};
use sanmon_shared::resources::{self, Mock};
use sanmon_wire::chat::{self, read_usage};
use sanmon_wire::embeddings::VectorForm;
use sanmon_wire::embeddings::openai::{vector_form, with_vectors_as};
use sanmon_wire::json::{Object, ValueKind};

use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{self, Size};
use crate::protocol::llm::answer::{
    self, BYTES_PER_TOKEN, check_head, gather, refused, told, with,
};
use crate::protocol::llm::body::{self, present, text};
use crate::protocol::llm::draft::Draft;
use crate::protocol::llm::model::{Chosen, Wanted};
use crate::protocol::llm::pieces::Pieces;
use crate::protocol::llm::{Failed, Trial, attempts, explained, headers};
use crate::protocol::refs::Refs;
use crate::protocol::{Dialect, Protocol};
use crate::provider::mock::{self, Reply};
use crate::provider::{Account, Operation, Timeouts, Transport};
use crate::target::{Ask, Candidate, Course};

use translated::Translating;

/// Embeddings of a plugin's models.
#[derive(Debug)]
pub struct Embeddings {
    refs: Refs<resources::EmbeddingModel>,
}

/// A request as its provider gets it.
struct Request {
    body: Bytes,
    /// The model as the provider calls it.
    model: Option<Rc<str>>,
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
        exchange: &'a Rc<Exchange>,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, GatewayError>> {
        Box::pin(self.embed(exchange))
    }

    fn explain(&self, exchange: &Rc<Exchange>, to: &mut Explanation) -> Result<(), GatewayError> {
        let (body, members) = explained::body(exchange)?;
        let object = Object::new(&body, members);
        let wanted = Wanted::of(exchange, &self.refs, &object)?;
        let ask = Ask { exchange, model: wanted.model.as_deref(), object: &object };
        explained::targets(&ask, &wanted, to, |candidate, target| {
            let chosen = wanted.chosen(exchange, candidate)?;
            let model = chosen.model.as_deref().unwrap_or_default();
            target.model = chosen.model.as_deref().map(str::to_owned);
            let codec = match &candidate.provider.transport {
                Transport::Http(http) => http.embeds(model).and_then(|embeds| embeds.codec),
                Transport::Mock(_) => None,
            };
            let Some(codec) = codec else {
                target.way = Some(ExplainedWay::Native);
                return prepare(&body, &object, &chosen, candidate).map(drop);
            };
            let translating = Translating::prepare(&self.refs, &body, &chosen, candidate, codec)?;
            target.way = Some(ExplainedWay::Translated);
            target.losses = explained::losses(&translating.losses()?);
            Ok(())
        });
        Ok(())
    }
}

impl Embeddings {
    /// Of these models.
    pub fn new(refs: Refs<resources::EmbeddingModel>) -> Self {
        Self { refs }
    }

    async fn embed(&self, exchange: &Exchange) -> Result<HttpResponse, GatewayError> {
        let (body, members) = body::read(exchange).await?;
        let object = Object::new(&body, members);
        let wanted = Wanted::of(exchange, &self.refs, &object)?;
        let model = wanted.model.as_deref();
        let course = Course::of(&Ask { exchange, model, object: &object }, &wanted.named);
        let attempt = async |candidate: &Candidate, trial: &mut Trial| {
            let chosen = wanted.chosen(exchange, candidate)?;
            trial.asks_for(chosen.model.as_ref());
            let size = size(&object, candidate, &chosen)?;
            if let Transport::Http(http) = &candidate.provider.transport {
                let model = chosen.model.as_deref().unwrap_or_default();
                if let Some(codec) = http.embeds(model).and_then(|embeds| embeds.codec) {
                    let translating =
                        Translating::prepare(&self.refs, &body, &chosen, candidate, codec)?;
                    limit::reserve(exchange, &size).await?;
                    // Apart, so that what passes through stays small.
                    return Box::pin(translating.answer(exchange, trial)).await;
                }
            }
            let request = prepare(&body, &object, &chosen, candidate)?;
            limit::reserve(exchange, &size).await?;
            let timeouts = candidate.timeouts.with(&self.refs.timeouts);
            passed(exchange, &request, candidate, timeouts, trial).await
        };
        attempts::run(exchange, course, attempt).await.or_else(|failed| failed.answer())
    }
}

/// What a request may use: nothing comes out that counts as tokens.
fn size<'a>(
    object: &Object<'_>,
    candidate: &'a Candidate,
    chosen: &'a Chosen<'_>,
) -> Result<Size<'a>, GatewayError> {
    let input = present(object, "input")?.map_or(0, |input| input.raw.len() as u64);
    Ok(Size {
        model: chosen.model.as_deref().unwrap_or_default(),
        provider: &candidate.provider.id,
        input_tokens: input.div_ceil(BYTES_PER_TOKEN),
        max_output: Some(0),
    })
}

/// A request as a provider gets it that speaks like its caller.
fn prepare(
    body: &Bytes,
    object: &Object<'_>,
    chosen: &Chosen<'_>,
    candidate: &Candidate,
) -> Result<Request, GatewayError> {
    let provider = &candidate.provider;
    let mut draft = Draft::of(object);
    chosen.write(&mut draft)?;
    let form = match text(object, "encoding_format")?.as_deref() {
        None | Some("float") => Some(VectorForm::Floats),
        Some("base64") => Some(VectorForm::Base64),
        Some(_) => None,
    };
    draft.adapt(provider, &provider.options.members, &["encoding_format"])?;
    if form.is_some() && !provider.kind.base64 {
        draft.remove("encoding_format")?;
    }
    let input = present(object, "input")?;
    if input.is_none_or(|input| matches!(input.kind, ValueKind::Object | ValueKind::Bool)) {
        return Err(body::wrong("input", "a string, an array of strings, or tokens"));
    }
    Ok(Request {
        body: draft.finish(body),
        model: chosen.model.clone(),
        form,
        input_bytes: input.map_or(0, |input| input.raw.len() as u64),
    })
}

/// What a provider says that speaks like its caller.
async fn passed(
    exchange: &Exchange,
    request: &Request,
    candidate: &Candidate,
    timeouts: Timeouts,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let http = match &candidate.provider.transport {
        Transport::Http(http) => http,
        Transport::Mock(script) => return mocked(exchange, request, script, trial).await,
    };
    let account = http
        .account_at(candidate.account)
        .ok_or_else(|| GatewayError::new(Code::Internal, "the provider has no address"))?;
    let model = request.model.as_deref().unwrap_or_default();
    let operation = Operation::Embeddings { model };
    let body = account.body(&operation, request.body.clone())?;
    let call = account.call(&operation, timeouts.whole())?.bytes(body);
    let mut call = headers::request(exchange, call, "application/json");
    account.authorize(&exchange.worker, &mut call).await?;
    let upstream = exchange.worker.upstream.send(call, &exchange.account).await?;
    trial.head(upstream.status.as_u16());
    let status = check_head(upstream.status, &upstream.headers)?;
    let head = told(exchange, upstream.status, &upstream.headers);
    if !status.is_success() {
        let body = gather(exchange, upstream).await?;
        return Err(failed(status.as_u16(), body, Some(account), &head));
    }
    let pieces = Pieces::read(exchange, upstream).await?;
    if is_error(&pieces) {
        return Err(failed(200, pieces.whole(), Some(account), &head));
    }
    Ok(with(answer(exchange, request, status, pieces, trial)?, head))
}

async fn mocked(
    exchange: &Exchange,
    request: &Request,
    script: &Mock,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let Reply::Whole { status, body, delay } = mock::embeddings(script, &request.body) else {
        return Err(GatewayError::new(Code::Internal, "embeddings are no stream").into());
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    trial.head(status);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if !status.is_success() {
        return Err(failed(status.as_u16(), body, None, &HeaderMap::new()));
    }
    Ok(answer(exchange, request, status, Pieces::of(body)?, trial)?)
}

/// Whether an answer with a status of success is an error.
fn is_error(pieces: &Pieces) -> bool {
    pieces.kind("error").is_some_and(|kind| kind != ValueKind::Null)
}

fn failed(status: u16, said: Bytes, account: Option<&Account>, head: &HeaderMap) -> Box<Failed> {
    refused(&chat::OPENAI, status, said, account, head)
}

/// A success: passed on as it is, its vectors rewritten where they are not as the caller wants them.
fn answer(
    exchange: &Exchange,
    request: &Request,
    status: StatusCode,
    pieces: Pieces,
    trial: &mut Trial,
) -> Result<HttpResponse, GatewayError> {
    let invalid =
        || GatewayError::new(Code::UpstreamInvalid, "the provider's answer holds no embeddings");
    if pieces.kind("data") != Some(ValueKind::Array) {
        return Err(invalid());
    }
    let usage = pieces.member("usage").and_then(|usage| read_usage(&usage));
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    let (pieces, form) = match request.form {
        Some(_) => pieces.looked_at(vector_form),
        None => (pieces, None),
    };
    let response = match (form, request.form) {
        (Some(form), Some(wanted)) if form != wanted => {
            let body = with_vectors_as(&pieces.whole(), wanted).ok_or_else(invalid)?;
            response.body(body)
        }
        _ => response.body(pieces.into_body()),
    };
    answer::count(exchange, trial, usage, request.input_bytes, 0);
    Ok(response)
}

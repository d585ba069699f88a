//! A request whose provider speaks another format, or whose conversation the gateway changes: read into
//! the canonical form, written in the provider's, and the answer back.

use std::sync::Arc;

use actix_web::HttpResponse;
use bytes::Bytes;
use sanmon_wire::canonical::{ErrorKind, ProviderError, Request, Response, unfold};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{
    Asked, BadRequest, Codec, Failure, Format, Parameters, Target, Unsupported,
};
use sanmon_wire::json::{Json, Object};
use sanmon_wire::translate::{Observe, Translated};

use super::answer::{self, BYTES_PER_TOKEN, provider_error, with};
use super::draft::Draft;
use super::reply::{Ask, Reply, ReplyBody, send};
use super::{Front, fetch, headers, stream};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::errors;
use crate::provider::{Account, ParameterPolicy, Provider, Transport};

/// A request in canonical form, and where it goes.
pub(crate) struct Translating {
    pub(crate) provider: Arc<Provider>,
    /// In which format the provider is asked.
    pub(crate) codec: &'static dyn Codec,
    /// The model as the provider calls it; may be empty.
    pub(crate) model: String,
    pub(crate) request: Request,
    /// Of the conversation: what tokens are guessed from.
    pub(crate) input_bytes: u64,
    /// Losses are refused.
    pub(crate) strict: bool,
}

/// What is on its way to a provider.
struct Outgoing {
    body: Bytes,
    streams: bool,
    losses: Losses,
}

/// Calls the provider, and answers in the caller's format.
pub(crate) async fn answer(
    exchange: &Exchange,
    front: &dyn Front,
    mut translating: Translating,
    echo: Option<Json>,
) -> Result<HttpResponse, GatewayError> {
    front.prepare(exchange, &mut translating.request).await?;
    let outgoing = translating.outgoing(exchange).await?;
    let Translating { provider, codec, model, request, input_bytes, .. } = translating;
    let mut asked = stream::asked(exchange, &request.model, input_bytes);
    if asked.model.is_empty() {
        asked.model.clone_from(&model);
    }
    asked.stream_usage = request.stream_usage;
    asked.echo = echo;
    let caller = caller(exchange);
    let memory = exchange.worker.memory.watch(&caller, codec.format());
    let own = front.observe(exchange, &request, &asked.id);
    let mut observers: Vec<Box<dyn Observe>> = memory.into_iter().chain(own).collect();
    let streams = request.stream;
    drop(request);
    let Outgoing { body, streams: streams_upstream, losses } = outgoing;
    let ask = Ask { codec, model: &model, body, streams: streams_upstream };
    let Reply { status, head, body, account } = send(exchange, Some(front), &provider, ask).await?;
    let error = |error: ProviderError| told_error(front, error, account);
    let response = match body {
        ReplyBody::Whole(body) if !status.is_success() => {
            error(codec.decode_error(status.as_u16(), &body))
        }
        ReplyBody::Whole(body) => match codec.decode_response(&body) {
            Err(Failure::Error(failure)) => error(failure),
            Err(Failure::Invalid(text)) => {
                let invalid = "the provider's answer cannot be read";
                return Err(GatewayError::new(Code::UpstreamInvalid, invalid).detail(text));
            }
            Ok(answer) => {
                let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
                answer::count(&exchange.account, answer.usage, input_bytes, guess);
                exchange.account.first_token();
                if !observers.is_empty() {
                    for delta in unfold(answer.clone()) {
                        observers.iter_mut().for_each(|observer| observer.delta(&delta));
                    }
                }
                whole(exchange, front, answer, asked, streams)
            }
        },
        ReplyBody::Stream(source) => {
            let own = front.codec();
            let pass = Translated::new(codec.decoder(), own.encoder(asked), own, observers);
            let (pass, kind) = (Box::new(pass), own.stream_type());
            let begun =
                stream::answer(exchange, front.dialect(), pass, source, kind, input_bytes).await?;
            match begun {
                stream::Begun::Response(response) => response,
                stream::Begun::Error(status, data) => {
                    provider_error(front.codec(), status, data, account)
                }
            }
        }
    };
    let mut response = with(response, head);
    headers::fidelity(&losses, response.headers_mut());
    exchange.account.set_fidelity(&losses);
    Ok(response)
}

impl Translating {
    /// Writes the request as the provider wants it.
    async fn outgoing(&mut self, exchange: &Exchange) -> Result<Outgoing, GatewayError> {
        let Self { provider, codec, model, request, strict, .. } = self;
        provider.defaults().apply(request);
        bound(exchange, request)?;
        exchange.worker.memory.recall(&caller(exchange), codec.format(), request);
        fetch::inline(exchange, *codec, request).await?;
        let streams = match &provider.transport {
            Transport::Http(http) => request.stream && http.streams,
            Transport::Mock(_) => request.stream,
        };
        let parameters = match provider.parameters {
            ParameterPolicy::Pass => Parameters::Pass,
            ParameterPolicy::Drop | ParameterPolicy::Error => Parameters::Drop,
        };
        let target = Target { model, stream: streams, parameters };
        let mut losses = Losses::default();
        let encoded =
            codec.encode_request(request, &target, &mut losses).map_err(|e| unsupported(&e))?;
        if provider.parameters == ParameterPolicy::Error
            && let Some(loss) = losses.iter().find(|loss| loss.policy)
        {
            let text = format!("the model {model:?} does not take {:?}: {}", loss.field, loss.note);
            return Err(GatewayError::new(Code::Unsupported, text).param(loss.field.clone()));
        }
        if *strict && !losses.is_empty() {
            let text = format!(
                "the provider cannot be told all of this request, and fidelity is strict here: {}",
                losses.header()
            );
            let first = losses.iter().next().map(|loss| loss.field.clone());
            return Err(GatewayError::new(Code::Unsupported, text).param(first.unwrap_or_default()));
        }
        Ok(Outgoing { body: extended(provider, encoded)?, streams, losses })
    }
}

/// The body with the members that its provider gets over all others.
fn extended(provider: &Provider, encoded: Vec<u8>) -> Result<Bytes, GatewayError> {
    let body = Bytes::from(encoded);
    if !provider.extends() {
        return Ok(body);
    }
    let object = Object::scan(&body).map_err(|error| {
        GatewayError::new(Code::Internal, "a translated request is no object")
            .detail(error.to_string())
    })?;
    let mut draft = Draft::of(&object);
    draft.adapt(provider, provider.defaults().rest(), &[])?;
    Ok(draft.finish(&body))
}

/// A key bounds the output of its requests, whether they say a bound or not.
fn bound(exchange: &Exchange, request: &mut Request) -> Result<(), GatewayError> {
    let most = exchange.key.as_ref().and_then(|key| key.constraints()?.max_tokens());
    let Some(most) = most else { return Ok(()) };
    if request.max_tokens.is_some_and(|tokens| tokens > most) {
        let text = format!("this API key may ask for {most} tokens at most");
        return Err(GatewayError::new(Code::Forbidden, text).param("max_tokens"));
    }
    request.max_tokens.get_or_insert(most);
    Ok(())
}

/// For whom the gateway remembers something: the key, and where there is none, the route.
pub(crate) fn caller(exchange: &Exchange) -> Arc<str> {
    match &exchange.key {
        Some(key) => key.id.text(),
        None => exchange.matched.route.id.text(),
    }
}

/// A request that cannot be read.
pub(crate) fn bad(error: &BadRequest) -> GatewayError {
    let told = GatewayError::new(Code::BadRequest, error.message.clone());
    match &error.param {
        Some(param) => told.param(param.clone()),
        None => told,
    }
}

fn unsupported(error: &Unsupported) -> GatewayError {
    GatewayError::new(Code::Unsupported, error.message.clone()).param(error.field)
}

/// A success that came as a whole, in the caller's format.
fn whole(
    exchange: &Exchange,
    front: &dyn Front,
    answer: Response,
    asked: Asked,
    streams: bool,
) -> HttpResponse {
    let codec = front.codec();
    if !streams {
        let mut losses = Losses::default();
        let body = codec.encode_response(&answer, &asked, &mut losses);
        exchange.account.set_answer_fidelity(&losses);
        return HttpResponse::Ok().content_type("application/json").body(body);
    }
    let mut encoder = codec.encoder(asked);
    let mut out = Vec::new();
    unfold(answer).iter().for_each(|delta| encoder.delta(delta, &mut out));
    exchange.account.set_answer_fidelity(encoder.losses());
    exchange.account.set_streamed();
    stream::head(codec.stream_type()).body(out)
}

/// An error of the provider in the caller's format, with the status that its clients know.
fn told_error(
    front: &dyn Front,
    mut error: ProviderError,
    account: Option<&Account>,
) -> HttpResponse {
    if account.is_some_and(|account| account.tells(error.message.as_bytes())) {
        error.message = format!("the provider answered with the status {}", error.status);
    }
    errors::of_provider(front.dialect(), front.codec(), &error)
}

/// Asks a provider on behalf of the gateway, and gathers its answer.
pub(crate) async fn complete(
    exchange: &Exchange,
    provider: &Arc<Provider>,
    model: Option<&str>,
    request: Request,
) -> Result<Response, GatewayError> {
    let model = model.or(provider.default_model.as_deref()).unwrap_or_default();
    let codec = provider.codec(Format::Chat, Some(model)).ok_or_else(no_chats)?;
    let mut translating = Translating {
        provider: Arc::clone(provider),
        codec,
        model: model.to_owned(),
        request,
        input_bytes: 0,
        strict: false,
    };
    translating.request.stream = false;
    let outgoing = translating.outgoing(exchange).await?;
    let ask = Ask { codec, model, body: outgoing.body, streams: false };
    let input_bytes = ask.body.len() as u64;
    let Reply { status, body, account, .. } = send(exchange, None, provider, ask).await?;
    let ReplyBody::Whole(body) = body else {
        return Err(GatewayError::new(Code::Internal, "nobody asked for a stream"));
    };
    let failed = |error: &ProviderError| {
        let tells = account.is_some_and(|account| account.tells(error.message.as_bytes()));
        let detail = if tells { String::new() } else { error.message.clone() };
        let code = match error.kind {
            ErrorKind::RateLimit | ErrorKind::Overloaded => Code::UpstreamUnavailable,
            _ => Code::UpstreamInvalid,
        };
        GatewayError::new(code, format!("the provider answered with the status {}", error.status))
            .detail(detail)
    };
    if !status.is_success() {
        return Err(failed(&codec.decode_error(status.as_u16(), &body)));
    }
    let answer = codec.decode_response(&body).map_err(|failure| match failure {
        Failure::Error(error) => failed(&error),
        Failure::Invalid(text) => {
            GatewayError::new(Code::UpstreamInvalid, "the provider's answer cannot be read")
                .detail(text)
        }
    })?;
    let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
    answer::count(&exchange.account, answer.usage, input_bytes, guess);
    exchange.account.first_token();
    Ok(answer)
}

pub(crate) fn no_chats() -> GatewayError {
    GatewayError::new(Code::Unsupported, "the provider does not serve chats")
}

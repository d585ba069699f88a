//! A request whose provider speaks another format, or whose conversation the gateway changes: read into
//! the canonical form, written in the provider's, and the answer back.

use actix_web::HttpResponse;
use sanmon_wire::canonical::{ErrorKind, ProviderError, Request, Response, unfold};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Asked, Failure, Format};
use sanmon_wire::json::Json;
use sanmon_wire::translate::{Observe, Translated};

use super::answer::{self, BYTES_PER_TOKEN, provider_error, with};
use super::complete::unreadable;
use super::reply::{Ask, Reply, ReplyBody, send};
use super::translating::{Outgoing, Translating, caller, unsupported};
use super::{Front, headers, several, stream};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::prompts;
use crate::protocol::errors;

/// Calls the provider, and answers in the caller's format.
pub(crate) async fn answer(
    exchange: &Exchange,
    front: &dyn Front,
    mut translating: Translating,
    echo: Option<Json>,
) -> Result<HttpResponse, GatewayError> {
    front.prepare(exchange, translating.codec.format(), &mut translating.request)?;
    let mut asked = stream::asked(exchange, &translating.request.model, translating.input_bytes);
    if asked.model.is_empty() {
        asked.model.clone_from(&translating.model);
    }
    asked.stream_usage = translating.request.stream_usage;
    asked.echo = echo;
    if translating.codec.format() != front.codec().format()
        && let Some(mut requests) =
            front.split(&translating.request).map_err(|e| unsupported(&e))?
    {
        let stream = translating.request.stream;
        match (requests.pop(), requests.is_empty()) {
            (Some(only), true) => translating.request = Request { stream, ..only },
            (last, _) => {
                requests.extend(last);
                return several::answer(exchange, front, translating, requests, asked).await;
            }
        }
    }
    // What is remembered of the conversation is what its caller said.
    let own = front.observe(exchange, &translating.request, &asked.id);
    // Around a text that is to be completed nothing can be said.
    if front.codec().format() != Format::Completions {
        prompts::surround(&mut translating.request, exchange);
    }
    let outgoing = translating.outgoing(exchange).await?;
    let Translating { provider, codec, model, request, input_bytes, .. } = translating;
    let caller = caller(exchange);
    let memory = exchange.worker.memory.watch(&caller, codec.format());
    let mut observers: Vec<Box<dyn Observe>> = memory.into_iter().chain(own).collect();
    let streams = request.stream;
    drop(request);
    let Outgoing { body, streams: streams_upstream, losses } = outgoing;
    let ask = Ask { codec, model: &model, body, streams: streams_upstream };
    let Reply { status, head, body, account } = send(exchange, Some(front), &provider, ask).await?;
    let error = |mut error: ProviderError| {
        answer::withhold(&mut error, account);
        told_error(exchange, front, &error)
    };
    let response = match body {
        ReplyBody::Whole(body) if !status.is_success() => {
            error(codec.decode_error(status.as_u16(), &body))
        }
        ReplyBody::Whole(body) => match codec.decode_response(&body) {
            Err(Failure::Error(failure)) => error(failure),
            Err(Failure::Invalid(text)) => return Err(unreadable(text)),
            Ok(answer) => {
                let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
                answer::count(&exchange.account, answer.usage, input_bytes, guess);
                exchange.account.first_token();
                if !observers.is_empty() {
                    for delta in unfold(answer.clone()) {
                        for observer in &mut observers {
                            observer.delta(&delta);
                        }
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
                    let kind = ErrorKind::of_status(status.as_u16());
                    let status = errors::status(front.dialect(), kind, status.as_u16());
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

/// A success that came as a whole, in the caller's format.
pub(super) fn whole(
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
    for delta in unfold(answer) {
        encoder.delta(&delta, &mut out);
    }
    exchange.account.set_answer_fidelity(encoder.losses());
    exchange.account.set_streamed();
    stream::head(codec.stream_type()).body(out)
}

/// An error of the provider in the caller's format, with the status that its clients know.
pub(super) fn told_error(
    exchange: &Exchange,
    front: &dyn Front,
    error: &ProviderError,
) -> HttpResponse {
    errors::of_provider(front.dialect(), front.codec(), error, &exchange.request_id)
}

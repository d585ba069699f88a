//! A request whose provider speaks another format, or whose conversation the gateway changes: read into
//! the canonical form, written in the provider's, and the answer back.

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use sanmon_wire::canonical::{ProviderError, Response, unfold};
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{Asked, Failure, Format};
use sanmon_wire::json::Json;
use sanmon_wire::translate::{Observe, Translated};

use super::answer::{self, BYTES_PER_TOKEN, with};
use super::complete::unreadable;
use super::reply::{Ask, Reply, ReplyBody, send};
use super::request::Request as Caller;
use super::stream::{Begun, Streamed};
use super::translating::{Outgoing, Translating, caller};
use super::{Failed, Front, Trial, headers, several, stream};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::prompts;
use crate::protocol::errors;

/// Calls the provider, and answers in the caller's format.
pub(crate) async fn answer(
    from: &Caller,
    mut translating: Translating<'_>,
    echo: Option<Json>,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let (exchange, front) = (&*from.exchange, &*from.front);
    let asked = prepare(exchange, front, &mut translating, echo)?;
    if let Some(requests) = several::split(front, &mut translating)? {
        return several::answer(exchange, front, translating, requests, asked, trial).await;
    }
    // What is remembered of the conversation is what its caller said.
    let own = front.observe(exchange, &translating.request, &asked.id);
    // Around a text that is to be completed nothing can be said.
    if front.codec().format() != Format::Completions {
        prompts::surround(&mut translating.request, exchange);
    }
    let outgoing = translating.outgoing(exchange).await?;
    let Translating { whom, codec, model, request, input_bytes, .. } = translating;
    let memory = exchange.worker.memory.watch(&caller(exchange), codec.format());
    let mut observers: Vec<Box<dyn Observe>> = memory.into_iter().chain(own).collect();
    let streams = request.stream;
    drop(request);
    let Outgoing { body, streams: streams_upstream, losses } = outgoing;
    let ask = Ask { codec, model: &model, body, streams: streams_upstream };
    let Reply { status, head, body, account } =
        send(exchange, Some(front), whom, ask, trial).await?;
    let error = |mut error: ProviderError| {
        answer::withhold(&mut error, account);
        told_error(exchange, front, error, &head)
    };
    let response = match body {
        ReplyBody::Whole(body) if !status.is_success() => {
            return Err(error(codec.decode_error(status.as_u16(), &body)));
        }
        ReplyBody::Whole(body) => match codec.decode_response(&body) {
            Err(Failure::Error(failure)) => return Err(error(failure)),
            Err(Failure::Invalid(text)) => return Err(unreadable(text).into()),
            Ok(answer) => {
                let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
                answer::count(exchange, trial, answer.usage, input_bytes, guess);
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
            let streamed = Streamed {
                pass: Box::new(pass),
                dialect: front.dialect(),
                kind: own.stream_type(),
                input_bytes,
                beginning: whom.beginning(trial),
            };
            match streamed.answer(exchange, source, Some(trial)).await? {
                Begun::Response(response) => response,
                Begun::Error(event) => {
                    // It is written in the caller's format already.
                    return Err(error(own.decode_error(event.status.unwrap_or(200), &event.data)));
                }
            }
        }
    };
    let mut response = with(response, head);
    headers::fidelity(&losses, response.headers_mut());
    exchange.account.set_fidelity(&losses);
    Ok(response)
}

/// Changes the request as its protocol has it; what the encoder of its answer has to know.
fn prepare(
    exchange: &Exchange,
    front: &dyn Front,
    translating: &mut Translating<'_>,
    echo: Option<Json>,
) -> Result<Asked, GatewayError> {
    front.prepare(exchange, translating.codec.format(), &mut translating.request)?;
    let mut asked = stream::asked(exchange, &translating.request.model, translating.input_bytes);
    if asked.model.is_empty() {
        asked.model.clone_from(&translating.model);
    }
    asked.stream_usage = translating.request.stream_usage;
    asked.echo = echo;
    Ok(asked)
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
    error: ProviderError,
    head: &HeaderMap,
) -> Box<Failed> {
    let response =
        errors::of_provider(front.dialect(), front.codec(), &error, &exchange.request_id);
    Failed::provider(error, with(response, head.clone()), head)
}

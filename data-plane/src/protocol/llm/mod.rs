//! One call of a model, whatever the client speaks and whatever the provider does. A protocol is a
//! [`Front`]; where its provider speaks the same format the bytes pass through (`native`), elsewhere
//! requests and answers are translated (`translated`).

pub(crate) mod answer;
mod asked;
pub(crate) mod body;
mod complete;
mod count;
pub(crate) mod draft;
mod fetch;
mod front;
pub(crate) mod headers;
mod memory;
pub(crate) mod model;
mod native;
pub(crate) mod pieces;
mod reply;
mod several;
pub(crate) mod stream;
mod translated;
mod translating;

use actix_web::HttpResponse;
use bytes::Bytes;
use sanmon_shared::resources;
use sanmon_wire::json::{Json, Members, Object};

pub(crate) use complete::complete;
pub(crate) use count::count;
pub(crate) use front::{Forwards, Front, Shape};
pub(crate) use memory::Memory;
pub(crate) use translating::{bad, unsupported};

use self::asked::Asking;
use self::native::Prepared;
use self::translating::{Translating, no_chats};
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::prompts;
use crate::protocol::refs::Refs;
use crate::provider::{Fidelity, ParameterPolicy, Provider};

/// How a request travels.
enum Way {
    /// As it is.
    Native(Prepared),
    /// In another format; with what its answer repeats.
    Translated(Box<Translating>, Option<Json>),
}

/// Answers a request of `front`'s protocol from one of the providers.
pub(crate) async fn answer(
    exchange: &mut Exchange,
    front: &dyn Front,
    refs: &Refs<resources::Provider>,
) -> Result<HttpResponse, GatewayError> {
    let (body, members) = body::read(exchange).await?;
    answer_body(exchange, front, refs, body, members).await
}

/// The same, the body having been read.
pub(crate) async fn answer_body(
    exchange: &Exchange,
    front: &dyn Front,
    refs: &Refs<resources::Provider>,
    body: Bytes,
    members: Members,
) -> Result<HttpResponse, GatewayError> {
    let way = way(exchange, front, refs, &body, members)?;
    drop(body);
    match way {
        Way::Native(prepared) => native::answer(exchange, front, prepared).await,
        Way::Translated(translating, echo) => {
            Box::pin(translated::answer(exchange, front, *translating, echo)).await
        }
    }
}

fn way(
    exchange: &Exchange,
    front: &dyn Front,
    refs: &Refs<resources::Provider>,
    body: &Bytes,
    members: Members,
) -> Result<Way, GatewayError> {
    let object = Object::new(body, members);
    let asking = Asking::of(exchange, refs, front.shape(), &object)?;
    let provider = &asking.chosen.provider;
    let model = asking.chosen.model.as_deref();
    let codec = provider.codec(front.codec().format(), model).ok_or_else(no_chats)?;
    let same = codec.format() == front.codec().format();
    if same && passes(exchange, front, provider) && front.passes(body) {
        return Ok(Way::Native(Prepared::of(exchange, front, body, &asking)?));
    }
    let mut request = front.codec().decode_request(body).map_err(|e| bad(&e))?;
    request.stream = asking.streams;
    prompts::rewrite(&mut request, exchange, body)?;
    if asking.chosen.names_provider() {
        request.extras.retain(|extra| extra.name != "provider");
    }
    let echo = front.echo(body, &request);
    let translating = Translating {
        codec,
        model: model.unwrap_or_default().to_owned(),
        request,
        input_bytes: asking.input_bytes,
        strict: [provider.fidelity, refs.fidelity].contains(&Fidelity::Strict),
        provider: std::sync::Arc::clone(provider),
    };
    Ok(Way::Translated(Box::new(translating), echo))
}

/// Whether a request can go to a provider that speaks its format as it is: nothing of the conversation
/// changes, and the provider's options are in the words of this format.
fn passes(exchange: &Exchange, front: &dyn Front, provider: &Provider) -> bool {
    exchange.prompts.is_empty()
        && !front.always_translates()
        && provider.parameters != ParameterPolicy::Error
        && provider.options_fit(front.codec().format())
}

//! One call of a model, whatever the client speaks and whatever the provider does. A protocol is a
//! [`Front`]; where its provider speaks the same format the bytes pass through (`native`), elsewhere
//! requests and answers are translated (`translated`).

pub(crate) mod answer;
mod asked;
pub(crate) mod body;
pub(crate) mod draft;
mod fetch;
mod front;
pub(crate) mod headers;
mod memory;
pub(crate) mod model;
mod native;
pub(crate) mod pieces;
mod reply;
mod stream;
mod translated;

use actix_web::HttpResponse;
use sanmon_shared::resources;
use sanmon_wire::json::{Json, Members, Object};

pub(crate) use front::{Front, Shape};
pub(crate) use memory::Memory;
pub(crate) use translated::{caller, complete};

use self::asked::Asking;
use self::native::Prepared;
use self::translated::Translating;
use crate::error::GatewayError;
use crate::exchange::Exchange;
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
    body: &bytes::Bytes,
    members: Members,
) -> Result<Way, GatewayError> {
    let object = Object::new(body, members);
    let asking = Asking::of(exchange, refs, front.shape(), &object)?;
    let provider = &asking.chosen.provider;
    let model = asking.chosen.model.as_deref();
    let codec = provider.codec(front.codec().format(), model).ok_or_else(translated::no_chats)?;
    if codec.format() == front.codec().format() && passes(front, provider) {
        return Ok(Way::Native(Prepared::of(exchange, front, body, &asking)?));
    }
    let mut request = front.codec().decode_request(body).map_err(|e| translated::bad(&e))?;
    request.stream = asking.streams;
    if asking.chosen.names_provider() {
        request.extras.retain(|extra| extra.name != "provider");
    }
    let translating = Translating {
        codec,
        model: model.unwrap_or_default().to_owned(),
        request,
        input_bytes: asking.input_bytes,
        strict: [provider.fidelity, refs.fidelity].contains(&Fidelity::Strict),
        provider: std::sync::Arc::clone(provider),
    };
    Ok(Way::Translated(Box::new(translating), front.echo(body)))
}

/// Whether a request can go to a provider that speaks its format as it is: nothing of the conversation
/// changes, and the provider's options are in the words of this format.
fn passes(front: &dyn Front, provider: &Provider) -> bool {
    !front.always_translates()
        && provider.parameters != ParameterPolicy::Error
        && provider.options_fit(front.codec().format())
}

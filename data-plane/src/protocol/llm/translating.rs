//! A request in canonical form, on its way into the words of its provider.

use std::sync::Arc;

use bytes::Bytes;
use sanmon_wire::canonical::Request;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::format::{BadRequest, Codec, Parameters, Target, Unsupported};
use sanmon_wire::json::Object;

use super::Whom;
use super::draft::Draft;
use super::fetch;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::provider::{ParameterPolicy, Provider, Transport};

/// A request in canonical form, and where it goes.
pub(crate) struct Translating<'c> {
    pub(crate) whom: Whom<'c>,
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
pub(crate) struct Outgoing {
    pub(crate) body: Bytes,
    pub(crate) streams: bool,
    pub(crate) losses: Losses,
}

impl Translating<'_> {
    /// Writes the request as the provider wants it.
    pub(crate) async fn outgoing(&mut self, exchange: &Exchange) -> Result<Outgoing, GatewayError> {
        self.complete(exchange)?;
        fetch::inline(exchange, self.codec, &mut self.request).await?;
        self.written()
    }

    /// Adds what the provider's document and the gateway's memory have of the request.
    pub(crate) fn complete(&mut self, exchange: &Exchange) -> Result<(), GatewayError> {
        let Self { whom, codec, request, .. } = self;
        whom.provider().defaults().apply(request);
        bound(exchange, request)?;
        exchange.worker.memory.recall(&caller(exchange), codec.format(), request);
        Ok(())
    }

    /// The request in the words of the provider.
    pub(crate) fn written(&self) -> Result<Outgoing, GatewayError> {
        let Self { whom, codec, model, request, strict, .. } = self;
        let provider = whom.provider();
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
        if let Some(first) = losses.first_of_meaning().filter(|_| *strict) {
            let text = format!(
                "the provider cannot be told all of this request, and fidelity is strict here: {}",
                losses.header()
            );
            return Err(GatewayError::new(Code::Unsupported, text).param(first.field.clone()));
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

pub(crate) fn unsupported(error: &Unsupported) -> GatewayError {
    GatewayError::new(Code::Unsupported, error.message.clone()).param(error.field)
}

pub(crate) fn no_chats() -> GatewayError {
    GatewayError::new(Code::Unsupported, "the provider does not serve chats")
}

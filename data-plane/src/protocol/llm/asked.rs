//! What a request asks for, as far as everybody has to know: of which provider, which model, and
//! whether its caller may.

use sanmon_shared::resources;
use sanmon_wire::json::Object;

use super::Shape;
use super::body::{flag, present};
use super::model::Wanted;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::refs::Refs;
use crate::snapshot::Constraints;

/// What a request asks for, whoever answers it.
pub(crate) struct Asking {
    /// Whom, and which model.
    pub(crate) wanted: Wanted,
    /// The caller wants a stream.
    pub(crate) streams: bool,
    /// Of the conversation: what tokens are guessed from.
    pub(crate) input_bytes: u64,
    /// The most that the request or its key lets come out; not looked for where nothing limits tokens.
    pub(crate) max_output: Option<u64>,
}

impl Asking {
    /// Reads it.
    pub(crate) fn of(
        exchange: &Exchange,
        refs: &Refs<resources::Provider>,
        shape: &Shape,
        object: &Object<'_>,
    ) -> Result<Self, GatewayError> {
        let wanted = Wanted::of(exchange, refs, object)?;
        let streams = flag(object, "stream")? == Some(true) || asks_to_stream(exchange);
        if let Some(constraints) = exchange.key.as_ref().and_then(|key| key.constraints()) {
            check(object, shape, constraints, streams)?;
        }
        let mut input_bytes = 0;
        for name in shape.input {
            input_bytes += present(object, name)?.map_or(0, |input| input.raw.len() as u64);
        }
        let max_output =
            if exchange.limits.is_empty() { None } else { bound(exchange, shape, object)? };
        Ok(Self { wanted, streams, input_bytes, max_output })
    }
}

/// `?stream=true` and `x-stream: true` ask for a stream as the body can.
fn asks_to_stream(exchange: &Exchange) -> bool {
    let header = exchange.request.headers().get("x-stream");
    header.is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"true"))
        || exchange.request.query_string().split('&').any(|pair| pair == "stream=true")
}

/// The bound of the output.
fn bound(
    exchange: &Exchange,
    shape: &Shape,
    object: &Object<'_>,
) -> Result<Option<u64>, GatewayError> {
    for name in shape.limits {
        if let Some(tokens) = present(object, name)?.and_then(|value| value.number()) {
            return Ok(Some(tokens));
        }
    }
    Ok(exchange.key.as_ref().and_then(|key| key.constraints()?.max_tokens()))
}

/// What a key's requests may ask for.
fn check(
    object: &Object<'_>,
    shape: &Shape,
    constraints: &Constraints,
    streams: bool,
) -> Result<(), GatewayError> {
    if streams && !constraints.allows_streams() {
        let text = "this API key may not ask for streams";
        return Err(GatewayError::new(Code::Forbidden, text).param("stream"));
    }
    if !constraints.allows_tools() {
        for &name in shape.tools {
            if present(object, name)?.is_some_and(|tools| tools.raw != b"[]") {
                let text = "this API key may not use tools";
                return Err(GatewayError::new(Code::Forbidden, text).param(name));
            }
        }
    }
    Ok(())
}

//! A chat request on its way to its provider: who may ask for what, and what of it changes.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sanmon_shared::resources;
use sanmon_wire::json::{Edits, Members, Object, Value};

use super::body::{flag, get, present, wrong};
use super::draft::Draft;
use super::model;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::protocol::refs::Refs;
use crate::provider::{Provider, Transport};
use crate::snapshot::Constraints;

/// Members that bound the output of a chat; a body should have one of them at most.
const TOKEN_LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// A request as its provider gets it.
pub(crate) struct ChatRequest {
    /// Where it goes.
    pub(crate) provider: Arc<Provider>,
    /// What it says there.
    pub(crate) body: Bytes,
    /// The caller wants a stream.
    pub(crate) streams: bool,
    /// The provider is asked for one.
    pub(crate) streams_upstream: bool,
    /// The caller asked for usage in its stream.
    pub(crate) wants_usage: bool,
    /// Members that the provider refuses and that were left out.
    pub(crate) dropped: Vec<&'static str>,
    /// Of the messages: what tokens are guessed from.
    pub(crate) input_bytes: u64,
}

impl ChatRequest {
    /// Decides where the request goes and what it says there.
    pub(crate) fn prepare(
        exchange: &Exchange,
        refs: &Refs<resources::Provider>,
        body: &Bytes,
        members: Members,
    ) -> Result<Self, GatewayError> {
        let object = Object::new(body, members);
        let chosen = model::choose(exchange, refs, &object)?;
        let provider = Arc::clone(&chosen.provider);
        let mut draft = Draft::of(&object);
        chosen.write(&mut draft)?;
        let in_body = flag(&object, "stream")?;
        let streams = in_body == Some(true) || asks_to_stream(exchange);
        let constraints = exchange.key.as_ref().and_then(|key| key.constraints());
        if let Some(constraints) = constraints {
            check(&object, constraints, streams)?;
        }
        limit_tokens(&mut draft, &provider, constraints.and_then(Constraints::max_tokens))?;
        draft.adapt(&provider, &TOKEN_LIMITS)?;
        let streams_upstream = match &provider.transport {
            Transport::Http(http) => streams && http.streams,
            Transport::Mock(_) => streams,
        };
        if streams_upstream != (in_body == Some(true)) {
            draft.set("stream", if streams_upstream { &b"true"[..] } else { b"false" })?;
        }
        let stream_options = present(&object, "stream_options")?;
        let wants_usage = includes_usage(stream_options.as_ref())?;
        if streams && !streams_upstream {
            draft.remove("stream_options")?;
        } else if streams && provider.kind.stream_options && !wants_usage {
            draft.set("stream_options", with_usage(stream_options.as_ref())?)?;
        }
        let input = present(&object, "messages")?.map_or(0, |messages| messages.raw.len() as u64);
        Ok(Self {
            body: draft.finish(body),
            streams,
            streams_upstream,
            wants_usage,
            dropped: std::mem::take(&mut draft.dropped),
            input_bytes: input,
            provider: chosen.provider,
        })
    }
}

/// `?stream=true` and `x-stream: true` ask for a stream as the body can.
fn asks_to_stream(exchange: &Exchange) -> bool {
    let header = exchange.request.headers().get("x-stream");
    header.is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"true"))
        || exchange.request.query_string().split('&').any(|pair| pair == "stream=true")
}

/// What a key's requests may ask for.
fn check(
    object: &Object<'_>,
    constraints: &Constraints,
    streams: bool,
) -> Result<(), GatewayError> {
    if streams && !constraints.allows_streams() {
        let text = "this API key may not ask for streams";
        return Err(GatewayError::new(Code::Forbidden, text).param("stream"));
    }
    if !constraints.allows_tools() {
        for name in ["tools", "functions"] {
            if present(object, name)?.is_some_and(|tools| tools.raw != b"[]") {
                let text = "this API key may not use tools";
                return Err(GatewayError::new(Code::Forbidden, text).param(name));
            }
        }
    }
    Ok(())
}

/// Sees to it that the bound of the output is the caller's, else the provider's option, and never
/// beyond what the key may ask for.
fn limit_tokens<'a>(
    draft: &mut Draft<'a>,
    provider: &'a Provider,
    most: Option<u64>,
) -> Result<(), GatewayError> {
    let option = provider.options.members.iter().find(|m| TOKEN_LIMITS.contains(&&*m.name));
    let mut asked = false;
    for name in TOKEN_LIMITS {
        let Some(value) = present(draft.object, name)? else {
            // `null` would stand beside what is inserted.
            draft.remove(name)?;
            continue;
        };
        let tokens = value.number();
        if provider.options.win && option.is_some() {
            draft.remove_value(&value);
            continue;
        }
        asked = true;
        if let Some(most) = most {
            let tokens = tokens.ok_or_else(|| wrong(name, "a whole number"))?;
            if tokens > most {
                let text = format!("this API key may ask for {most} tokens at most");
                return Err(GatewayError::new(Code::Forbidden, text).param(name));
            }
        }
    }
    if asked {
        return Ok(());
    }
    let configured = option.and_then(|option| option.value.json().parse::<u64>().ok());
    let bound = match (configured, most) {
        (Some(configured), Some(most)) => configured.min(most),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Ok(()),
    };
    let name = option.map_or(provider.kind.max_tokens, |option| &option.name);
    draft.insert(provider, name, bound.to_string().into_bytes())
}

/// Whether the caller asked for usage at the end of its stream.
fn includes_usage(stream_options: Option<&Value<'_>>) -> Result<bool, GatewayError> {
    let Some(options) = stream_options else { return Ok(false) };
    let options = options.object().ok_or_else(|| wrong("stream_options", "an object"))?;
    Ok(flag(&options, "include_usage")? == Some(true))
}

/// `stream_options` with usage asked for, and everything else as the caller has it.
fn with_usage(stream_options: Option<&Value<'_>>) -> Result<Cow<'static, [u8]>, GatewayError> {
    let Some(options) = stream_options.and_then(Value::object) else {
        return Ok(Cow::Borrowed(br#"{"include_usage":true}"#));
    };
    let mut edits = Edits::default();
    match get(&options, "include_usage")? {
        Some(value) => edits.replace(value.index, b"true".as_slice()),
        None => edits.insert("include_usage", b"true".as_slice()),
    }
    Ok(Cow::Owned(edits.apply(&options)))
}

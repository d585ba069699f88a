//! A request whose provider speaks its format: bytes pass through, and what policy decides about is
//! found and changed by offset.

use std::borrow::Cow;
use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use sanmon_wire::canonical::unfold;
use sanmon_wire::fidelity::Losses;
use sanmon_wire::json::{Edits, Object, Value};

use super::answer::{self, BYTES_PER_TOKEN, Checked, checked, refused, with};
use super::body::{flag, get, present, wrong};
use super::draft::Draft;
use super::model::Chosen;
use super::reply::{Ask, Reply, ReplyBody, send};
use super::request::Request;
use super::stream::{Begun, Streamed};
use super::{Failed, Front, Trial, Whom, headers, stream};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::provider::{Provider, Transport};

/// A request as its provider gets it.
pub(crate) struct Prepared<'c> {
    whom: Whom<'c>,
    /// The model as the provider calls it.
    model: Option<Rc<str>>,
    body: Bytes,
    /// The caller wants a stream.
    streams: bool,
    /// The provider is asked for one.
    streams_upstream: bool,
    /// The caller asked for usage in its stream.
    wants_usage: bool,
    /// Members that the provider refuses and that were left out.
    pub(crate) losses: Losses,
    /// Of the conversation: what tokens are guessed from.
    input_bytes: u64,
}

impl<'c> Prepared<'c> {
    /// Changes what has to be changed.
    pub(crate) fn of(
        request: &Request,
        body: &Bytes,
        object: &Object<'_>,
        chosen: &Chosen<'_>,
        whom: Whom<'c>,
    ) -> Result<Self, GatewayError> {
        let Request { exchange, front, asking, .. } = request;
        let shape = front.shape();
        let provider = whom.provider();
        let mut draft = Draft::of(object);
        chosen.write(&mut draft)?;
        let in_body = flag(object, "stream")?;
        let streams = asking.streams;
        let most = exchange.key.as_ref().and_then(|key| key.constraints()?.max_tokens());
        limit_tokens(&mut draft, provider, shape.limits, most)?;
        draft.adapt(provider, &provider.options.members, shape.limits)?;
        let streams_upstream = match &provider.transport {
            Transport::Http(http) => streams && http.streams,
            Transport::Mock(_) => streams,
        };
        if streams_upstream != (in_body == Some(true)) {
            draft.set("stream", if streams_upstream { &b"true"[..] } else { b"false" })?;
        }
        let mut wants_usage = true;
        if shape.stream_options {
            let stream_options = present(object, "stream_options")?;
            wants_usage = includes_usage(stream_options.as_ref())?;
            if streams && !streams_upstream {
                draft.remove("stream_options")?;
            } else if streams && provider.kind.stream_options && !wants_usage {
                draft.set("stream_options", with_usage(stream_options.as_ref())?)?;
            }
        }
        Ok(Self {
            body: draft.finish(body),
            model: chosen.model.clone(),
            streams,
            streams_upstream,
            wants_usage,
            losses: std::mem::take(&mut draft.losses),
            input_bytes: asking.input_bytes,
            whom,
        })
    }
}

/// Calls the provider, and passes its answer on.
pub(crate) async fn answer(
    request: &Request,
    prepared: Prepared<'_>,
    trial: &mut Trial,
) -> Result<HttpResponse, Box<Failed>> {
    let (exchange, front) = (&*request.exchange, &*request.front);
    let codec = front.codec();
    let ask = Ask {
        codec,
        model: prepared.model.as_deref().unwrap_or_default(),
        body: prepared.body.clone(),
        streams: prepared.streams_upstream,
    };
    let Reply { status, head, body, account } =
        send(exchange, Some(front), prepared.whom, ask, trial).await?;
    let error = |status, said| refused(codec, status, said, account, &head);
    let response = match body {
        ReplyBody::Whole(body) if !status.is_success() => {
            return Err(error(status.as_u16(), body));
        }
        ReplyBody::Whole(body) => match checked(front, &body)? {
            Checked::Error => return Err(error(200, body)),
            Checked::Answer(usage) => {
                let response = whole(exchange, front, &prepared, status, body.clone())?;
                let guess = (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
                answer::count(exchange, trial, usage, prepared.input_bytes, guess);
                front.passed(exchange, prepared.whom.candidate, &body);
                response
            }
        },
        ReplyBody::Stream(source) => {
            let streamed = Streamed {
                pass: front.pass(exchange, prepared.whom.candidate, !prepared.wants_usage),
                dialect: front.dialect(),
                kind: codec.stream_type(),
                input_bytes: prepared.input_bytes,
                beginning: prepared.whom.beginning(trial),
            };
            match streamed.answer(exchange, source, Some(trial)).await? {
                Begun::Response(response) => response,
                Begun::Error(event) => {
                    return Err(error(event.status.unwrap_or(200), event.data));
                }
            }
        }
    };
    let mut response = with(response, head);
    headers::fidelity(&prepared.losses, response.headers_mut());
    exchange.account.set_fidelity(&prepared.losses);
    Ok(response)
}

/// A success that came as a whole: passed on as it is, or as the stream that the caller wants.
fn whole(
    exchange: &Exchange,
    front: &dyn Front,
    request: &Prepared<'_>,
    status: StatusCode,
    body: Bytes,
) -> Result<HttpResponse, GatewayError> {
    if !request.streams {
        return Ok(HttpResponse::build(status).content_type("application/json").body(body));
    }
    let codec = front.codec();
    let answer = codec.decode_response(&body).map_err(|failure| {
        GatewayError::new(Code::UpstreamInvalid, "the provider's answer cannot be read")
            .detail(failure.to_string())
    })?;
    let model = request.model.as_deref().unwrap_or_default();
    let mut asked = stream::asked(exchange, model, request.input_bytes);
    asked.stream_usage = request.wants_usage;
    let mut encoder = codec.encoder(asked);
    let mut out = Vec::with_capacity(body.len() + 512);
    for delta in unfold(answer) {
        encoder.delta(&delta, &mut out);
    }
    exchange.account.set_streamed();
    Ok(stream::head(codec.stream_type()).body(out))
}

/// Sees to it that the bound of the output is the caller's, else the provider's option, and never
/// beyond what the key may ask for.
fn limit_tokens<'a>(
    draft: &mut Draft<'a>,
    provider: &'a Provider,
    limits: &'static [&'static str],
    most: Option<u64>,
) -> Result<(), GatewayError> {
    let option = provider.options.members.iter().find(|m| limits.contains(&&*m.name));
    let mut asked = false;
    for &name in limits {
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
    let own = Some(provider.kind.max_tokens).filter(|own| limits.contains(own));
    let name = own.or(limits.first().copied()).unwrap_or_default();
    let name = option.map_or(name, |option| &option.name);
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

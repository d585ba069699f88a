//! Requests, both ways. <https://platform.openai.com/docs/api-reference/completions>

use serde::Deserialize;

use crate::canonical::{Message, Native, Part, Request, Role, Text};
use crate::chat::read::why;
use crate::fidelity::Losses;
use crate::format::{BadRequest, Format, Target, Unsupported};
use crate::json::{Elements, Json, Object, ObjectWriter, Value, ValueKind};
use crate::lenient::TextOr;

/// Reads a request. Members that only this format knows become extras.
pub(super) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let object = Object::scan(body).map_err(|error| BadRequest {
        message: format!("the body is no JSON object: {error}"),
        param: None,
    })?;
    let mut request = Request::default();
    for (name, value) in object.iter() {
        if !value.is_null() {
            member(&mut request, &name, &value)?;
        }
    }
    request.stream_usage &= request.stream;
    let prompted = request.extras.iter().any(|extra| extra.name == "prompt");
    if request.messages.is_empty() && !prompted {
        return Err(BadRequest::new("prompt", "prompt: it is missing or empty"));
    }
    Ok(request)
}

fn member(request: &mut Request, name: &str, value: &Value<'_>) -> Result<(), BadRequest> {
    match name {
        "prompt" => prompt(request, value)?,
        "model" => request.model = read(name, value)?,
        "stream" => request.stream = read(name, value)?,
        "stream_options" => {
            let asked = value.object().and_then(|object| object.first("include_usage")?.bool());
            request.stream_usage = asked.unwrap_or(false);
        }
        "max_tokens" => request.max_tokens = read(name, value)?,
        "temperature" => request.temperature = read(name, value)?,
        "top_p" => request.top_p = read(name, value)?,
        "top_k" => request.top_k = value.number(),
        "frequency_penalty" => request.frequency_penalty = read(name, value)?,
        "presence_penalty" => request.presence_penalty = read(name, value)?,
        "stop" => {
            request.stop = match read(name, value)? {
                TextOr::Text(text) => vec![text],
                TextOr::List(list) => list,
            };
            request.stop.retain(|stop: &String| !stop.is_empty());
        }
        "seed" => request.seed = read(name, value)?,
        "n" => request.n = read(name, value)?,
        "logit_bias" => request.logit_bias = read(name, value)?,
        "logprobs" => {
            request.top_logprobs = read(name, value)?;
            request.logprobs = Some(true);
        }
        "user" => request.user = read(name, value)?,
        _ => request.extras.extend(native(name, value)),
    }
    Ok(())
}

/// One text becomes a message; several, or tokens, stay what they are.
fn prompt(request: &mut Request, value: &Value<'_>) -> Result<(), BadRequest> {
    let only = || {
        let mut prompts = Elements::of(value.raw);
        let first = prompts.next()?;
        (prompts.next().is_none() && first.kind == ValueKind::String).then(|| first.text())?
    };
    match value.kind {
        ValueKind::String | ValueKind::Array => {}
        _ => return Err(BadRequest::new("prompt", "prompt: it is neither a string nor a list")),
    }
    match value.text().or_else(only) {
        Some(text) => {
            let text = Part::Text(Text::new(text));
            request.messages.push(Message::new(Role::User, vec![text]));
        }
        None if Elements::of(value.raw).next().is_none() => {}
        None => request.extras.extend(native("prompt", value)),
    }
    Ok(())
}

fn native(name: &str, value: &Value<'_>) -> Option<Native> {
    let json = Json::parse(std::str::from_utf8(value.raw).ok()?)?;
    Some(Native { format: Format::Completions, name: name.to_owned(), json })
}

fn read<'a, T: Deserialize<'a>>(name: &str, value: &Value<'a>) -> Result<T, BadRequest> {
    serde_json::from_slice(value.raw)
        .map_err(|error| BadRequest::new(name, format!("{name}: {}", why(&error))))
}

/// Writes a request; the conversation has to be one text of the user.
pub(super) fn encode(
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    impossible(request)?;
    dropped(request, losses);
    let mut out = Vec::with_capacity(512);
    let mut body = ObjectWriter::open(&mut out);
    body.text("model", target.model);
    if let Some(text) = prompt_of(request)? {
        body.text("prompt", &text);
    }
    body.option("max_tokens", request.max_tokens.as_ref());
    body.option("temperature", request.temperature.as_ref());
    body.option("top_p", request.top_p.as_ref());
    body.option("frequency_penalty", request.frequency_penalty.as_ref());
    body.option("presence_penalty", request.presence_penalty.as_ref());
    if !request.stop.is_empty() {
        body.value("stop", &request.stop);
    }
    body.option("seed", request.seed.as_ref());
    body.option("n", request.n.as_ref());
    body.option("logit_bias", request.logit_bias.as_ref());
    if request.logprobs == Some(true) {
        body.value("logprobs", &request.top_logprobs.unwrap_or(0));
    }
    body.option("user", request.user.as_deref());
    for extra in &request.extras {
        if extra.format == Format::Completions {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(extra.name.clone());
        }
    }
    if target.stream {
        body.value("stream", &true);
        body.key("stream_options").extend_from_slice(b"{\"include_usage\":true}");
    }
    body.close();
    Ok(out)
}

/// What an answer without it would pretend to have done.
fn impossible(request: &Request) -> Result<(), Unsupported> {
    let no = |field, message: &str| Err(Unsupported::new(field, message));
    if !request.tools.is_empty() {
        return no("tools", "legacy completions call no tools");
    }
    if request.output.is_some() {
        return no("output", "legacy completions take no form of output");
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return no("modalities", "legacy completions are text");
    }
    if request.previous_response_id.is_some() {
        return no("previous_response_id", "the provider keeps no answers");
    }
    Ok(())
}

fn dropped(request: &Request, losses: &mut Losses) {
    let mut parts = request.messages.iter().flat_map(|message| &message.content);
    if parts.any(|part| matches!(part, Part::Text(text) if text.cache.is_some())) {
        losses.dropped("messages.cache");
    }
    for (field, there) in [
        ("tool_choice", request.tool_choice.is_some()),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
        ("top_k", request.top_k.is_some()),
        ("reasoning", request.reasoning.is_some()),
        ("verbosity", request.verbosity.is_some()),
        ("audio", request.audio.is_some()),
        ("prediction", request.prediction.is_some()),
        ("safety_identifier", request.safety_identifier.is_some()),
        ("metadata", !request.metadata.is_empty()),
        ("service_tier", request.service_tier.is_some()),
        ("store", request.store == Some(true)),
        ("prompt_cache_key", request.prompt_cache_key.is_some()),
        ("cache", request.cache.is_some()),
    ] {
        if there {
            losses.dropped(field);
        }
    }
}

/// The one text; `None` where the prompts are an extra.
fn prompt_of(request: &Request) -> Result<Option<String>, Unsupported> {
    let message = match request.messages.as_slice() {
        [] => return Ok(None),
        [message] if message.role == Role::User && message.name.is_none() => message,
        _ => {
            let message = "legacy completions take one prompt, and no conversation";
            return Err(Unsupported::new("messages", message));
        }
    };
    let mut texts = Vec::new();
    for part in &message.content {
        let Part::Text(text) = part else {
            let message = "legacy completions take text alone";
            return Err(Unsupported::new("messages.content", message));
        };
        texts.push(text.text.as_str());
    }
    Ok(Some(texts.join("\n\n")))
}

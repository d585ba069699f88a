//! A request of an OpenAI client, read.

use std::borrow::Cow;

use serde::Deserialize;

use crate::canonical::{Effort, OutputFormat, ReasoningRequest, Request};
use crate::format::BadRequest;
use crate::json::{Elements, Json, Object, Value};
use crate::lenient::TextOr;

use super::super::read::{cache, native, why};
use super::{messages, tools};

/// Reads a request, whosever dialect it is in. Members that are not known become extras.
pub(in crate::chat) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let object = Object::scan(body).map_err(|error| BadRequest {
        message: format!("the body is no JSON object: {error}"),
        param: None,
    })?;
    let mut request = Request::default();
    let mut late = Late::default();
    for (name, value) in object.iter() {
        if !value.is_null() {
            member(&mut request, &mut late, &name, &value)?;
        }
    }
    if object.first("messages").is_none() {
        return Err(BadRequest::new("messages", "messages: it is missing"));
    }
    request.max_tokens = late.max_completion_tokens.or(late.max_tokens);
    request.stream_usage &= request.stream;
    tools::resolve(&mut request, late.function_call);
    Ok(request)
}

/// What can be decided about when every member has been seen.
#[derive(Default)]
struct Late {
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    function_call: Option<String>,
}

fn member(
    request: &mut Request,
    late: &mut Late,
    name: &str,
    value: &Value<'_>,
) -> Result<(), BadRequest> {
    match name {
        "model" => request.model = read(name, value)?,
        "messages" => request.messages = messages::decode(value)?,
        "tools" | "functions" => request.tools.extend(tools::decode(name, value)?),
        "tool_choice" => request.tool_choice = tools::choice(value)?,
        "function_call" => late.function_call = Some(tools::function_call(value)?),
        "parallel_tool_calls" => request.parallel_tool_calls = read(name, value)?,
        "stream" => request.stream = read(name, value)?,
        "stream_options" => request.stream_usage = flag(value, "include_usage"),
        "max_tokens" => late.max_tokens = Some(whole(name, value)?),
        "max_completion_tokens" => late.max_completion_tokens = Some(whole(name, value)?),
        "temperature" => request.temperature = read(name, value)?,
        "top_p" => request.top_p = read(name, value)?,
        // Some servers take -1 for all.
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
        "seed" | "random_seed" => request.seed = read(name, value)?,
        "n" => request.n = Some(whole(name, value)?),
        "logit_bias" => {
            let bias =
                json(value).filter(|bias| !bias.text().trim_matches(['{', '}', ' ']).is_empty());
            request.logit_bias = bias;
        }
        "logprobs" => match value.number() {
            // Together and Fireworks take the number here.
            Some(top) => {
                request.logprobs = Some(true);
                request.top_logprobs = Some(top);
            }
            None => request.logprobs = read(name, value)?,
        },
        "top_logprobs" => request.top_logprobs = Some(whole(name, value)?),
        "response_format" => output(request, value)?,
        "reasoning_effort" => match Effort::of(&value.text().unwrap_or_default()) {
            Some(effort) => request.reasoning.get_or_insert_default().effort = Some(effort),
            None => request.extras.extend(native(name, value.raw)),
        },
        "reasoning" => reasoning(request, value)?,
        "thinking" => thinking(request, value)?,
        "verbosity" => request.verbosity = read(name, value)?,
        "modalities" => {
            request.modalities = read(name, value)?;
            if request.modalities == ["text"] {
                request.modalities.clear();
            }
        }
        "audio" => request.audio = json(value),
        "prediction" => request.prediction = json(value),
        "user" | "user_id" => request.user = read(name, value)?,
        "safety_identifier" => request.safety_identifier = read(name, value)?,
        "metadata" => request.metadata = labels(value),
        "service_tier" => request.service_tier = read(name, value)?,
        "store" => request.store = read(name, value)?,
        "prompt_cache_key" => request.prompt_cache_key = read(name, value)?,
        "cache_control" => {
            request.cache = serde_json::from_slice(value.raw).ok().and_then(cache);
        }
        _ => request.extras.extend(native(name, value.raw)),
    }
    Ok(())
}

/// Reads a member as what it has to be.
pub(super) fn read<'a, T: Deserialize<'a>>(name: &str, value: &Value<'a>) -> Result<T, BadRequest> {
    serde_json::from_slice(value.raw)
        .map_err(|error| BadRequest::new(name, format!("{name}: {}", why(&error))))
}

fn whole(name: &str, value: &Value<'_>) -> Result<u64, BadRequest> {
    value
        .number()
        .ok_or_else(|| BadRequest::new(name, format!("{name}: it is no whole number of 0 or more")))
}

fn json(value: &Value<'_>) -> Option<Json> {
    Json::parse(std::str::from_utf8(value.raw).ok()?)
}

fn flag(value: &Value<'_>, name: &str) -> bool {
    value.object().and_then(|object| object.first(name)?.bool()).unwrap_or(false)
}

fn labels(value: &Value<'_>) -> Vec<(String, String)> {
    let Some(object) = value.object() else { return Vec::new() };
    let label = |(name, value): (Cow<'_, str>, Value<'_>)| {
        let text = value.text().map_or_else(
            || String::from_utf8_lossy(value.raw).into_owned(),
            std::borrow::Cow::into_owned,
        );
        (name.into_owned(), text)
    };
    object.iter().map(label).collect()
}

fn output(request: &mut Request, value: &Value<'_>) -> Result<(), BadRequest> {
    const NAME: &str = "response_format";
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        r#type: String,
        json_schema: Option<Schema>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Schema {
        name: Option<String>,
        description: Option<String>,
        schema: Option<Json>,
        strict: Option<bool>,
    }
    let format: Read = read(NAME, value)?;
    match (&*format.r#type, format.json_schema) {
        ("text", _) => {}
        ("json_object", _) => request.output = Some(OutputFormat::JsonObject),
        ("json_schema", Some(Schema { name, description, schema: Some(schema), strict })) => {
            request.output = Some(OutputFormat::JsonSchema { name, description, schema, strict });
        }
        ("json_schema", _) => {
            let message = "response_format: json_schema.schema is missing";
            return Err(BadRequest::new("response_format.json_schema.schema", message));
        }
        _ => request.extras.extend(native(NAME, value.raw)),
    }
    Ok(())
}

/// OpenRouter's way of asking for thoughts.
fn reasoning(request: &mut Request, value: &Value<'_>) -> Result<(), BadRequest> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        effort: Option<String>,
        max_tokens: Option<u64>,
        exclude: Option<bool>,
        enabled: Option<bool>,
        summary: Option<String>,
    }
    let asked: Read = read("reasoning", value)?;
    let reasoning = request.reasoning.get_or_insert_default();
    reasoning.effort = asked.effort.as_deref().and_then(Effort::of).or(reasoning.effort);
    if asked.enabled == Some(false) {
        reasoning.effort = Some(Effort::None);
    }
    reasoning.budget = asked.max_tokens;
    reasoning.adaptive =
        asked.enabled == Some(true) && reasoning.effort.is_none() && reasoning.budget.is_none();
    reasoning.display =
        if asked.exclude == Some(true) { Some("omitted".to_owned()) } else { asked.summary };
    if *reasoning == ReasoningRequest::default() {
        request.reasoning = None;
    }
    Ok(())
}

/// The way of DeepSeek, and of clients that mean Anthropic.
fn thinking(request: &mut Request, value: &Value<'_>) -> Result<(), BadRequest> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        r#type: String,
        budget_tokens: Option<u64>,
    }
    let asked: Read = read("thinking", value)?;
    let reasoning = request.reasoning.get_or_insert_default();
    if asked.r#type == "disabled" {
        reasoning.effort = Some(Effort::None);
    } else {
        reasoning.budget = asked.budget_tokens;
        reasoning.adaptive = asked.budget_tokens.is_none() && reasoning.effort.is_none();
    }
    Ok(())
}

/// The elements of a list, or the one that stands in its place.
pub(super) fn elements<'a>(
    name: &str,
    value: &Value<'a>,
) -> Result<impl Iterator<Item = Value<'a>>, BadRequest> {
    if value.raw.first() != Some(&b'[') {
        return Err(BadRequest::new(name, format!("{name}: it is no list")));
    }
    Ok(Elements::of(value.raw))
}

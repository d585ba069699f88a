//! Whole answers.

use serde::Deserialize;

use super::types::{Logprobs, Message, Usage};
use super::{assistant, error, finish, usage};
use crate::canonical::{Choice, Native, Response};
use crate::fidelity::Losses;
use crate::format::{Asked, Failure, Format};
use crate::json::{Json, Object, ObjectWriter};
use crate::lenient::null_as_default;

#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "null_as_default")]
    id: String,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    message: Option<Json>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "null_as_default")]
    logprobs: Vec<Logprobs>,
}

/// What [`Body`] reads; other members are extras.
const KNOWN: &[&str] = &["id", "finish_reason", "message", "usage", "logprobs"];

/// Reads a whole answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let invalid =
        |what: &dyn std::fmt::Display| Failure::Invalid(format!("no answer of Cohere: {what}"));
    let object = Object::scan(body).map_err(|error| invalid(&error))?;
    let read: Body = serde_json::from_slice(body).map_err(|error| invalid(&error))?;
    let Some(message) = read.message else { return Err(invalid(&"it has no message")) };
    // An error has its text where an answer has its message.
    if let Some(text) = message.read::<String>() {
        return Err(Failure::Error(error::of(500, text)));
    }
    let message: Message = serde_json::from_str(message.text()).map_err(|error| invalid(&error))?;
    let finish = read.finish_reason.as_deref().map(|reason| finish::decode(reason, None));
    let extras = object.iter().filter(|(name, _)| !KNOWN.contains(&&**name));
    let extras = extras.filter_map(|(name, value)| {
        let json = Json::parse(std::str::from_utf8(value.raw).ok()?)?;
        let extra = Native { format: Format::Cohere, name: name.into_owned(), json };
        (!extra.json.is_null()).then_some(extra)
    });
    Ok(Response {
        id: read.id,
        choices: vec![Choice {
            index: 0,
            finish: finish.transpose().map_err(Failure::Error)?,
            content: assistant::decode(message),
            logprobs: usage::decode_logprobs(read.logprobs),
        }],
        usage: read.usage.as_ref().map(usage::decode),
        extras: extras.collect(),
        ..Response::default()
    })
}

/// Writes a whole answer. It does not say its model.
pub(super) fn encode(response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
    if response.choices.len() > 1 {
        losses.dropped("response.choices");
    }
    if response.system_fingerprint.is_some() {
        losses.dropped("response.system_fingerprint");
    }
    if response.service_tier.is_some() {
        losses.dropped("response.service_tier");
    }
    let choice = response.choices.first();
    let mut out = Vec::with_capacity(512);
    let mut body = ObjectWriter::open(&mut out);
    body.text("id", id(&response.id, asked));
    let reason = finish::encode(choice.and_then(|choice| choice.finish.as_ref()), losses);
    body.text("finish_reason", reason);
    let mut message = body.object("message");
    message.text("role", "assistant");
    let parts = choice.map(|choice| choice.content.as_slice()).unwrap_or_default();
    assistant::encode(&mut message, parts, "response", losses);
    message.close();
    usage::encode(body.key("usage"), &response.usage.unwrap_or_default(), losses);
    let logprobs = choice.map(|choice| choice.logprobs.as_slice()).unwrap_or_default();
    if !logprobs.is_empty() {
        let mut list = body.list("logprobs");
        for token in logprobs {
            usage::write_logprob(list.item(), token, losses);
        }
        list.close();
    }
    for extra in &response.extras {
        if extra.format == Format::Cohere {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    body.close();
    out
}

/// The answer's own id, else one that the gateway gives.
pub(super) fn id<'a>(own: &'a str, asked: &'a Asked) -> &'a str {
    if own.is_empty() { &asked.id } else { own }
}

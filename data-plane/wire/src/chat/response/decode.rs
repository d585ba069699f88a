//! A whole answer, read.

use crate::canonical::{
    Audio, Choice, Citation, ErrorKind, Finish, Part, ProviderError, Reasoning, Refusal, Response,
    Signature, Text,
};
use crate::format::{Failure, Format};
use crate::json::{Elements, Object, string};

use super::super::read::{self, native, why};
use super::super::request::call;
use super::super::usage::read_usage;
use super::super::{error, finish, logprobs, reasoning, types};

/// Reads an answer, whosever dialect it is in. Members that are not known become extras.
pub(crate) fn decode(body: &[u8]) -> Result<Response, Failure> {
    // Some vendors send blank lines while they think.
    let body = body.trim_ascii();
    let invalid = |why: String| Failure::Invalid(format!("the answer cannot be read: {why}"));
    let object = Object::scan(body).map_err(|error| invalid(error.to_string()))?;
    let mut response = Response::default();
    let mut choices: Option<Vec<types::Choice<'_>>> = None;
    let mut links = Vec::new();
    for (name, value) in object.iter() {
        if value.is_null() {
            continue;
        }
        let text = || value.text().map(std::borrow::Cow::into_owned);
        match &*name {
            "error" => return Err(Failure::Error(error::read(200, body))),
            "id" => response.id = text().unwrap_or_default(),
            "model" => response.model = text().unwrap_or_default(),
            "created" => response.created = serde_json::from_slice(value.raw).ok(),
            "service_tier" => response.service_tier = text(),
            "system_fingerprint" => response.system_fingerprint = text(),
            "usage" => response.usage = read_usage(value.raw),
            "choices" => {
                let read = serde_json::from_slice(value.raw);
                choices = Some(read.map_err(|error| invalid(why(&error)))?);
            }
            "object" | "x_groq" => {}
            name => {
                if name == "citations" {
                    links = self::links(value.raw);
                }
                response.extras.extend(native(name, value.raw));
            }
        }
    }
    let choices = choices.filter(|choices| !choices.is_empty());
    let choices = choices.ok_or_else(|| match error::read(200, body) {
        // An error in an envelope without `error`.
        error if !error.message.is_empty() => Failure::Error(error),
        _ => invalid("it has no choices".to_owned()),
    })?;
    for (index, choice) in (0..).zip(choices) {
        response.choices.push(self::choice(choice, index, &response.id, &links)?);
    }
    Ok(response)
}

/// Pages that a search model names beside its answer (Perplexity, xAI).
pub(in crate::chat) fn links(raw: &[u8]) -> Vec<Citation> {
    let url = |raw: &[u8]| string(raw).map(std::borrow::Cow::into_owned);
    let citation = |url| Citation { url: Some(url), ..Citation::default() };
    Elements::of(raw).filter_map(|link| url(link.raw)).map(citation).collect()
}

fn choice(
    read: types::Choice<'_>,
    index: u32,
    id: &str,
    links: &[Citation],
) -> Result<Choice, Failure> {
    let index = read.index.unwrap_or(index);
    let said = || types::Message { content: read.text, ..types::Message::default() };
    let message = read.message.or(read.delta).unwrap_or_else(said);
    let content = parts(message, id, index)?;
    let content = with_links(content, links);
    let calls = content.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = read.finish_reason.as_deref().and_then(|word| finish::read(word, calls));
    let finish = finish.transpose().map_err(Failure::Error)?;
    Ok(Choice {
        index,
        content,
        finish: finish.map(|finish| stopped_by(finish, read.stop_reason)),
        logprobs: logprobs::read(read.logprobs),
    })
}

/// A stop, by the text that a server says it was for.
pub(in crate::chat) fn stopped_by(
    finish: Finish,
    text: Option<&serde_json::value::RawValue>,
) -> Finish {
    match (finish, read::text(text)) {
        (Finish::Stop, Some(text)) => Finish::StopSequence(Some(text)),
        (finish, _) => finish,
    }
}

fn with_links(mut content: Vec<Part>, links: &[Citation]) -> Vec<Part> {
    let text = content.iter_mut().find_map(|part| match part {
        Part::Text(text) => Some(text),
        _ => None,
    });
    if let Some(text) = text.filter(|text| text.citations.is_empty()) {
        text.citations.extend_from_slice(links);
    }
    content
}

fn parts(mut message: types::Message<'_>, id: &str, choice: u32) -> Result<Vec<Part>, Failure> {
    let mut content: Vec<Part> =
        reasoning::of_message(&message).into_iter().map(Part::Reasoning).collect();
    let mut said = Vec::new();
    let read = read::content(message.content, &mut said);
    read.map_err(|why| Failure::Invalid(format!("the answer's content: {why}")))?;
    for part in said {
        join(&mut content, part);
    }
    let signature = message.extra_content.take().and_then(types::ExtraContent::signature);
    let text = content.iter_mut().find_map(|part| match part {
        Part::Text(text) => Some(text),
        _ => None,
    });
    if let Some(text) = text {
        text.citations = message.annotations.iter().filter_map(|raw| read::citation(raw)).collect();
        text.signature = signature.map(|data| Signature { format: Format::Gemini, data });
    }
    let refusal = read::text(message.refusal);
    content.extend(refusal.map(|text| Part::Refusal(Refusal { text })));
    for image in message.images {
        content.extend(read::part(image, b"null").ok().flatten());
    }
    if let Some(audio) = message.audio {
        content.push(Part::Audio(Audio {
            id: audio.id,
            data: audio.data.unwrap_or_default(),
            transcript: audio.transcript,
            expires_at: audio.expires_at,
            ..Audio::default()
        }));
    }
    let function = message
        .function_call
        .take()
        .map(|function| types::ToolCall { function: Some(function), ..types::ToolCall::default() });
    for (index, read) in (0..).zip(message.tool_calls.into_iter().chain(function)) {
        let mut call = call(read);
        if call.id.is_empty() {
            call.id = made_up_id(id, choice, index);
        }
        content.push(Part::ToolCall(call));
    }
    Ok(content)
}

/// The id of a call that has none: the same for the same call of the same answer.
pub(in crate::chat) fn made_up_id(answer: &str, choice: u32, call: u32) -> String {
    let answer = answer.strip_prefix("chatcmpl-").unwrap_or(answer);
    format!("call_{answer}_{choice}_{call}")
}

/// Adds a part; pieces of one thought or text become one, as they would in a stream.
fn join(content: &mut Vec<Part>, part: Part) {
    match (content.last_mut(), part) {
        (Some(Part::Text(before)), Part::Text(Text { text, .. })) => before.text.push_str(&text),
        (
            Some(Part::Reasoning(before @ Reasoning { signature: None, .. })),
            Part::Reasoning(Reasoning { text, signature, redacted: false, .. }),
        ) => {
            before.text.push_str(&text);
            before.signature = signature;
        }
        (_, part) => content.push(part),
    }
}

/// What a stream that makes no sense fails with.
pub(in crate::chat) fn malformed(why: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Server, format!("the provider's stream is malformed: {why}"))
}

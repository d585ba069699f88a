//! Whole answers, read and written.

use serde_json::value::RawValue;

use super::blocks::read_content;
use super::request::{write_citation, write_input};
use super::types::StopDetails;
use super::usage::{Counts, Written, tier_read};
use super::{error, mark, stop};
use crate::canonical::{
    Choice, Finish, Native, Part, Reasoning, Refusal, Response, Text, ToolCall,
};
use crate::fidelity::Losses;
use crate::format::{Asked, Failure, Format};
use crate::json::{ListWriter, Object, ObjectWriter, Value, write_value};

/// Reads an answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let object = Object::scan(body).map_err(|error| Failure::Invalid(error.to_string()))?;
    let is_error = |value: Value<'_>| !value.is_null();
    if object.first("error").is_some_and(is_error) {
        return Err(Failure::Error(error::decode(200, body)));
    }
    if object.first("content").is_none() {
        return Err(Failure::Invalid("the answer has no content".into()));
    }
    read(&object)
}

/// Reads a message, which in a stream has nothing but its head.
pub(super) fn read(object: &Object<'_>) -> Result<Response, Failure> {
    let mut response = Response::default();
    let mut choice = Choice::default();
    let (mut reason, mut sequence, mut details) = (None, None, None);
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let text = || value.text().map(std::borrow::Cow::into_owned);
        match &*name {
            "type" | "role" => {}
            "id" => response.id = text().unwrap_or_default(),
            "model" => response.model = text().unwrap_or_default(),
            "content" => {
                let content = serde_json::from_slice::<&RawValue>(value.raw)
                    .map_err(|error| error.to_string())
                    .and_then(read_content);
                choice.content = content.map_err(Failure::Invalid)?;
            }
            "stop_reason" => reason = text(),
            "stop_sequence" => sequence = text(),
            "stop_details" => details = explanation(value.raw),
            "usage" => {
                response.usage = Counts::read(value.raw).and_then(|counts| counts.usage());
                response.service_tier = service_tier(value.raw);
            }
            _ => response.extras.extend(extra(&name, value.raw)),
        }
    }
    choice.content.extend(details.map(|text| Part::Refusal(Refusal { text })));
    choice.finish = reason.map(|reason| stop::read(&reason, sequence));
    response.choices.push(choice);
    Ok(response)
}

/// What the model says of its refusal.
pub(super) fn explanation(raw: &[u8]) -> Option<String> {
    let details: StopDetails = serde_json::from_slice(raw).ok()?;
    details.explanation.filter(|text| !text.is_empty())
}

/// The tier that a `usage` names.
pub(super) fn service_tier(raw: &[u8]) -> Option<String> {
    let usage = Object::scan(raw).ok()?;
    let tier = usage.first("service_tier")?.text()?;
    Some(tier_read(&tier).to_owned())
}

/// A member that only this format knows.
pub(super) fn extra(name: &str, raw: &[u8]) -> Option<Native> {
    let json = serde_json::from_slice(raw).ok()?;
    Some(Native { format: Format::Anthropic, name: name.to_owned(), json })
}

/// The id of an answer to a client.
pub(super) fn message_id(id: &str, asked: &Asked) -> String {
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{}", asked.id) }
}

/// The model of an answer to a client.
pub(super) fn model<'a>(model: &'a str, asked: &'a Asked) -> &'a str {
    if model.is_empty() { &asked.model } else { model }
}

/// Writes an answer.
pub(super) fn encode(response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
    let none = Choice::default();
    let choice = response.choices.first().unwrap_or(&none);
    if response.choices.len() > 1 {
        losses.dropped_for("response.choices", "all but the first");
    }
    let mut out = Vec::with_capacity(1_024);
    let mut object = ObjectWriter::open(&mut out);
    object.text("id", &message_id(&response.id, asked));
    object.text("type", "message");
    object.text("role", "assistant");
    object.text("model", model(&response.model, asked));
    let finish = choice.finish.as_ref();
    let mut declined = Declined::default();
    let mut content = object.list("content");
    for (index, part) in choice.content.iter().enumerate() {
        match part {
            Part::Refusal(refusal) if finish == Some(&Finish::Refusal) => {
                declined.explanation.push_str(&refusal.text);
            }
            Part::Refusal(refusal) => {
                declined.said = true;
                losses.approximated("response.refusal", "as text");
                write_text(&mut content, &Text::new(refusal.text.as_str()), losses);
            }
            part => write_part(&mut content, part, index, asked, losses),
        }
    }
    content.close();
    write_stop(&mut object, finish, &declined, losses);
    let usage = response.usage.unwrap_or_default();
    object.value("usage", &Written::of(&usage, response.service_tier.as_deref()));
    for extra in &response.extras {
        if extra.format == Format::Anthropic {
            object.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    object.close();
    if response.created.is_some() {
        losses.dropped("response.created");
    }
    if response.system_fingerprint.is_some() {
        losses.dropped("response.system_fingerprint");
    }
    if !choice.logprobs.is_empty() {
        losses.dropped("response.logprobs");
    }
    out
}

/// That and how the model declined.
#[derive(Debug, Default)]
pub(super) struct Declined {
    /// In what it said.
    pub(super) said: bool,
    /// Beside what it said.
    pub(super) explanation: String,
}

/// Writes `stop_reason`, `stop_sequence` and `stop_details`.
pub(super) fn write_stop(
    object: &mut ObjectWriter<'_>,
    finish: Option<&Finish>,
    declined: &Declined,
    losses: &mut Losses,
) {
    let (reason, sequence) = stop::write(finish, declined.said, losses);
    object.text("stop_reason", reason);
    object.value("stop_sequence", &sequence);
    if !declined.explanation.is_empty() {
        let mut details = object.object("stop_details");
        details.text("type", "refusal");
        details.value("category", &None::<&str>);
        details.text("explanation", &declined.explanation);
        details.close();
    }
}

fn write_part(
    list: &mut ListWriter<'_>,
    part: &Part,
    index: usize,
    asked: &Asked,
    losses: &mut Losses,
) {
    match part {
        Part::Text(text) => write_text(list, text, losses),
        Part::ToolCall(call) => write_call(list, call, index, asked, losses),
        Part::Reasoning(reasoning) => write_reasoning(list, reasoning, losses),
        Part::Audio(audio) => match &audio.transcript {
            Some(said) => {
                losses.approximated("response.audio", "as what is said in it");
                write_text(list, &Text::new(said.as_str()), losses);
            }
            None => losses.dropped("response.audio"),
        },
        Part::Native(native) if native.format == Format::Anthropic => {
            list.item().extend_from_slice(native.json.text().as_bytes());
        }
        other => losses.dropped(unspoken(other)),
    }
}

/// The name of a part that answers of this format do not have.
pub(super) fn unspoken(part: &Part) -> std::borrow::Cow<'static, str> {
    match part {
        Part::Image(_) => "response.image".into(),
        Part::Document(_) => "response.document".into(),
        Part::Native(native) => format!("response.{}", native.name).into(),
        _ => "response.tool_result".into(),
    }
}

fn write_text(list: &mut ListWriter<'_>, text: &Text, losses: &mut Losses) {
    if text.signature.is_some() {
        losses.dropped("response.text.signature");
    }
    if text.text.is_empty() && text.citations.is_empty() {
        return;
    }
    let mut block = list.object();
    block.text("type", "text");
    block.text("text", &text.text);
    if !text.citations.is_empty() {
        let mut citations = block.list("citations");
        for citation in &text.citations {
            note_citation(citation, losses);
            if !write_citation(&mut citations, citation) {
                losses.dropped("response.citations");
            }
        }
        citations.close();
    }
    block.close();
}

/// What of a citation the format cannot say.
pub(super) fn note_citation(citation: &crate::canonical::Citation, losses: &mut Losses) {
    if citation.span.is_some() {
        losses.dropped("response.citations.span");
    }
}

fn write_call(
    list: &mut ListWriter<'_>,
    call: &ToolCall,
    index: usize,
    asked: &Asked,
    losses: &mut Losses,
) {
    let mut block = list.object();
    block.text("type", "tool_use");
    block.text("id", &call_id(&call.id, index, asked));
    block.text("name", &call.name);
    if !write_input(block.key("input"), call) {
        losses.approximated("response.tool_call.arguments", "no object: as the member `input`");
    }
    block.close();
    note_call(call, losses);
}

/// What of a call the format cannot say.
pub(super) fn note_call(call: &ToolCall, losses: &mut Losses) {
    if call.signature.is_some() {
        losses.dropped("response.tool_call.signature");
    }
}

/// The id of a call to a client.
pub(super) fn call_id(id: &str, index: usize, asked: &Asked) -> String {
    if id.is_empty() { format!("toolu_{}_{index}", asked.id) } else { id.to_owned() }
}

fn write_reasoning(list: &mut ListWriter<'_>, reasoning: &Reasoning, losses: &mut Losses) {
    let shown = reasoning.shown();
    if shown.is_empty() && reasoning.signature.is_none() {
        return;
    }
    note_reasoning(reasoning, losses);
    if !reasoning.text.is_empty() && !reasoning.summary.is_empty() {
        losses.dropped("response.reasoning.summary");
    }
    write_value(list.item(), &thinking_block(reasoning, &shown));
}

/// What of reasoning the format cannot say.
pub(super) fn note_reasoning(reasoning: &Reasoning, losses: &mut Losses) {
    if reasoning.id.is_some() {
        losses.dropped("response.reasoning.id");
    }
}

/// A thinking block as it stands in answers.
#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ThinkingBlock<'a> {
    /// With what is shown of it.
    Thinking { thinking: &'a str, signature: String },
    /// With nothing to show.
    RedactedThinking { data: String },
}

/// The block for this, of which `shown` can be shown.
pub(super) fn thinking_block<'a>(reasoning: &Reasoning, shown: &'a str) -> ThinkingBlock<'a> {
    let signature = mark::write(reasoning.signature.as_ref());
    if reasoning.redacted {
        ThinkingBlock::RedactedThinking { data: signature }
    } else {
        ThinkingBlock::Thinking { thinking: shown, signature }
    }
}

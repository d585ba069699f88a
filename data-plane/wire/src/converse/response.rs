//! Whole answers.

use serde::Deserialize;

use super::content::{self, Side, Writer};
use super::error;
use super::types::{CacheDetail, Kind, Message, Usage as WireUsage};
use crate::canonical::{Choice, Finish, Native, Response, Usage};
use crate::fidelity::Losses;
use crate::format::{Failure, Format};
use crate::json::{Json, Object, ObjectWriter};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    output: Option<Output>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    service_tier: Option<Kind>,
}

/// What [`Body`] reads; other members are extras.
const KNOWN: &[&str] = &["output", "stopReason", "usage", "serviceTier"];

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    message: Option<Message>,
}

/// Reads a whole answer.
pub(super) fn decode(body: &[u8], signatures: Format) -> Result<Response, Failure> {
    let invalid =
        |what: &dyn std::fmt::Display| Failure::Invalid(format!("no answer of Converse: {what}"));
    let object = Object::scan(body).map_err(|error| invalid(&error))?;
    let read: Body = serde_json::from_slice(body).map_err(|error| invalid(&error))?;
    let Some(message) = read.output.and_then(|output| output.message) else {
        if object.first("message").is_some() || object.first("__type").is_some() {
            return Err(Failure::Error(error::of("", 500, body)));
        }
        return Err(invalid(&"it has no message"));
    };
    let extras = object.iter().filter(|(name, _)| !KNOWN.contains(&&**name));
    let extras = extras.filter_map(|(name, value)| {
        let json = Json::parse(std::str::from_utf8(value.raw).ok()?)?;
        (!json.is_null()).then(|| extra(&name, json))
    });
    Ok(Response {
        choices: vec![Choice {
            index: 0,
            content: content::parts(message.content, signatures),
            finish: read.stop_reason.map(finish),
            logprobs: Vec::new(),
        }],
        usage: read.usage.as_ref().map(usage),
        service_tier: read.service_tier.and_then(|tier| tier.kind),
        extras: extras.collect(),
        ..Response::default()
    })
}

/// A member of an answer that only Converse knows.
pub(super) fn extra(name: &str, json: Json) -> Native {
    Native { format: Format::Converse, name: name.to_owned(), json }
}

/// Why an answer ended.
pub(super) fn finish(reason: String) -> Finish {
    match reason.as_str() {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(None),
        "tool_use" => Finish::ToolCalls,
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextWindow,
        "content_filtered" | "guardrail_intervened" => Finish::ContentFilter,
        _ => Finish::Other(reason),
    }
}

/// The same, written.
pub(super) fn stop_reason(finish: Option<&Finish>, losses: &mut Losses) -> &'static str {
    const FIELD: &str = "response.finish";
    match finish {
        None | Some(Finish::Stop) => "end_turn",
        Some(Finish::StopSequence(which)) => {
            if which.is_some() {
                losses.dropped("response.stop_sequence");
            }
            "stop_sequence"
        }
        Some(Finish::Length) => "max_tokens",
        Some(Finish::ContextWindow) => "model_context_window_exceeded",
        Some(Finish::ToolCalls) => "tool_use",
        Some(Finish::ContentFilter) => "content_filtered",
        Some(Finish::Refusal) => {
            losses.approximated(FIELD, "a refusal as filtered");
            "content_filtered"
        }
        Some(Finish::Pause) => {
            losses.approximated(FIELD, "a pause as the end");
            "end_turn"
        }
        Some(Finish::Other(reason)) => match reason.as_str() {
            "malformed_model_output" => "malformed_model_output",
            "malformed_tool_use" => "malformed_tool_use",
            _ => {
                losses.approximated(FIELD, "a reason of its own as the end");
                "end_turn"
            }
        },
    }
}

/// What was counted; Converse's input leaves out what its cache had to do with.
pub(super) fn usage(usage: &WireUsage) -> Usage {
    let hour = |detail: &&CacheDetail| detail.ttl == "1h";
    let details = usage.cache_details.iter().filter(hour);
    Usage {
        input: usage
            .input_tokens
            .saturating_add(usage.cache_read_input_tokens)
            .saturating_add(usage.cache_write_input_tokens),
        output: usage.output_tokens,
        cache_read: usage.cache_read_input_tokens,
        cache_write: usage.cache_write_input_tokens,
        cache_write_1h: details.fold(0, |sum, it| sum.saturating_add(it.input_tokens)),
        ..Usage::default()
    }
}

/// The same, written.
pub(super) fn write_usage(out: &mut Vec<u8>, usage: &Usage, losses: &mut Losses) {
    let mut object = ObjectWriter::open(out);
    let cached = usage.cache_read.saturating_add(usage.cache_write);
    object.value("inputTokens", &usage.input.saturating_sub(cached));
    object.value("outputTokens", &usage.output);
    object.value("totalTokens", &usage.input.saturating_add(usage.output));
    if usage.cache_read > 0 {
        object.value("cacheReadInputTokens", &usage.cache_read);
    }
    if usage.cache_write > 0 {
        object.value("cacheWriteInputTokens", &usage.cache_write);
    }
    if usage.cache_write_1h > 0 {
        let mut list = object.list("cacheDetails");
        for (ttl, tokens) in [
            ("1h", usage.cache_write_1h),
            ("5m", usage.cache_write.saturating_sub(usage.cache_write_1h)),
        ] {
            if tokens > 0 {
                let mut detail = list.object();
                detail.text("ttl", ttl);
                detail.value("inputTokens", &tokens);
                detail.close();
            }
        }
        list.close();
    }
    object.close();
    for (field, count) in [
        ("response.usage.reasoning", usage.reasoning),
        ("response.usage.audio_input", usage.audio_input),
        ("response.usage.audio_output", usage.audio_output),
        ("response.usage.image_input", usage.image_input),
        ("response.usage.accepted_prediction", usage.accepted_prediction),
        ("response.usage.rejected_prediction", usage.rejected_prediction),
        ("response.usage.web_searches", usage.web_searches),
    ] {
        if count > 0 {
            losses.dropped(field);
        }
    }
}

/// Writes a whole answer. Its id and model have no place in the body.
pub(super) fn encode(response: &Response, losses: &mut Losses) -> Vec<u8> {
    if response.choices.len() > 1 {
        losses.dropped("response.choices");
    }
    if response.system_fingerprint.is_some() {
        losses.dropped("response.system_fingerprint");
    }
    let choice = response.choices.first();
    if choice.is_some_and(|choice| !choice.logprobs.is_empty()) {
        losses.dropped("response.logprobs");
    }
    let mut out = Vec::with_capacity(512);
    let mut body = ObjectWriter::open(&mut out);
    let mut output = body.object("output");
    let mut message = output.object("message");
    message.text("role", "assistant");
    let mut list = message.list("content");
    let mut writer = Writer::new(Side::Response, None, losses);
    let parts = choice.map(|choice| choice.content.as_slice()).unwrap_or_default();
    for part in parts {
        if writer.admits(part) {
            writer.answer_part(&mut list, part);
        }
    }
    list.close();
    message.close();
    output.close();
    body.text("stopReason", stop_reason(choice.and_then(|choice| choice.finish.as_ref()), losses));
    let usage = response.usage.unwrap_or_default();
    write_usage(body.key("usage"), &usage, losses);
    if let Some(tier) = &response.service_tier {
        let mut object = body.object("serviceTier");
        object.text("type", tier);
        object.close();
    }
    for extra in &response.extras {
        if extra.format == Format::Converse {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    body.close();
    out
}

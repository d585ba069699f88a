//! Whole answers, and what answers and the lines of streams share.

use super::types::Answer;
use super::{error, message, time};
use crate::canonical::{Choice, Finish, Native, Part, Response, TokenLogprob, Usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Failure, Format};
use crate::json::{ListWriter, ObjectWriter};

/// Reads a whole answer.
pub(super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let invalid =
        |what: &dyn std::fmt::Display| Failure::Invalid(format!("no answer of Ollama: {what}"));
    let mut answer: Answer = serde_json::from_slice(body).map_err(|error| invalid(&error))?;
    if let Some(text) = answer.error {
        return Err(Failure::Error(error::of(500, text)));
    }
    let Some(said) = answer.message.take() else { return Err(invalid(&"it has no message")) };
    let calls = !said.tool_calls.is_empty();
    Ok(Response {
        created: time::read(&answer.created_at),
        usage: usage(&answer),
        extras: extras(&mut answer),
        choices: vec![Choice {
            index: 0,
            content: message::decode(said, &answer.created_at),
            finish: answer.done.then(|| finish(answer.done_reason.as_deref(), calls)),
            logprobs: message::logprobs(answer.logprobs),
        }],
        model: answer.model,
        ..Response::default()
    })
}

/// What was counted; the prompt's tokens are not told where all of them were cached.
pub(super) fn usage(answer: &Answer) -> Option<Usage> {
    let known = answer.prompt_eval_count.is_some() || answer.eval_count.is_some();
    known.then(|| Usage {
        input: answer.prompt_eval_count.unwrap_or_default(),
        output: answer.eval_count.unwrap_or_default(),
        ..Usage::default()
    })
}

/// How long things took.
pub(super) fn extras(answer: &mut Answer) -> Vec<Native> {
    let durations = [
        ("total_duration", answer.total_duration.take()),
        ("load_duration", answer.load_duration.take()),
        ("prompt_eval_duration", answer.prompt_eval_duration.take()),
        ("eval_duration", answer.eval_duration.take()),
    ];
    let durations = durations.into_iter().filter_map(|(name, json)| {
        let json = json.filter(|json| !json.is_null())?;
        Some(Native { format: Format::Ollama, name: name.to_owned(), json })
    });
    durations.collect()
}

/// Why an answer ended. Ollama says `stop` where it ended for calls.
pub(super) fn finish(reason: Option<&str>, calls: bool) -> Finish {
    match reason {
        None | Some("stop" | "") if calls => Finish::ToolCalls,
        None | Some("stop" | "") => Finish::Stop,
        Some("length") => Finish::Length,
        Some(other) => Finish::Other(other.to_owned()),
    }
}

/// The same, written.
fn done_reason(finish: Option<&Finish>, losses: &mut Losses) -> &'static str {
    const FIELD: &str = "response.finish";
    match finish {
        None | Some(Finish::Stop | Finish::ToolCalls | Finish::StopSequence(None)) => "stop",
        Some(Finish::StopSequence(Some(_))) => {
            losses.dropped("response.stop_sequence");
            "stop"
        }
        Some(Finish::Length) => "length",
        Some(Finish::ContextWindow) => {
            losses.approximated(FIELD, "as length");
            "length"
        }
        Some(Finish::Other(reason)) if reason == "load" => "load",
        Some(Finish::Other(reason)) if reason == "unload" => "unload",
        Some(Finish::ContentFilter | Finish::Refusal | Finish::Pause | Finish::Other(_)) => {
            losses.approximated(FIELD, "as stop");
            "stop"
        }
    }
}

/// Writes a whole answer. It has no id.
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
    let created = time::write(response.created.unwrap_or(asked.created));
    write_head(&mut body, model(&response.model, asked), &created);
    let mut message = body.object("message");
    message.text("role", "assistant");
    let parts = choice.map(|choice| choice.content.as_slice()).unwrap_or_default();
    write_parts(&mut message, parts, losses);
    message.close();
    let logprobs: &[TokenLogprob] = choice.map(|it| it.logprobs.as_slice()).unwrap_or_default();
    message::write_logprobs(&mut body, logprobs);
    let finish = choice.and_then(|choice| choice.finish.as_ref());
    write_end(&mut body, finish, response.usage, losses);
    for extra in &response.extras {
        if extra.format == Format::Ollama {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    body.close();
    out
}

/// The answer's own model, else the one that the caller named.
pub(super) fn model<'a>(own: &'a str, asked: &'a Asked) -> &'a str {
    if own.is_empty() { &asked.model } else { own }
}

/// What every line begins with.
pub(super) fn write_head(body: &mut ObjectWriter<'_>, model: &str, created: &str) {
    body.text("model", model);
    body.text("created_at", created);
}

/// What the last line, or a whole answer, ends with.
pub(super) fn write_end(
    body: &mut ObjectWriter<'_>,
    finish: Option<&Finish>,
    usage: Option<Usage>,
    losses: &mut Losses,
) {
    body.value("done", &true);
    body.text("done_reason", done_reason(finish, losses));
    let Some(usage) = usage else { return };
    body.value("prompt_eval_count", &usage.input);
    body.value("eval_count", &usage.output);
    for (field, count) in [
        ("response.usage.cache_read", usage.cache_read),
        ("response.usage.cache_write", usage.cache_write),
        ("response.usage.cache_write_1h", usage.cache_write_1h),
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

fn write_parts(message: &mut ObjectWriter<'_>, parts: &[Part], losses: &mut Losses) {
    let (mut text, mut thinking) = (String::new(), String::new());
    let mut calls = Vec::new();
    let mut list = ListWriter::open(&mut calls);
    let mut count = 0;
    for part in parts {
        match part {
            Part::Text(part) => {
                if !part.citations.is_empty() {
                    losses.dropped("response.citations");
                }
                if part.signature.is_some() {
                    losses.dropped("response.text.signature");
                }
                text.push_str(&part.text);
            }
            Part::Refusal(refusal) => {
                losses.approximated("response.refusal", "as text");
                text.push_str(&refusal.text);
            }
            Part::Reasoning(reasoning) => {
                if reasoning.signature.is_some() {
                    losses.dropped("response.reasoning.signature");
                }
                if reasoning.redacted {
                    losses.dropped("response.reasoning");
                }
                thinking.push_str(&reasoning.shown());
            }
            Part::ToolCall(call) => {
                message::write_call(&mut list, call, count, "response", losses);
                count += 1;
            }
            Part::Image(_) => losses.dropped("response.image"),
            Part::Audio(_) => losses.dropped("response.audio"),
            Part::Document(_) => losses.dropped("response.document"),
            Part::ToolResult(_) => losses.dropped("response.tool_result"),
            Part::Native(native) => losses.dropped(format!("response.{}", native.name)),
        }
    }
    list.close();
    message.text("content", &text);
    if !thinking.is_empty() {
        message.text("thinking", &thinking);
    }
    if count > 0 {
        message.key("tool_calls").extend_from_slice(&calls);
    }
}

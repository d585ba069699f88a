//! Whole answers, both ways.

use crate::canonical::{Choice, Finish, Part, Response, TokenLogprob};
use crate::chat::response::{decode as decode_chat, write_fidelity};
use crate::chat::{finish, usage};
use crate::fidelity::Losses;
use crate::format::{Asked, Failure, Format};
use crate::json::ObjectWriter;

use super::prompts::echoed;

/// Reads an answer: one of a chat whose choices have a `text` in place of a message.
pub(super) fn decode(body: &[u8]) -> Result<Response, Failure> {
    let mut response = decode_chat(body)?;
    for extra in &mut response.extras {
        extra.format = Format::Completions;
    }
    Ok(response)
}

/// Writes an answer.
pub(super) fn encode(response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    body.text("id", &id(&response.id, asked));
    body.text("object", "text_completion");
    body.value("created", &response.created.unwrap_or(asked.created));
    let model = if response.model.is_empty() { &asked.model } else { &response.model };
    body.text("model", model);
    let mut list = body.list("choices");
    for choice in &response.choices {
        let mut text = echoed(asked.echo.as_ref(), choice.index);
        let offset = text.chars().count();
        said(&mut text, choice, losses);
        let mut object = list.object();
        object.text("text", &text);
        object.value("index", &choice.index);
        write_logprobs(&mut object, &choice.logprobs, offset);
        object.text("finish_reason", word(choice.finish.as_ref(), losses));
        finish::write_stop(&mut object, choice.finish.as_ref());
        object.close();
    }
    list.close();
    if let Some(counted) = &response.usage {
        usage::write(&mut body, counted, losses);
    }
    body.option("system_fingerprint", response.system_fingerprint.as_deref());
    body.option("service_tier", response.service_tier.as_deref());
    for extra in &response.extras {
        if extra.format == Format::Completions {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(format!("response.{}", extra.name));
        }
    }
    write_fidelity(&mut body, losses);
    body.close();
    out
}

/// The answer's own id where it is one of this format.
pub(super) fn id(own: &str, asked: &Asked) -> String {
    if own.starts_with("cmpl") { own.to_owned() } else { format!("cmpl-{}", asked.id) }
}

/// Appends what a choice says as text.
fn said(text: &mut String, choice: &Choice, losses: &mut Losses) {
    for part in &choice.content {
        match part {
            Part::Text(part) => {
                text.push_str(&part.text);
                if !part.citations.is_empty() {
                    losses.dropped("response.citations");
                }
            }
            Part::Refusal(part) => {
                losses.approximated("response.refusal", "as text");
                text.push_str(&part.text);
            }
            part => losses.dropped(silent(part)),
        }
    }
}

/// What a part that is no text is called.
pub(super) fn silent(part: &Part) -> String {
    let name = match part {
        Part::Text(_) | Part::Refusal(_) => "text",
        Part::Reasoning(_) => "reasoning",
        Part::ToolCall(_) => "tool_call",
        Part::ToolResult(_) => "tool_result",
        Part::Image(_) => "image",
        Part::Audio(_) => "audio",
        Part::Document(_) => "document",
        Part::Native(native) => &native.name,
    };
    format!("response.{name}")
}

/// Why an answer ends, in the words that this format has.
pub(super) fn word(finish: Option<&Finish>, losses: &mut Losses) -> &'static str {
    match finish {
        Some(Finish::ToolCalls) => {
            losses.approximated("response.finish", "as stop");
            "stop"
        }
        finish => finish::write(finish, losses),
    }
}

/// Writes the member `logprobs` of a choice: lists that go together. `offset` is where in the text the
/// first token stands.
pub(super) fn write_logprobs(
    choice: &mut ObjectWriter<'_>,
    tokens: &[TokenLogprob],
    mut offset: usize,
) {
    if tokens.is_empty() {
        choice.key("logprobs").extend_from_slice(b"null");
        return;
    }
    let mut object = choice.object("logprobs");
    let mut list = object.list("tokens");
    for token in tokens {
        crate::json::write_string(list.item(), &token.token);
    }
    list.close();
    let logprobs: Vec<f64> = tokens.iter().map(|token| token.logprob).collect();
    object.value("token_logprobs", &logprobs);
    let mut list = object.list("top_logprobs");
    for token in tokens {
        let mut top = list.object();
        for likely in &token.top {
            top.value(&likely.token, &likely.logprob);
        }
        top.close();
    }
    list.close();
    let mut list = object.list("text_offset");
    for token in tokens {
        list.item().extend_from_slice(offset.to_string().as_bytes());
        offset += token.token.chars().count();
    }
    list.close();
    object.close();
}

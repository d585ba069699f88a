use std::borrow::Cow;

use crate::canonical::{Message, Part, Request, Role, Source, ToolResult};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};
use crate::ollama::message::write_call;
use crate::plain;

/// Writes the conversation.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut list = body.list("messages");
    for message in &request.messages {
        if message.name.is_some() {
            losses.dropped("messages.name");
        }
        match message.role {
            Role::Tool => results(&mut list, request, message, losses)?,
            Role::Assistant => assistant(&mut list, &message.content, losses),
            Role::System | Role::Developer => {
                said(&mut list, "system", &message.content, losses)?;
            }
            Role::User => said(&mut list, "user", &message.content, losses)?,
        }
    }
    list.close();
    Ok(())
}

/// What a message is made of here: one text, and pictures.
#[derive(Default)]
struct Said<'a> {
    texts: Vec<Cow<'a, str>>,
    images: Vec<&'a str>,
}

impl<'a> Said<'a> {
    fn add(&mut self, part: &'a Part, losses: &mut Losses) -> Result<(), Unsupported> {
        match part {
            Part::Text(text) => {
                cached(text.cache.is_some(), losses);
                self.texts.push(text.text.as_str().into());
            }
            Part::Image(image) => {
                cached(image.cache.is_some(), losses);
                if image.detail.is_some() {
                    losses.dropped("messages.image.detail");
                }
                let Source::Data { data, .. } = &image.source else {
                    let why = "Ollama takes pictures with their bytes";
                    return Err(Unsupported::new("messages.image", why));
                };
                self.images.push(data);
            }
            Part::Document(document) => {
                cached(document.cache.is_some(), losses);
                self.texts.push(plain::document(document, "Ollama", losses)?);
            }
            Part::Audio(_) => {
                return Err(Unsupported::new("messages.audio", "Ollama takes no sound"));
            }
            Part::Native(native) => losses.dropped(format!("messages.{}", native.name)),
            // The model's, not a person's.
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {}
        }
        Ok(())
    }

    fn write(&self, message: &mut ObjectWriter<'_>) {
        match self.texts.as_slice() {
            [text] => message.text("content", text),
            texts => message.text("content", &texts.join("\n\n")),
        }
        if !self.images.is_empty() {
            message.value("images", &self.images);
        }
    }
}

fn cached(is: bool, losses: &mut Losses) {
    if is {
        losses.dropped("messages.cache");
    }
}

fn said<'a>(
    list: &mut ListWriter<'_>,
    role: &str,
    parts: impl IntoIterator<Item = &'a Part>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut said = Said::default();
    for part in parts {
        said.add(part, losses)?;
    }
    let mut message = list.object();
    message.text("role", role);
    said.write(&mut message);
    message.close();
    Ok(())
}

/// What the model said: its thinking, one text, its calls.
fn assistant(list: &mut ListWriter<'_>, parts: &[Part], losses: &mut Losses) {
    let mut texts: Vec<&str> = Vec::new();
    let mut thinking: Vec<Cow<'_, str>> = Vec::new();
    let mut calls = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => {
                cached(text.cache.is_some(), losses);
                if text.signature.is_some() {
                    losses.dropped("messages.text.signature");
                }
                if !text.citations.is_empty() {
                    losses.dropped("messages.citations");
                }
                texts.push(&text.text);
            }
            Part::Refusal(refusal) => {
                losses.approximated("messages.refusal", "as text");
                texts.push(&refusal.text);
            }
            Part::Reasoning(reasoning) => {
                if reasoning.signature.is_some() {
                    losses.dropped("messages.reasoning.signature");
                }
                let shown = reasoning.shown();
                if reasoning.redacted || shown.is_empty() {
                    losses.dropped("messages.reasoning");
                } else {
                    thinking.push(shown);
                }
            }
            Part::ToolCall(call) => calls.push(call),
            Part::Audio(audio) => match &audio.transcript {
                Some(transcript) => {
                    losses.approximated("messages.audio", "as what is said in it");
                    texts.push(transcript);
                }
                None => losses.dropped("messages.audio"),
            },
            Part::Image(_) => losses.dropped("messages.image"),
            Part::Document(_) => losses.dropped("messages.document"),
            Part::Native(native) => losses.dropped(format!("messages.{}", native.name)),
            Part::ToolResult(_) => {}
        }
    }
    let mut message = list.object();
    message.text("role", "assistant");
    message.text("content", &texts.join("\n\n"));
    if !thinking.is_empty() {
        message.text("thinking", &thinking.join("\n\n"));
    }
    if !calls.is_empty() {
        let mut list = message.list("tool_calls");
        for (index, call) in calls.into_iter().enumerate() {
            write_call(&mut list, call, index, "messages", losses);
        }
        list.close();
    }
    message.close();
}

/// Results, a message each; pictures, which only people can show, come after them.
fn results(
    list: &mut ListWriter<'_>,
    request: &Request,
    message: &Message,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut shown: Vec<&Part> = Vec::new();
    for part in &message.content {
        if let Part::ToolResult(result) = part {
            self::result(list, request, result, &mut shown, losses)?;
        }
    }
    if shown.is_empty() {
        return Ok(());
    }
    let note = "in a message of the user after the results";
    losses.approximated("messages.tool_result.content", note);
    said(list, "user", shown, losses)
}

fn result<'a>(
    list: &mut ListWriter<'_>,
    request: &Request,
    result: &'a ToolResult,
    shown: &mut Vec<&'a Part>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    cached(result.cache.is_some(), losses);
    let mut said = Said::default();
    for part in &result.content {
        match part {
            Part::Image(_) => shown.push(part),
            Part::Native(native) if native.format == Format::Ollama => {
                said.texts.push(native.json.text().into());
            }
            other => said.add(other, losses)?,
        }
    }
    if said.texts.is_empty() && !shown.is_empty() {
        said.texts.push("(see below)".into());
    }
    if result.is_error {
        losses.approximated("messages.tool_result.is_error", "as a word before the text");
        match said.texts.first_mut() {
            Some(text) => *text = format!("Error: {text}").into(),
            None => said.texts.push("Error".into()),
        }
    }
    let mut message = list.object();
    message.text("role", "tool");
    said.write(&mut message);
    let name = result.name.as_deref().or_else(|| request.tool_name(&result.call_id));
    message.option("tool_name", name);
    if !result.call_id.is_empty() {
        message.text("tool_call_id", &result.call_id);
    }
    message.close();
    Ok(())
}

use std::borrow::Cow;

use crate::canonical::{Document, Image, Message, Part, Request, Role, Source, Text, ToolResult};
use crate::cohere::assistant;
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};
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
            Role::Tool => results(&mut list, message, losses)?,
            Role::Assistant => {
                let mut object = list.object();
                object.text("role", "assistant");
                assistant::encode(&mut object, &message.content, "messages", losses);
                object.close();
            }
            Role::System | Role::Developer => {
                said(&mut list, "system", &message.content, losses)?;
            }
            Role::User => said(&mut list, "user", &message.content, losses)?,
        }
    }
    list.close();
    Ok(())
}

/// A message of somebody who is not the model.
fn said<'a>(
    list: &mut ListWriter<'_>,
    role: &str,
    parts: impl IntoIterator<Item = &'a Part, IntoIter: Clone>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let parts = parts.into_iter();
    let mut object = list.object();
    object.text("role", role);
    let mut only = parts.clone();
    if let (Some(Part::Text(text)), None) = (only.next(), only.next()) {
        cached(text.cache.is_some(), losses);
        object.text("content", &text.text);
    } else {
        let mut content = object.list("content");
        for part in parts {
            self::part(&mut content, part, losses)?;
        }
        content.close();
    }
    object.close();
    Ok(())
}

fn cached(is: bool, losses: &mut Losses) {
    if is {
        losses.dropped("messages.cache");
    }
}

fn part(list: &mut ListWriter<'_>, part: &Part, losses: &mut Losses) -> Result<(), Unsupported> {
    match part {
        Part::Text(Text { text, cache, .. }) => {
            cached(cache.is_some(), losses);
            text_part(list, text);
        }
        Part::Image(image) => self::image(list, image, losses)?,
        Part::Document(document) => {
            cached(document.cache.is_some(), losses);
            text_part(list, &plain::document(document, "Cohere", losses)?);
        }
        Part::Audio(_) => {
            return Err(Unsupported::new("messages.audio", "Cohere takes no sound"));
        }
        Part::Native(native) if native.format == Format::Cohere => {
            list.item().extend_from_slice(native.json.text().as_bytes());
        }
        Part::Native(native) => losses.dropped(format!("messages.{}", native.name)),
        // The model's, not a person's.
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Refusal(_) => {}
    }
    Ok(())
}

fn text_part(list: &mut ListWriter<'_>, text: &str) {
    let mut object = list.object();
    object.text("type", "text");
    object.text("text", text);
    object.close();
}

fn image(list: &mut ListWriter<'_>, image: &Image, losses: &mut Losses) -> Result<(), Unsupported> {
    cached(image.cache.is_some(), losses);
    let url: Cow<'_, str> = match &image.source {
        Source::Url(url) => url.as_str().into(),
        Source::Data { media_type, data } => Source::data_url(media_type, data).into(),
        Source::Text(_) => return Err(Unsupported::new("messages.image", "a text is no picture")),
        Source::File { .. } => {
            return Err(Unsupported::new("messages.image", "another vendor keeps the picture"));
        }
    };
    let mut object = list.object();
    object.text("type", "image_url");
    let mut inner = object.object("image_url");
    inner.text("url", &url);
    inner.option("detail", image.detail.as_ref());
    inner.close();
    object.close();
    Ok(())
}

/// Results, a message each; pictures, which only people can show, come after them.
fn results(
    list: &mut ListWriter<'_>,
    message: &Message,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut shown: Vec<&Part> = Vec::new();
    for part in &message.content {
        if let Part::ToolResult(result) = part {
            self::result(list, result, &mut shown, losses)?;
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
    result: &'a ToolResult,
    shown: &mut Vec<&'a Part>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    cached(result.cache.is_some(), losses);
    let mut object = list.object();
    object.text("role", "tool");
    object.text("tool_call_id", &result.call_id);
    let mut content = object.list("content");
    if result.is_error {
        losses.approximated("messages.tool_result.is_error", "as a word before the text");
        text_part(&mut content, "Error:");
    }
    for part in &result.content {
        match part {
            Part::Text(text) => {
                cached(text.cache.is_some(), losses);
                found(&mut content, &text.text, None);
            }
            Part::Document(document) if matches!(document.source, Source::Text(_)) => {
                self::document(&mut content, document, losses);
            }
            Part::Document(document) => {
                text_part(&mut content, &plain::document(document, "Cohere", losses)?);
            }
            Part::Image(_) => shown.push(part),
            other => self::part(&mut content, other, losses)?,
        }
    }
    if content.is_empty() && !shown.is_empty() {
        text_part(&mut content, "(see below)");
    }
    content.close();
    object.close();
    Ok(())
}

/// A document in a result has a name by which it is cited.
fn document(list: &mut ListWriter<'_>, document: &Document, losses: &mut Losses) {
    cached(document.cache.is_some(), losses);
    if document.context.is_some() {
        losses.dropped("messages.document.context");
    }
    if document.cited {
        losses.dropped("messages.document.cited");
    }
    if let Source::Text(text) = &document.source {
        found(list, text, document.name.as_deref());
    }
}

/// What a tool found: a document where it is an object or has a name, text otherwise.
fn found(list: &mut ListWriter<'_>, text: &str, name: Option<&str>) {
    let is_object =
        text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if !is_object && name.is_none() {
        text_part(list, text);
        return;
    }
    let mut object = list.object();
    object.text("type", "document");
    let mut document = object.object("document");
    if is_object {
        document.key("data").extend_from_slice(text.as_bytes());
    } else {
        let mut data = document.object("data");
        data.text("text", text);
        data.close();
    }
    document.option("id", name);
    document.close();
    object.close();
}

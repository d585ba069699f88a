//! Messages of a request, written.

mod assistant;
mod cache;
mod parts;
mod results;

use std::borrow::Cow;

use crate::canonical::{Message, Part, Request, Role, Text};
use crate::fidelity::Losses;
use crate::format::Unsupported;
use crate::json::{Json, ListWriter, ObjectWriter};

use super::super::dialect::Chat;

pub(in crate::chat) use assistant::write_google;
pub(super) use cache::{set_cache, take_cache, write_control};

/// Writes a conversation.
pub(super) struct Writer<'a> {
    pub(super) chat: &'a Chat,
    pub(super) request: &'a Request,
    pub(super) model: &'a str,
    pub(super) losses: &'a mut Losses,
}

impl Writer<'_> {
    /// Writes every message.
    pub(super) fn messages(&mut self, list: &mut ListWriter<'_>) -> Result<(), Unsupported> {
        for message in &self.request.messages {
            if message.role == Role::Tool {
                self.results(list, message)?;
            } else if message.role == Role::Assistant {
                self.assistant(list.object(), message)?;
            } else {
                self.said(list.object(), message)?;
            }
        }
        Ok(())
    }

    /// A message of a person or operator.
    fn said(&mut self, mut object: ObjectWriter<'_>, message: &Message) -> Result<(), Unsupported> {
        object.text(
            "role",
            match message.role {
                Role::Developer if self.chat.developer => "developer",
                Role::System | Role::Developer => "system",
                _ => "user",
            },
        );
        self.name(&mut object, message);
        let parts: Vec<&Part> = message.content.iter().collect();
        self.content(&mut object, &parts)?;
        object.close();
        Ok(())
    }

    fn name(&mut self, object: &mut ObjectWriter<'_>, message: &Message) {
        match &message.name {
            Some(name) if self.chat.names => object.text("name", name),
            Some(_) => self.losses.dropped("messages.name"),
            None => {}
        }
    }

    /// A text alone as a string, everything else as parts.
    fn content(
        &mut self,
        object: &mut ObjectWriter<'_>,
        parts: &[&Part],
    ) -> Result<(), Unsupported> {
        let texts = || parts.iter().filter_map(|part| text_of(part));
        let plain = texts().count() == parts.len();
        let cached = texts().any(|text| text.cache.is_some());
        if plain && !self.chat.text_parts {
            if cached {
                self.losses.dropped("messages.cache");
            }
            object.text("content", &joined(texts().map(|text| text.text.as_str())));
            return Ok(());
        }
        if plain && !cached && parts.len() <= 1 {
            object.text("content", texts().next().map_or("", |text| &text.text));
            return Ok(());
        }
        let mut list = object.list("content");
        for part in parts {
            self.part(&mut list, part)?;
        }
        list.close();
        Ok(())
    }
}

fn text_of(part: &Part) -> Option<&Text> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

/// Texts as one, with blank lines between them.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let texts: Vec<&str> = texts.collect();
    match texts.as_slice() {
        [] => "".into(),
        [text] => (*text).into(),
        texts => texts.join("\n\n").into(),
    }
}

/// A message of the operator that says what the dialect has no member for.
pub(super) fn write_instruction(list: &mut ListWriter<'_>, schema: &Json) {
    let mut object = list.object();
    object.text("role", "system");
    let text = format!(
        "Answer with JSON, and nothing else, that fits this JSON Schema:\n{}",
        schema.text()
    );
    object.text("content", &text);
    object.close();
}

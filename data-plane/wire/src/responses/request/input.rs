//! The conversation, as items.

use super::super::Dialect;
use super::super::item::{
    Content, Either, Item, Sound, ToolOutput, address, annotation, is_part, output_text, part_name,
};
use crate::canonical::{
    Audio, CacheControl, Document, Image, Message, Native, Part, Reasoning, Role, Source, Text,
    ToolCall, ToolResult,
};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};

type Parts<'a> = Vec<Either<'a, Content<'a>>>;

/// Items that are written one after the other.
pub(super) struct Input<'a, 'l> {
    dialect: Dialect,
    losses: &'l mut Losses,
    pub(super) items: Vec<Either<'a, Item<'a>>>,
}

impl<'a, 'l> Input<'a, 'l> {
    pub(super) fn new(dialect: Dialect, losses: &'l mut Losses) -> Self {
        Self { dialect, losses, items: Vec::new() }
    }

    /// A turn becomes one item or several.
    pub(super) fn message(&mut self, message: &'a Message) -> Result<(), Unsupported> {
        if message.name.is_some() {
            self.losses.dropped("messages.name");
        }
        match message.role {
            Role::Assistant => {
                self.assistant(&message.content);
                Ok(())
            }
            Role::Tool => self.results(&message.content),
            Role::User => self.said("user", &message.content),
            Role::System => self.said("system", &message.content),
            Role::Developer => self.said("developer", &message.content),
        }
    }

    fn said(&mut self, role: &'static str, parts: &'a [Part]) -> Result<(), Unsupported> {
        let mut content = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Native(native) if native.format == Format::Responses && !is_part(native) => {
                    self.close(role, &mut content);
                    self.items.push(Either::Native(&native.json));
                }
                part => content.extend(self.input_part(part)?),
            }
        }
        self.close(role, &mut content);
        Ok(())
    }

    /// A message of what was gathered, if anything was.
    fn close(&mut self, role: &'static str, content: &mut Parts<'a>) {
        if !content.is_empty() {
            let content = std::mem::take(content);
            self.items.push(Either::Own(Item::Message { id: None, status: None, role, content }));
        }
    }

    fn assistant(&mut self, parts: &'a [Part]) {
        let mut content = Parts::new();
        for part in parts {
            match part {
                Part::Text(text) => {
                    self.text_losses(text);
                    content.push(Either::Own(output_text(text, &[])));
                    continue;
                }
                Part::Refusal(refusal) => {
                    content.push(Either::Own(Content::Refusal { refusal: &refusal.text }));
                    continue;
                }
                Part::Native(native) if is_part(native) => {
                    content.extend(self.native(native));
                    continue;
                }
                _ => self.close("assistant", &mut content),
            }
            match part {
                Part::ToolCall(call) => self.call(call),
                Part::Reasoning(reasoning) => self.reasoning(reasoning),
                Part::Native(native) if native.format == Format::Responses => {
                    self.items.push(Either::Native(&native.json));
                }
                Part::Native(native) => self.losses.dropped(format!("messages.{}", native.name)),
                other => self.losses.dropped_for(
                    format!("messages.{}", part_name(other)),
                    "the model's turns are made of text",
                ),
            }
        }
        self.close("assistant", &mut content);
    }

    fn call(&mut self, call: &'a ToolCall) {
        if call.signature.is_some() {
            self.losses.dropped("messages.tool_call.signature");
        }
        self.cache(call.cache.as_ref());
        let (id, status, call_id, name) = (None, None, &*call.id, &*call.name);
        self.items.push(Either::Own(if call.custom {
            Item::CustomToolCall { id, call_id, name, input: &call.arguments, status }
        } else {
            Item::FunctionCall { id, call_id, name, arguments: &call.arguments, status }
        }));
    }

    /// OpenAI knows reasoning by its id or by what it encrypted, and refuses any other.
    fn reasoning(&mut self, reasoning: &'a Reasoning) {
        let own = reasoning.signature.as_ref().filter(|s| s.format == Format::Responses);
        if reasoning.signature.is_some() && own.is_none() {
            self.losses.dropped("messages.reasoning.signature");
        }
        let shown = !reasoning.text.is_empty() || !reasoning.summary.is_empty();
        let known = own.is_some() || reasoning.id.is_some();
        if !known && (self.dialect == Dialect::OpenAi || !shown) {
            self.losses.dropped("messages.reasoning");
            return;
        }
        self.items.push(Either::Own(reasoning_item(reasoning, reasoning.id.as_deref(), None)));
    }

    fn results(&mut self, parts: &'a [Part]) -> Result<(), Unsupported> {
        for part in parts {
            let Part::ToolResult(result) = part else {
                self.losses.dropped(format!("messages.{}", part_name(part)));
                continue;
            };
            let output = self.output(result)?;
            let call_id = &*result.call_id;
            self.items.push(Either::Own(if result.custom {
                Item::CustomToolCallOutput { call_id, output }
            } else {
                Item::FunctionCallOutput { call_id, output }
            }));
        }
        Ok(())
    }

    fn output(&mut self, result: &'a ToolResult) -> Result<ToolOutput<'a>, Unsupported> {
        if result.is_error {
            self.losses.dropped("messages.tool_result.is_error");
        }
        self.cache(result.cache.as_ref());
        match result.content.as_slice() {
            [] => return Ok(ToolOutput::Text("")),
            [Part::Text(Text { text, cache: None, .. })] => return Ok(ToolOutput::Text(text)),
            _ => {}
        }
        let mut parts = Vec::with_capacity(result.content.len());
        for part in &result.content {
            parts.extend(self.input_part(part)?);
        }
        Ok(ToolOutput::Parts(parts))
    }

    fn input_part(
        &mut self,
        part: &'a Part,
    ) -> Result<Option<Either<'a, Content<'a>>>, Unsupported> {
        Ok(match part {
            Part::Text(text) => {
                self.text_losses(text);
                if !text.citations.is_empty() {
                    self.losses.dropped("messages.citations");
                }
                Some(Either::Own(Content::InputText { text: &text.text }))
            }
            Part::Image(image) => {
                self.cache(image.cache.as_ref());
                Some(Either::Own(write_image(image)?))
            }
            Part::Document(document) => {
                self.cache(document.cache.as_ref());
                if document.context.is_some() {
                    self.losses.dropped("messages.document.context");
                }
                if document.cited {
                    self.losses.dropped("messages.document.cited");
                }
                Some(Either::Own(write_document(document)?))
            }
            Part::Audio(audio) => Some(Either::Own(self.audio(audio)?)),
            Part::Native(native) => self.native(native),
            other => {
                self.losses.dropped(format!("messages.{}", part_name(other)));
                None
            }
        })
    }

    fn audio(&self, audio: &'a Audio) -> Result<Content<'a>, Unsupported> {
        if self.dialect == Dialect::Open {
            return Err(Unsupported::new("messages.audio", "Open Responses takes no sound"));
        }
        Ok(Content::InputAudio { input_audio: Sound { data: &audio.data, format: &audio.format } })
    }

    fn native(&mut self, native: &'a Native) -> Option<Either<'a, Content<'a>>> {
        if native.format == Format::Responses {
            return Some(Either::Native(&native.json));
        }
        self.losses.dropped(format!("messages.{}", native.name));
        None
    }

    fn text_losses(&mut self, text: &Text) {
        self.cache(text.cache.as_ref());
        if text.signature.is_some() {
            self.losses.dropped("messages.text.signature");
        }
        if text.citations.iter().any(|citation| annotation(citation, "").is_none()) {
            self.losses.dropped("messages.citations");
        }
    }

    fn cache(&mut self, cache: Option<&CacheControl>) {
        if cache.is_some() {
            self.losses.dropped("messages.cache");
        }
    }
}

/// Reasoning, with or without what proves it.
pub(in super::super) fn reasoning_item<'a>(
    reasoning: &'a Reasoning,
    id: Option<&'a str>,
    status: Option<&'static str>,
) -> Item<'a> {
    let own = reasoning.signature.as_ref().filter(|s| s.format == Format::Responses);
    let content = Some(&*reasoning.text).filter(|text| !text.is_empty());
    Item::Reasoning {
        id,
        summary: reasoning.summary.iter().map(|text| Content::SummaryText { text }).collect(),
        content: content.map(|text| Content::ReasoningText { text }).into_iter().collect(),
        encrypted_content: own.map(|signature| &*signature.data),
        status,
    }
}

fn own_file<'a>(source: &'a Source, field: &'static str) -> Result<Option<&'a str>, Unsupported> {
    match source {
        // Files of one account, whichever way it is spoken to.
        Source::File { format: Format::Chat | Format::Responses, id } => Ok(Some(id)),
        Source::File { .. } => Err(Unsupported::new(field, "the file is kept by another vendor")),
        _ => Ok(None),
    }
}

fn write_image(image: &Image) -> Result<Content<'_>, Unsupported> {
    Ok(Content::InputImage {
        detail: image.detail.as_deref().unwrap_or("auto"),
        file_id: own_file(&image.source, "messages.image")?,
        image_url: address(&image.source),
    })
}

fn write_document(document: &Document) -> Result<Content<'_>, Unsupported> {
    let source = &document.source;
    let url = if let Source::Url(url) = source { Some(&**url) } else { None };
    let data = address(source).filter(|_| url.is_none());
    // Bytes need a name.
    let unnamed = data.as_ref().map(|_| match source {
        Source::Text(_) => "document.txt",
        _ => "document.pdf",
    });
    Ok(Content::InputFile {
        filename: document.name.as_deref().or(unnamed),
        file_id: own_file(source, "messages.document")?,
        file_url: url,
        file_data: data,
    })
}

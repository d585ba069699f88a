//! Parts of a message's content.

use crate::canonical::{Audio, CacheControl, Document, Image, Part, Signature, Source};
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter, write_string};

use super::{Writer, write_control};
use crate::chat::dialect::{Cache, Files};
use crate::chat::models;

impl Writer<'_> {
    pub(super) fn part(
        &mut self,
        list: &mut ListWriter<'_>,
        part: &Part,
    ) -> Result<(), Unsupported> {
        match part {
            Part::Text(text) => self.text(list, &text.text, text.cache.as_ref()),
            Part::Refusal(refusal) => self.text(list, &refusal.text, None),
            Part::Image(image) => self.image(list, image)?,
            Part::Audio(audio) => self.audio(list, audio)?,
            Part::Document(document) => self.document(list, document)?,
            Part::Reasoning(reasoning) => {
                let mut object = list.object();
                object.text("type", "thinking");
                let mut texts = object.list("thinking");
                let mut text = texts.object();
                text.text("type", "text");
                text.text("text", &reasoning.shown());
                text.close();
                texts.close();
                if let Some(Signature { format: Format::Chat, data }) = &reasoning.signature {
                    object.text("signature", data);
                }
                object.close();
            }
            Part::Native(native) if native.format == Format::Chat => {
                list.item().extend_from_slice(native.json.text().as_bytes());
            }
            Part::Native(native) => self.losses.dropped(format!("messages.{}", native.name)),
            Part::ToolCall(_) | Part::ToolResult(_) => {}
        }
        Ok(())
    }

    pub(super) fn text(
        &mut self,
        list: &mut ListWriter<'_>,
        text: &str,
        cache: Option<&CacheControl>,
    ) {
        let mut object = list.object();
        object.text("type", "text");
        object.text("text", text);
        self.breakpoint(&mut object, cache);
        object.close();
    }

    /// The breakpoint behind a part.
    fn breakpoint(&mut self, object: &mut ObjectWriter<'_>, cache: Option<&CacheControl>) {
        let Some(cache) = cache else { return };
        match self.chat.cache {
            Cache::Control => write_control(object, cache),
            Cache::Breakpoint if models::breakpoints(self.chat.models, self.model) => {
                let mut point = object.object("prompt_cache_breakpoint");
                point.text("mode", "explicit");
                match cache.ttl.as_deref() {
                    Some(ttl @ ("30m" | "12h")) => point.text("ttl", ttl),
                    Some(_) => {
                        self.losses.approximated("messages.cache.ttl", "the vendor's default");
                    }
                    None => {}
                }
                point.close();
            }
            Cache::Breakpoint => {
                self.losses.approximated("messages.cache", "the vendor caches by itself");
            }
            Cache::None => self.losses.dropped("messages.cache"),
        }
    }

    fn image(&mut self, list: &mut ListWriter<'_>, image: &Image) -> Result<(), Unsupported> {
        if !self.chat.images {
            return Err(Unsupported::new("messages.image", "the provider takes no pictures"));
        }
        let mut object = list.object();
        object.text("type", "image_url");
        let mut inner = object.object("image_url");
        match &image.source {
            Source::Url(url) => inner.text("url", url),
            Source::Data { media_type, data } => {
                write_data_url(&mut inner, "url", media_type, data);
            }
            Source::Text(_) | Source::File { .. } => {
                let message = "the provider takes pictures by their address or their bytes";
                return Err(Unsupported::new("messages.image", message));
            }
        }
        inner.option("detail", image.detail.as_deref());
        inner.close();
        self.breakpoint(&mut object, image.cache.as_ref());
        object.close();
        Ok(())
    }

    fn audio(&mut self, list: &mut ListWriter<'_>, audio: &Audio) -> Result<(), Unsupported> {
        if !self.chat.audio {
            return Err(Unsupported::new("messages.audio", "the provider takes no sound"));
        }
        let mut object = list.object();
        object.text("type", "input_audio");
        let mut inner = object.object("input_audio");
        inner.text("data", &audio.data);
        inner.text("format", &audio.format);
        inner.close();
        object.close();
        Ok(())
    }

    fn document(
        &mut self,
        list: &mut ListWriter<'_>,
        document: &Document,
    ) -> Result<(), Unsupported> {
        if document.context.is_some() {
            self.losses.dropped("messages.document.context");
        }
        if document.cited {
            self.losses.dropped("messages.document.cited");
        }
        if let Source::Text(text) = &document.source {
            self.losses.approximated("messages.document", "as text");
            self.text(list, text, document.cache.as_ref());
            return Ok(());
        }
        let unsupported = |message| Err(Unsupported::new("messages.document", message));
        let mut object = match self.chat.files {
            Files::None => return unsupported("the provider takes no files"),
            Files::Parts | Files::DocumentUrl => list.object(),
        };
        if self.chat.files == Files::DocumentUrl {
            object.text("type", "document_url");
            match &document.source {
                Source::Url(url) => object.text("document_url", url),
                Source::Data { media_type, data } => {
                    write_data_url(&mut object, "document_url", media_type, data);
                }
                _ => return unsupported("the file is kept by another vendor"),
            }
            object.option("document_name", document.name.as_deref());
        } else {
            object.text("type", "file");
            let mut file = object.object("file");
            match &document.source {
                Source::Data { media_type, data } => {
                    write_data_url(&mut file, "file_data", media_type, data);
                    // The vendor wants one.
                    let name = document.name.as_deref().unwrap_or("document.pdf");
                    file.text("filename", name);
                }
                // OpenAI's files are the same in both of its formats.
                Source::File { format: Format::Chat | Format::Responses, id } => {
                    file.text("file_id", id);
                    file.option("filename", document.name.as_deref());
                }
                _ => return unsupported("the provider takes files by their bytes"),
            }
            file.close();
        }
        self.breakpoint(&mut object, document.cache.as_ref());
        object.close();
        Ok(())
    }
}

/// Writes bytes as a URL.
fn write_data_url(object: &mut ObjectWriter<'_>, name: &str, media_type: &str, data: &str) {
    write_string(object.key(name), &Source::data_url(media_type, data));
}

//! Pictures and files, as they are written.

use super::Writer;
use crate::canonical::{Document, Image, Source};
use crate::converse::media::{document_format, format_of_address, image_format, is_s3};
use crate::format::Unsupported;
use crate::json::{ListWriter, ObjectWriter};

impl Writer<'_> {
    pub(super) fn image(
        &mut self,
        list: &mut ListWriter<'_>,
        image: &Image,
    ) -> Result<(), Unsupported> {
        if image.detail.is_some() {
            self.dropped("image.detail");
        }
        let format = match &image.source {
            Source::Data { media_type, .. } => image_format(media_type),
            other => format_of_address(other),
        };
        let format = format.ok_or_else(|| {
            Unsupported::new("messages.image", "Bedrock takes png, jpeg, gif and webp")
        })?;
        file(list, "image", format, &image.source, "messages.image", |_| ())
    }

    pub(super) fn document(
        &mut self,
        list: &mut ListWriter<'_>,
        document: &Document,
    ) -> Result<(), Unsupported> {
        let format = match &document.source {
            Source::Data { media_type, .. } => document_format(media_type),
            Source::Text(_) => Some("txt"),
            other => format_of_address(other),
        };
        let format = format.ok_or_else(|| {
            let kinds = "Bedrock takes PDF, Word, Excel, CSV, HTML, Markdown and plain text";
            Unsupported::new("messages.document", kinds)
        })?;
        let name = self.document_name(document.name.as_deref());
        file(list, "document", format, &document.source, "messages.document", |object| {
            object.text("name", &name);
            object.option("context", document.context.as_ref());
            if document.cited {
                let mut citations = object.object("citations");
                citations.value("enabled", &true);
                citations.close();
            }
        })
    }

    /// A name as Bedrock takes it: letters, digits, single blanks and some signs, each name once.
    fn document_name(&mut self, name: Option<&str>) -> String {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-()[]".contains(letter);
        let plain: String = name
            .unwrap_or("document")
            .chars()
            .map(|letter| if allowed(letter) { letter } else { ' ' })
            .collect();
        let words: Vec<&str> = plain.split_ascii_whitespace().collect();
        let mut plain = words.join(" ");
        plain.truncate(190);
        if plain.is_empty() {
            "document".clone_into(&mut plain);
        }
        let first = plain.clone();
        let mut number = 1_u32;
        while self.documents.contains(&plain) {
            number += 1;
            plain = format!("{first} {number}");
        }
        if name.is_some_and(|name| name != plain) {
            self.losses.approximated(self.field("document.name"), "in letters that Bedrock takes");
        }
        self.documents.push(plain.clone());
        plain
    }
}

/// A block with a format, a source and what `more` adds.
fn file(
    list: &mut ListWriter<'_>,
    name: &str,
    format: &str,
    source: &Source,
    field: &'static str,
    more: impl FnOnce(&mut ObjectWriter<'_>),
) -> Result<(), Unsupported> {
    match source {
        Source::Url(url) if !is_s3(url) => {
            return Err(Unsupported::new(field, "Bedrock takes no address but those of S3"));
        }
        Source::File { .. } => {
            return Err(Unsupported::new(field, "Bedrock keeps no files"));
        }
        Source::Text(_) if name != "document" => {
            return Err(Unsupported::new(field, "a text is no picture"));
        }
        _ => {}
    }
    let mut block = list.object();
    let mut object = block.object(name);
    object.text("format", format);
    more(&mut object);
    let mut inner = object.object("source");
    match source {
        Source::Url(uri) => {
            let mut place = inner.object("s3Location");
            place.text("uri", uri);
            place.close();
        }
        Source::Data { data, .. } => inner.text("bytes", data),
        Source::Text(text) => inner.text("text", text),
        Source::File { .. } => {}
    }
    inner.close();
    object.close();
    block.close();
    Ok(())
}

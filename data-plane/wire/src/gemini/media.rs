//! Which kind of part a media type is, and which type an address or a format of sound has.

use super::types::{Blob, FileData};
use crate::canonical::{Audio, Document, Image, Part, Source};
use crate::format::{Format, Media};

/// A part of bytes; `None` for what has no canonical form (video).
pub(super) fn inline(blob: Blob, detail: Option<String>) -> Option<Part> {
    let Blob { mime_type, data } = blob;
    if let Some(format) = sound_format(&mime_type) {
        return Some(Part::Audio(Audio { data, format: format.to_owned(), ..Audio::default() }));
    }
    part(&mime_type.clone(), Source::Data { media_type: mime_type, data }, detail)
}

/// A part at an address; `None` for what has no canonical form (sound, video).
pub(super) fn file(file: FileData, detail: Option<String>) -> Option<Part> {
    let FileData { mime_type, file_uri } = file;
    if is_kept_file(&file_uri) {
        return part(&mime_type, Source::File { format: Format::Gemini, id: file_uri }, detail);
    }
    part(&mime_type, Source::Url(file_uri), detail)
}

fn part(media_type: &str, source: Source, detail: Option<String>) -> Option<Part> {
    match media_type.split('/').next() {
        Some("image") => Some(Part::Image(Image { source, detail, cache: None })),
        Some("audio" | "video") => None,
        _ => Some(Part::Document(Document {
            source,
            name: None,
            context: None,
            cited: false,
            cache: None,
        })),
    }
}

/// A file of AI Studio's Files API.
pub(super) fn is_kept_file(uri: &str) -> bool {
    uri.strip_prefix("https://generativelanguage.googleapis.com/")
        .is_some_and(|path| path.contains("/files/"))
}

/// The type that an address has by its ending.
pub(super) fn type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        _ => return None,
    })
}

/// Whether an address is of this kind of media, as far as its ending tells.
pub(super) fn is_of(url: &str, media: Media) -> bool {
    type_of(url)
        .is_some_and(|media_type| media_type.starts_with("image/") == (media == Media::Image))
}

/// The short name of a format of sound; `None` where the type is none of sound.
fn sound_format(media_type: &str) -> Option<&str> {
    let format = media_type.strip_prefix("audio/")?;
    Some(match format {
        "mpeg" => "mp3",
        "x-wav" | "wave" => "wav",
        raw if raw.starts_with("L16") || raw.starts_with("l16") => "pcm16",
        other => other,
    })
}

/// The media type of a format of sound.
pub(super) fn sound_type(format: &str) -> String {
    match format {
        // What OpenAI calls so: 16 bits, 24 kHz.
        "pcm16" => "audio/L16;codec=pcm;rate=24000".to_owned(),
        other => format!("audio/{other}"),
    }
}

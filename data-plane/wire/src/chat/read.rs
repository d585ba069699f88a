//! Small pieces that requests, answers and chunks have in common, read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::canonical::{
    Audio, CacheControl, Citation, Document, Image, Native, Part, Reasoning, Refusal, Signature,
    Source, Text,
};
use crate::format::Format;
use crate::json::{self, Elements, Json, Object, ValueKind};

use super::types::{self, InputAudio, Url};

/// The text, where it is a string and not empty.
pub(super) fn text(raw: Option<&RawValue>) -> Option<String> {
    let text = json::string(raw?.get().as_bytes())?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// The text of a JSON object: given as a string of it, or as itself. What is empty is `None`.
pub(super) fn arguments(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?.get();
    let text = match raw.as_bytes().first() {
        Some(b'"') => json::string(raw.as_bytes())?.into_owned(),
        _ => raw.to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

/// As it came.
pub(super) fn native(name: &str, raw: &[u8]) -> Option<Native> {
    let json = Json::parse(std::str::from_utf8(raw).ok()?)?;
    Some(Native { format: Format::Chat, name: name.to_owned(), json })
}

/// A breakpoint: OpenAI's `prompt_cache_breakpoint` or Anthropic's `cache_control`, by their `ttl`.
pub(super) fn cache(raw: Option<&RawValue>) -> Option<CacheControl> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Breakpoint {
        ttl: Option<String>,
    }
    let read: Breakpoint = serde_json::from_str(raw?.get()).ok()?;
    Some(CacheControl { ttl: read.ttl })
}

/// Appends what a content holds: a string, a list of parts, or nothing.
pub(super) fn content(raw: Option<&RawValue>, out: &mut Vec<Part>) -> Result<(), String> {
    let Some(raw) = raw else { return Ok(()) };
    let raw = raw.get().as_bytes();
    match raw.first() {
        Some(b'"') => {
            let text = json::string(raw).ok_or("the text is no string")?;
            if !text.is_empty() {
                out.push(Part::Text(Text::new(text)));
            }
        }
        Some(b'[') => {
            for element in Elements::of(raw) {
                match element.kind {
                    ValueKind::Null => {}
                    ValueKind::String => {
                        let text = element.text().unwrap_or_default();
                        out.push(Part::Text(Text::new(text)));
                    }
                    _ => out.extend(part_of(element.raw)?),
                }
            }
        }
        // One where several could be.
        Some(b'{') => out.extend(part_of(raw)?),
        _ => return Err("it is neither a string nor a list".to_owned()),
    }
    Ok(())
}

fn part_of(raw: &[u8]) -> Result<Option<Part>, String> {
    let read: types::Part<'_> = serde_json::from_slice(raw).map_err(|error| why(&error))?;
    part(read, raw)
}

/// What a part says; `raw` is its text, for those that only this format knows.
pub(super) fn part(part: types::Part<'_>, raw: &[u8]) -> Result<Option<Part>, String> {
    let cache = cache(part.prompt_cache_breakpoint.or(part.cache_control));
    Ok(match &*part.kind {
        "text" | "input_text" | "output_text" => {
            let text = part.text.unwrap_or_default();
            // An empty text says nothing, unless a breakpoint stands behind it.
            (!text.is_empty() || cache.is_some())
                .then(|| Part::Text(Text { text, cache, ..Text::default() }))
        }
        "refusal" => part.refusal.map(|text| Part::Refusal(Refusal { text })),
        "image_url" => {
            let Url { url, detail } =
                one_or(part.image_url, |url| Url { url, detail: None }).ok_or("image_url.url")?;
            Some(Part::Image(Image { source: Source::of_url(url), detail, cache }))
        }
        "input_audio" => {
            let plain = |data| InputAudio { data, format: String::new() };
            let audio = one_or(part.input_audio, plain).ok_or("input_audio")?;
            let InputAudio { data, format } = audio;
            Some(Part::Audio(Audio { data, format, ..Audio::default() }))
        }
        "file" if part.file.is_some() => {
            let file = part.file.unwrap_or_default();
            let source = match (file.file_data, file.file_id) {
                (Some(data), _) => Source::of_url(data),
                (None, Some(id)) => Source::File { format: Format::Chat, id },
                (None, None) => return Err("file: neither file_data nor file_id".to_owned()),
            };
            Some(document(source, file.filename, cache))
        }
        "document_url" => {
            let url = one_or(part.document_url, |url| Url { url, detail: None });
            let url = url.ok_or("document_url")?.url;
            Some(document(Source::of_url(url), part.document_name, cache))
        }
        "thinking" => {
            let data = part.signature.filter(|signature| !signature.is_empty());
            let reasoning = Reasoning {
                text: thinking(part.thinking),
                signature: data.map(|data| Signature { format: Format::Chat, data }),
                ..Reasoning::default()
            };
            Some(Part::Reasoning(reasoning))
        }
        kind => native(kind, raw).map(Part::Native),
    })
}

fn document(source: Source, name: Option<String>, cache: Option<CacheControl>) -> Part {
    Part::Document(Document { source, name, context: None, cited: false, cache })
}

/// An object, or the string that stands for it.
fn one_or<T: for<'de> Deserialize<'de>>(
    raw: Option<&RawValue>,
    plain: impl FnOnce(String) -> T,
) -> Option<T> {
    let raw = raw?.get();
    match json::string(raw.as_bytes()) {
        Some(text) => Some(plain(text.into_owned())),
        None => serde_json::from_str(raw).ok(),
    }
}

/// Mistral's thoughts: a text, or a list of parts with texts.
fn thinking(raw: Option<&RawValue>) -> String {
    let Some(raw) = raw else { return String::new() };
    let raw = raw.get().as_bytes();
    if let Some(text) = json::string(raw) {
        return text.into_owned();
    }
    let texts = Elements::of(raw).filter_map(|part| {
        let text = part.object()?.first("text")?.text()?;
        Some(text.into_owned())
    });
    texts.collect()
}

/// An annotation: OpenAI's `url_citation`; others are kept for those who know them.
pub(super) fn citation(raw: &RawValue) -> Option<Citation> {
    let raw = raw.get().as_bytes();
    let annotation = Object::scan(raw).ok()?;
    let kind = annotation.first("type")?.text()?;
    let Some(page) = annotation.first("url_citation").and_then(|page| page.object()) else {
        return Some(Citation { native: native(&kind, raw), ..Citation::default() });
    };
    let own = |name: &str| page.first(name)?.text().map(std::borrow::Cow::into_owned);
    let number = |name: &str| page.first(name)?.number();
    Some(Citation {
        url: own("url"),
        title: own("title").filter(|title| !title.is_empty()),
        cited: own("content").filter(|cited| !cited.is_empty()),
        span: number("start_index").zip(number("end_index")),
        ..Citation::default()
    })
}

/// What is wrong, without the place: it would be counted from the wrong beginning.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.find(" at line ") {
        text.truncate(at);
    }
    text
}

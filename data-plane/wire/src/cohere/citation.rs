use serde::Deserialize;

use crate::canonical::{Citation, Native};
use crate::format::Format;
use crate::json::{Json, ObjectWriter};
use crate::lenient::null_as_default;

#[derive(Default, Deserialize)]
struct Wire {
    #[serde(default)]
    start: Option<u64>,
    #[serde(default)]
    end: Option<u64>,
    #[serde(default, deserialize_with = "null_as_default")]
    sources: Vec<Source>,
    #[serde(default)]
    content_index: Option<u64>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default, deserialize_with = "null_as_default")]
    document: Origin,
}

/// What documents say of themselves, as a rule.
#[derive(Default, Deserialize)]
struct Origin {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

/// A citation, and the number of the content that it is of.
pub(super) fn decode(json: Json) -> (Citation, Option<u64>) {
    let wire: Wire = json.read().unwrap_or_default();
    let origin = wire.sources.into_iter().next().map(|source| source.document).unwrap_or_default();
    let citation = Citation {
        url: origin.url,
        title: origin.title,
        cited: None,
        span: wire.start.zip(wire.end),
        place: None,
        native: Some(Native { format: Format::Cohere, name: "citation".to_owned(), json }),
    };
    (citation, wire.content_index)
}

/// Writes a citation of a text: as it came, where it came from Cohere.
pub(super) fn write(out: &mut Vec<u8>, citation: &Citation, text: &str, content: u64) {
    if let Some(native) = citation.native.as_ref().filter(|it| it.format == Format::Cohere) {
        out.extend_from_slice(native.json.text().as_bytes());
        return;
    }
    let mut object = ObjectWriter::open(out);
    let all = || (0, text.chars().count() as u64);
    let (start, end) = citation.span.unwrap_or_else(all);
    object.value("start", &start);
    object.value("end", &end);
    let skipped = usize::try_from(start).unwrap_or(usize::MAX);
    let length = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
    object.text("text", &text.chars().skip(skipped).take(length).collect::<String>());
    let mut sources = object.list("sources");
    let mut source = sources.object();
    source.text("type", "document");
    source.option("id", citation.url.as_ref().or(citation.title.as_ref()));
    let mut document = source.object("document");
    document.option("title", citation.title.as_ref());
    document.option("url", citation.url.as_ref());
    document.option("snippet", citation.cited.as_ref());
    document.close();
    source.close();
    sources.close();
    object.value("content_index", &content);
    object.close();
}

use crate::canonical::{Citation, CitationPlace, Native};
use crate::converse::types;
use crate::format::Format;
use crate::json::{Json, ObjectWriter};

/// What a text relies on, from Bedrock's words for it.
pub(in crate::converse) fn citation(json: Json) -> Citation {
    let read: types::Citation = json.read().unwrap_or_default();
    let cited: String = read.source_content.into_iter().map(|part| part.text).collect();
    let location = read.location;
    let place = |range: Option<types::DocumentRange>, unit| {
        range.map(|range| CitationPlace {
            document: range.document_index,
            unit,
            start: range.start,
            end: range.end,
        })
    };
    Citation {
        url: location.web.and_then(|web| web.url),
        title: read.title.filter(|title| !title.is_empty()),
        cited: Some(cited).filter(|cited| !cited.is_empty()),
        span: None,
        place: place(location.document_char, "char")
            .or_else(|| place(location.document_page, "page"))
            .or_else(|| place(location.document_chunk, "block")),
        native: Some(Native { format: Format::Converse, name: "citation".to_owned(), json }),
    }
}

/// Writes a citation: as it came, where it came from Bedrock.
pub(in crate::converse) fn write(out: &mut Vec<u8>, citation: &Citation) {
    if let Some(native) = citation.native.as_ref().filter(|it| it.format == Format::Converse) {
        out.extend_from_slice(native.json.text().as_bytes());
        return;
    }
    let mut object = ObjectWriter::open(out);
    object.option("title", citation.title.as_ref());
    if let Some(cited) = &citation.cited {
        let mut list = object.list("sourceContent");
        let mut text = list.object();
        text.text("text", cited);
        text.close();
        list.close();
    }
    if let Some(place) = &citation.place {
        let mut location = object.object("location");
        let mut range = location.object(match place.unit {
            "page" => "documentPage",
            "block" => "documentChunk",
            _ => "documentChar",
        });
        range.value("documentIndex", &place.document);
        range.value("start", &place.start);
        range.value("end", &place.end);
        range.close();
        location.close();
    } else if let Some(url) = &citation.url {
        let mut location = object.object("location");
        let mut web = location.object("web");
        web.text("url", url);
        web.close();
        location.close();
    }
    object.close();
}

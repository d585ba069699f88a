//! Blocks as they are read, in requests and in answers.

use serde_json::value::RawValue;

use super::mark;
use super::types::{Block, Citation as WireCitation, Cited, Source as WireSource};
use crate::canonical::{
    Citation, CitationPlace, Document, Image, Native, Part, Reasoning, Source, Text, ToolCall,
    ToolResult,
};
use crate::format::Format;

/// A block that cannot be read; says why.
pub(super) type Malformed = String;

/// Reads `content`: a text, or blocks. Nothing for `null`, and nothing of empty texts.
pub(super) fn read_content(raw: &RawValue) -> Result<Vec<Part>, Malformed> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(if text.is_empty() { Vec::new() } else { vec![Part::Text(Text::new(text))] })
        }
        Some(b'[') => {
            let blocks: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let mut parts = Vec::with_capacity(blocks.len());
            for block in blocks {
                parts.extend(read_block(block)?);
            }
            Ok(parts)
        }
        Some(b'n') => Ok(Vec::new()),
        _ => Err("content is neither a text nor a list".into()),
    }
}

/// Reads a block; `None` for a text that is empty.
pub(super) fn read_block(raw: &RawValue) -> Result<Option<Part>, Malformed> {
    let block: Block<'_> = match serde_json::from_str(raw.get()) {
        Ok(block) => block,
        // Blocks that are not known may have other types where known ones have texts.
        Err(error) => return foreign(raw).map(Some).ok_or_else(|| error.to_string()),
    };
    let missing = |member: &str| format!("a block of the type {:?} has no {member}", block.kind);
    let cache = block.cache_control.map(Into::into);
    Ok(Some(match &*block.kind {
        "text" => {
            let text = block.text.ok_or_else(|| missing("text"))?;
            let citations = block.citations.map(read_citations).unwrap_or_default();
            if text.is_empty() && citations.is_empty() {
                return Ok(None);
            }
            Part::Text(Text { text, citations, cache, signature: None })
        }
        "image" => {
            let source = block.source.ok_or_else(|| missing("source"))?;
            match read_source(source)? {
                Some(source) => Part::Image(Image { source, detail: None, cache }),
                None => native(&block.kind, raw),
            }
        }
        "document" => {
            let source = block.source.ok_or_else(|| missing("source"))?;
            let cited = block.citations.and_then(|raw| serde_json::from_str(raw.get()).ok());
            match read_source(source)? {
                Some(source) => Part::Document(Document {
                    source,
                    name: block.title.filter(|title| !title.is_empty()),
                    context: block.context.filter(|context| !context.is_empty()),
                    cited: cited.is_some_and(|cited: Cited| cited.enabled),
                    cache,
                }),
                None => native(&block.kind, raw),
            }
        }
        "tool_use" => Part::ToolCall(ToolCall {
            id: block.id.clone().ok_or_else(|| missing("id"))?,
            name: block.name.clone().ok_or_else(|| missing("name"))?,
            arguments: arguments(block.input),
            custom: false,
            signature: None,
            cache,
        }),
        "tool_result" => Part::ToolResult(ToolResult {
            call_id: block.tool_use_id.clone().ok_or_else(|| missing("tool_use_id"))?,
            name: None,
            content: block.content.map(read_content).transpose()?.unwrap_or_default(),
            is_error: block.is_error.unwrap_or(false),
            custom: false,
            cache,
        }),
        "thinking" => Part::Reasoning(Reasoning {
            text: block.thinking.unwrap_or_default(),
            signature: block.signature.and_then(mark::read),
            ..Reasoning::default()
        }),
        "redacted_thinking" => Part::Reasoning(redacted(block.data.unwrap_or_default())),
        "" => return Err("a block has no type".into()),
        kind => native(kind, raw),
    }))
}

/// Thinking that the vendor shows nothing of.
pub(super) fn redacted(data: String) -> Reasoning {
    Reasoning { signature: mark::read(data), redacted: true, ..Reasoning::default() }
}

/// The text of a call's arguments.
pub(super) fn arguments(input: Option<&RawValue>) -> String {
    match input.map(RawValue::get) {
        None | Some("null" | "\"\"") => "{}".into(),
        Some(text) => text.to_owned(),
    }
}

/// Where an image or document is; `None` where only this format can say it.
fn read_source(raw: &RawValue) -> Result<Option<Source>, Malformed> {
    let Ok(source) = serde_json::from_str::<WireSource<'_>>(raw.get()) else { return Ok(None) };
    let missing = |member: &str| format!("a source of the type {:?} has no {member}", source.kind);
    Ok(match &*source.kind {
        "base64" => Some(Source::Data {
            media_type: source.media_type.clone().ok_or_else(|| missing("media_type"))?,
            data: source.data.clone().ok_or_else(|| missing("data"))?,
        }),
        "text" => Some(Source::Text(source.data.clone().ok_or_else(|| missing("data"))?)),
        "url" => Some(Source::Url(source.url.clone().ok_or_else(|| missing("url"))?)),
        "file" => Some(Source::File {
            format: Format::Anthropic,
            id: source.file_id.clone().ok_or_else(|| missing("file_id"))?,
        }),
        _ => None,
    })
}

fn read_citations(raw: &RawValue) -> Vec<Citation> {
    let citations: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    citations.into_iter().filter_map(read_citation).collect()
}

/// Reads a citation; nothing where there is none.
pub(super) fn read_citation(raw: &RawValue) -> Option<Citation> {
    let wire: WireCitation<'_> = serde_json::from_str(raw.get()).ok()?;
    let (unit, start, end) = match &*wire.kind {
        "char_location" => ("char", wire.start_char_index, wire.end_char_index),
        "page_location" => ("page", wire.start_page_number, wire.end_page_number),
        "content_block_location" => ("block", wire.start_block_index, wire.end_block_index),
        _ => ("", None, None),
    };
    let place = match (wire.document_index, start, end) {
        (Some(document), Some(start), Some(end)) => {
            Some(CitationPlace { document, unit, start, end })
        }
        _ => None,
    };
    let native =
        Native { format: Format::Anthropic, name: wire.kind.into_owned(), json: raw.into() };
    Some(Citation {
        url: wire.url,
        title: wire.title.or(wire.document_title),
        cited: wire.cited_text.filter(|cited| !cited.is_empty()),
        span: None,
        place,
        native: Some(native),
    })
}

/// A block of a type that is not known, by its type alone.
fn foreign(raw: &RawValue) -> Option<Part> {
    #[derive(serde::Deserialize)]
    struct Kind {
        r#type: String,
    }
    const KNOWN: [&str; 7] =
        ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];
    let kind: Kind = serde_json::from_str(raw.get()).ok()?;
    (!KNOWN.contains(&kind.r#type.as_str())).then(|| native(&kind.r#type, raw))
}

fn native(kind: &str, raw: &RawValue) -> Part {
    Part::Native(Native { format: Format::Anthropic, name: kind.to_owned(), json: raw.into() })
}

//! Blocks as requests have them, written.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::thinking::is_signed;
use crate::canonical::{
    CacheControl, Citation, Document, Image, Native, Part, Reasoning, Source, Text, ToolCall,
    ToolResult,
};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{Json, ListWriter, ObjectWriter};

/// Where a block stands: in what a person, an operator or a tool says, or in what the model said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    User,
    Assistant,
}

/// Writes a part; texts that are empty are left out, for they are refused.
pub(super) fn write(
    list: &mut ListWriter<'_>,
    part: &Part,
    side: Side,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    match (part, side) {
        (Part::Text(text), _) => write_text(list, text, side, losses),
        (Part::Image(image), Side::User) => write_image(list, image, losses)?,
        (Part::Document(document), Side::User) => write_document(list, document)?,
        (Part::Image(_), Side::Assistant) => {
            losses.dropped_for("messages.image", "the model's own messages have none");
        }
        (Part::Document(_), Side::Assistant) => {
            losses.dropped_for("messages.document", "the model's own messages have none");
        }
        (Part::Audio(_), Side::User) => {
            return Err(Unsupported::new("messages.audio", "the format has no sound"));
        }
        (Part::Audio(audio), Side::Assistant) => match &audio.transcript {
            Some(said) => {
                losses.approximated("messages.audio", "as what is said in it");
                write_plain(list, said);
            }
            None => losses.dropped("messages.audio"),
        },
        (Part::ToolCall(call), _) => write_call(list, call, losses),
        (Part::ToolResult(result), _) => write_result(list, result, losses)?,
        (Part::Reasoning(reasoning), _) => write_reasoning(list, reasoning, losses),
        (Part::Refusal(refusal), _) => {
            losses.approximated("messages.refusal", "as text");
            write_plain(list, &refusal.text);
        }
        (Part::Native(native), _) => write_native(list, native, losses),
    }
    Ok(())
}

fn write_plain(list: &mut ListWriter<'_>, text: &str) {
    if !text.is_empty() {
        let mut block = list.object();
        block.text("type", "text");
        block.text("text", text);
        block.close();
    }
}

fn write_text(list: &mut ListWriter<'_>, text: &Text, side: Side, losses: &mut Losses) {
    if text.signature.is_some() {
        losses.dropped("messages.text.signature");
    }
    if text.text.is_empty() && text.citations.is_empty() {
        return;
    }
    let mut block = list.object();
    block.text("type", "text");
    block.text("text", &text.text);
    if !text.citations.is_empty() {
        if side == Side::User {
            losses.dropped_for("messages.citations", "only the model's own messages have them");
        } else {
            write_citations(&mut block, &text.citations, losses);
        }
    }
    write_cache(&mut block, text.cache.as_ref());
    block.close();
}

fn write_citations(block: &mut ObjectWriter<'_>, citations: &[Citation], losses: &mut Losses) {
    let mut out = Vec::new();
    let mut list = ListWriter::open(&mut out);
    for citation in citations {
        // A page is proved by an index that only Anthropic makes.
        let own = citation.native.as_ref().is_some_and(|n| n.format == Format::Anthropic);
        if !(own || citation.place.is_some()) || !write_citation(&mut list, citation) {
            losses.dropped("messages.citations");
        }
    }
    let any = !list.is_empty();
    list.close();
    if any {
        block.key("citations").extend_from_slice(&out);
    }
}

/// Writes a citation; whether it can be said.
pub(in super::super) fn write_citation(list: &mut ListWriter<'_>, citation: &Citation) -> bool {
    if let Some(native) = citation.native.as_ref().filter(|n| n.format == Format::Anthropic) {
        list.item().extend_from_slice(native.json.text().as_bytes());
        return true;
    }
    let cited = citation.cited.as_deref().unwrap_or_default();
    if let Some(place) = &citation.place {
        let (kind, start, end) = match place.unit {
            "char" => ("char_location", "start_char_index", "end_char_index"),
            "page" => ("page_location", "start_page_number", "end_page_number"),
            _ => ("content_block_location", "start_block_index", "end_block_index"),
        };
        let mut object = list.object();
        object.text("type", kind);
        object.text("cited_text", cited);
        object.value("document_index", &place.document);
        object.value("document_title", &citation.title);
        object.value(start, &place.start);
        object.value(end, &place.end);
        object.close();
        return true;
    }
    let Some(url) = &citation.url else { return false };
    let mut object = list.object();
    object.text("type", "web_search_result_location");
    object.text("url", url);
    object.value("title", &citation.title);
    object.text("cited_text", cited);
    object.text("encrypted_index", "");
    object.close();
    true
}

fn write_image(
    list: &mut ListWriter<'_>,
    image: &Image,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    const FIELD: &str = "messages.image";
    if image.detail.is_some() {
        losses.dropped("messages.image.detail");
    }
    let mut block = list.object();
    block.text("type", "image");
    let mut source = block.object("source");
    match &image.source {
        Source::Data { media_type, data } => {
            if !matches!(&**media_type, "image/jpeg" | "image/png" | "image/gif" | "image/webp") {
                let message = format!("pictures of the type {media_type:?} are not taken");
                return Err(Unsupported::new(FIELD, message));
            }
            write_data(&mut source, media_type, data);
        }
        other => write_elsewhere(&mut source, other, FIELD)?,
    }
    source.close();
    write_cache(&mut block, image.cache.as_ref());
    block.close();
    Ok(())
}

fn write_document(list: &mut ListWriter<'_>, document: &Document) -> Result<(), Unsupported> {
    const FIELD: &str = "messages.document";
    let mut block = list.object();
    block.text("type", "document");
    let mut source = block.object("source");
    match &document.source {
        Source::Data { media_type, data } if media_type == "application/pdf" => {
            write_data(&mut source, media_type, data);
        }
        Source::Data { media_type, data } => {
            let text = text_of(media_type, data).ok_or_else(|| {
                Unsupported::new(FIELD, format!("files of the type {media_type:?} are not taken"))
            })?;
            write_text_source(&mut source, &text);
        }
        Source::Text(text) => write_text_source(&mut source, text),
        other => write_elsewhere(&mut source, other, FIELD)?,
    }
    source.close();
    block.option("title", document.name.as_ref());
    block.option("context", document.context.as_ref());
    if document.cited {
        block.key("citations").extend_from_slice(b"{\"enabled\":true}");
    }
    write_cache(&mut block, document.cache.as_ref());
    block.close();
    Ok(())
}

fn write_data(source: &mut ObjectWriter<'_>, media_type: &str, data: &str) {
    source.text("type", "base64");
    source.text("media_type", media_type);
    source.text("data", data);
}

fn write_text_source(source: &mut ObjectWriter<'_>, text: &str) {
    source.text("type", "text");
    source.text("media_type", "text/plain");
    source.text("data", text);
}

fn write_elsewhere(
    out: &mut ObjectWriter<'_>,
    source: &Source,
    field: &'static str,
) -> Result<(), Unsupported> {
    match source {
        Source::Url(url) if is_web(url) => {
            out.text("type", "url");
            out.text("url", url);
        }
        Source::File { format: Format::Anthropic, id } => {
            out.text("type", "file");
            out.text("file_id", id);
        }
        Source::Url(_) => {
            return Err(Unsupported::new(field, "only addresses of the web are taken"));
        }
        Source::File { .. } => {
            return Err(Unsupported::new(field, "the file is kept by another vendor"));
        }
        Source::Text(_) | Source::Data { .. } => {
            return Err(Unsupported::new(field, "it cannot be given in this form"));
        }
    }
    Ok(())
}

/// Whether an address is one of the web.
pub(in super::super) fn is_web(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    })
}

/// The text of a file that is one.
fn text_of(media_type: &str, data: &str) -> Option<String> {
    let kind = media_type.split(';').next().unwrap_or_default().trim();
    let text = kind.starts_with("text/")
        || matches!(kind, "application/json" | "application/xml" | "application/yaml");
    if !text {
        return None;
    }
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

fn write_call(list: &mut ListWriter<'_>, call: &ToolCall, losses: &mut Losses) {
    if call.signature.is_some() {
        losses.dropped("messages.tool_call.signature");
    }
    let mut block = list.object();
    block.text("type", "tool_use");
    block.text("id", &tool_id(&call.id));
    block.text("name", &call.name);
    if call.custom {
        losses.approximated("messages.tool_call.custom", "its text as the member `input`");
    }
    if !write_input(block.key("input"), call) && !call.custom {
        losses
            .approximated("messages.tool_call.arguments", "no JSON object: as the member `input`");
    }
    write_cache(&mut block, call.cache.as_ref());
    block.close();
}

/// Writes a call's arguments as an object; whether they were one.
pub(in super::super) fn write_input(out: &mut Vec<u8>, call: &ToolCall) -> bool {
    let text = call.arguments.trim();
    if !call.custom {
        if text.is_empty() {
            out.extend_from_slice(b"{}");
            return true;
        }
        if text.starts_with('{') && Json::parse(text).is_some() {
            out.extend_from_slice(text.as_bytes());
            return true;
        }
    }
    let mut object = ObjectWriter::open(out);
    object.text("input", &call.arguments);
    object.close();
    false
}

/// A call's id, of letters, digits, `_` and `-` only: others are refused. The same id always becomes
/// the same, and different ones hardly ever do.
fn tool_id(id: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !id.is_empty() && id.chars().all(plain) {
        return Cow::Borrowed(id);
    }
    // FNV-1a.
    let hash = id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let name: String = id.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    Cow::Owned(format!("{name}_{hash:08x}"))
}

fn write_result(
    list: &mut ListWriter<'_>,
    result: &ToolResult,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let mut block = list.object();
    block.text("type", "tool_result");
    block.text("tool_use_id", &tool_id(&result.call_id));
    match &result.content[..] {
        [] => {}
        [Part::Text(text)] if text.cache.is_none() && text.citations.is_empty() => {
            block.text("content", &text.text);
        }
        parts => {
            let mut inner = block.list("content");
            for part in parts {
                write(&mut inner, part, Side::User, losses)?;
            }
            inner.close();
        }
    }
    if result.is_error {
        block.value("is_error", &true);
    }
    write_cache(&mut block, result.cache.as_ref());
    block.close();
    Ok(())
}

/// Thinking is sent back as Anthropic signed it, or not at all.
fn write_reasoning(list: &mut ListWriter<'_>, reasoning: &Reasoning, losses: &mut Losses) {
    if !is_signed(reasoning) {
        losses.dropped_for("messages.reasoning", "only what Anthropic has signed is taken");
        if reasoning.signature.is_some() {
            losses.dropped("messages.reasoning.signature");
        }
        return;
    }
    let data = reasoning.signature.as_ref().map(|s| s.data.as_str()).unwrap_or_default();
    let mut block = list.object();
    if reasoning.redacted {
        block.text("type", "redacted_thinking");
        block.text("data", data);
    } else {
        block.text("type", "thinking");
        block.text("thinking", &reasoning.shown());
        block.text("signature", data);
    }
    block.close();
}

fn write_native(list: &mut ListWriter<'_>, native: &Native, losses: &mut Losses) {
    if native.format == Format::Anthropic {
        list.item().extend_from_slice(native.json.text().as_bytes());
    } else {
        losses.dropped(format!("messages.{}", native.name));
    }
}

/// Writes `cache_control`.
pub(super) fn write_cache(block: &mut ObjectWriter<'_>, cache: Option<&CacheControl>) {
    if let Some(cache) = cache {
        let mut object = block.object("cache_control");
        object.text("type", "ephemeral");
        object.option("ttl", cache.ttl.as_ref());
        object.close();
    }
}

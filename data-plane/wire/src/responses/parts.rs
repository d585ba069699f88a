//! What items and their parts say, in canonical parts. Requests and answers have the same ones.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::types::{Raw, ReadAnnotation, ReadItem, ReadLogprob, ReadPart, list, some_text, text};
use crate::canonical::{
    Audio, Citation, Document, Image, Native, Part, Reasoning, Refusal, Signature, Source, Text,
    TokenLogprob, ToolCall, TopLogprob,
};
use crate::format::Format;
use crate::json::Json;

/// A text as it came, for its own format.
pub(super) fn native(name: &str, raw: &RawValue) -> Option<Native> {
    let json = Json::parse(raw.get())?;
    Some(Native { format: Format::Responses, name: name.to_owned(), json })
}

/// An item of the assistant's side, as parts of its turn. `None` where a member is no list.
pub(super) fn read_said(
    item: &ReadItem<'_>,
    raw: &RawValue,
    parts: &mut Vec<Part>,
    logprobs: &mut Vec<TokenLogprob>,
) -> Option<()> {
    match item.r#type.as_str() {
        "message" => parts.extend(read_content(item.content, logprobs)?),
        "function_call" | "custom_tool_call" => parts.push(Part::ToolCall(read_call(item))),
        "reasoning" => parts.push(Part::Reasoning(read_reasoning(item)?)),
        other => parts.extend(native(other, raw).map(Part::Native)),
    }
    Some(())
}

/// A call of a function or a custom tool.
pub(super) fn read_call(item: &ReadItem<'_>) -> ToolCall {
    let custom = item.r#type == "custom_tool_call";
    let arguments = text(if custom { item.input } else { item.arguments }).unwrap_or_default();
    let empty = !custom && arguments.trim().is_empty();
    ToolCall {
        id: some_text(item.call_id).or_else(|| some_text(item.id)).unwrap_or_default(),
        name: text(item.name).unwrap_or_default(),
        arguments: if empty { "{}".to_owned() } else { arguments },
        custom,
        signature: None,
        cache: None,
    }
}

/// What the model thought.
pub(super) fn read_reasoning(item: &ReadItem<'_>) -> Option<Reasoning> {
    let texts = |raw| {
        let parts = list(raw)?.into_iter();
        let text = |part: &RawValue| {
            let part = serde_json::from_str::<ReadPart<'_>>(part.get()).ok()?;
            text(part.text)
        };
        Some(parts.filter_map(text).collect::<Vec<_>>())
    };
    Some(Reasoning {
        id: some_text(item.id),
        text: texts(item.content)?.concat(),
        summary: texts(item.summary)?,
        signature: some_text(item.encrypted_content).map(signature),
        redacted: false,
    })
}

/// Reasoning, encrypted.
pub(super) fn signature(data: String) -> Signature {
    Signature { format: Format::Responses, data }
}

/// A string or a list of parts; empty texts are left out. `None` where it is neither.
pub(super) fn read_content(
    content: Raw<'_>,
    logprobs: &mut Vec<TokenLogprob>,
) -> Option<Vec<Part>> {
    if content.is_some_and(|raw| raw.get().starts_with('"')) {
        let text = some_text(content).map(|text| Part::Text(Text::new(text)));
        return Some(text.into_iter().collect());
    }
    let list = list(content)?;
    let mut parts = Vec::with_capacity(list.len());
    for raw in list {
        parts.extend(read_part(raw, logprobs));
    }
    Some(parts)
}

/// `None` where it says nothing.
pub(super) fn read_part(raw: &RawValue, logprobs: &mut Vec<TokenLogprob>) -> Option<Part> {
    let part = serde_json::from_str::<ReadPart<'_>>(raw.get()).ok()?;
    Some(match part.r#type.as_str() {
        "input_text" | "output_text" | "text" => {
            let citations: Vec<Citation> = list(part.annotations)
                .unwrap_or_default()
                .into_iter()
                .filter_map(read_annotation)
                .collect();
            logprobs.extend(read_logprobs(part.logprobs));
            let text = text(part.text).unwrap_or_default();
            if text.is_empty() && citations.is_empty() {
                return None;
            }
            Part::Text(Text { text, citations, ..Text::default() })
        }
        "refusal" => Part::Refusal(Refusal { text: some_text(part.refusal)? }),
        "input_image" => match image(&part) {
            Some(image) => Part::Image(image),
            None => Part::Native(native("input_image", raw)?),
        },
        "input_file" => match document(&part) {
            Some(document) => Part::Document(document),
            None => Part::Native(native("input_file", raw)?),
        },
        "input_audio" => match audio(&part) {
            Some(audio) => Part::Audio(audio),
            None => Part::Native(native("input_audio", raw)?),
        },
        other => Part::Native(native(other, raw)?),
    })
}

fn image(part: &ReadPart<'_>) -> Option<Image> {
    #[derive(Deserialize)]
    struct Nested {
        url: String,
    }
    let source = if let Some(id) = some_text(part.file_id) {
        Source::File { format: Format::Responses, id }
    } else {
        // Chat's form of it is an object.
        let nested = part.image_url.and_then(|raw| serde_json::from_str::<Nested>(raw.get()).ok());
        let url = nested.map(|nested| nested.url).or_else(|| some_text(part.image_url))?;
        Source::of_url(url)
    };
    // `auto` is what it is without being said.
    let detail = some_text(part.detail).filter(|detail| detail != "auto");
    Some(Image { source, detail, cache: None })
}

fn document(part: &ReadPart<'_>) -> Option<Document> {
    let name = some_text(part.filename);
    let source = if let Some(id) = some_text(part.file_id) {
        Source::File { format: Format::Responses, id }
    } else if let Some(data) = some_text(part.file_data) {
        // Base64 alone is taken for what the name says.
        if data.starts_with("data:") {
            Source::of_url(data)
        } else {
            let name = name.as_deref().unwrap_or_default().to_ascii_lowercase();
            let texts = [".txt", ".md", ".csv", ".json", ".html", ".xml"];
            let text = texts.iter().any(|end| name.ends_with(end));
            let media_type = if text { "text/plain" } else { "application/pdf" };
            Source::Data { media_type: media_type.to_owned(), data }
        }
    } else {
        Source::Url(some_text(part.file_url)?)
    };
    Some(Document { source, name, context: None, cited: false, cache: None })
}

fn audio(part: &ReadPart<'_>) -> Option<Audio> {
    #[derive(Deserialize)]
    struct Nested {
        data: String,
        format: String,
    }
    let Nested { data, format } = serde_json::from_str(part.input_audio?.get()).ok()?;
    Some(Audio { data, format, ..Audio::default() })
}

/// `None` where it is no object.
pub(super) fn read_annotation(raw: &RawValue) -> Option<Citation> {
    let annotation = serde_json::from_str::<ReadAnnotation>(raw.get()).ok()?;
    let kind = annotation.r#type.as_deref().unwrap_or("url_citation");
    let portable = kind == "url_citation";
    Some(Citation {
        url: annotation.url,
        title: annotation.title,
        span: annotation.start_index.zip(annotation.end_index),
        native: if portable { None } else { native(kind, raw) },
        ..Citation::default()
    })
}

/// None where it is no list of tokens.
pub(super) fn read_logprobs(raw: Raw<'_>) -> Vec<TokenLogprob> {
    let Some(raw) = raw.filter(|raw| raw.get() != "[]") else { return Vec::new() };
    let Ok(tokens) = serde_json::from_str::<Vec<ReadLogprob>>(raw.get()) else {
        return Vec::new();
    };
    let bytes = |bytes: Option<Vec<u8>>, token: &str| {
        bytes.filter(|bytes| !bytes.is_empty() && bytes != token.as_bytes())
    };
    let top = |top: ReadLogprob| TopLogprob {
        bytes: bytes(top.bytes, &top.token),
        token: top.token,
        logprob: top.logprob,
    };
    tokens
        .into_iter()
        .map(|token| TokenLogprob {
            bytes: bytes(token.bytes, &token.token),
            token: token.token,
            logprob: token.logprob,
            top: token.top_logprobs.into_iter().map(top).collect(),
        })
        .collect()
}

use super::citation;
use crate::canonical::{
    Audio, CacheControl, Document, Image, Native, Part, Reasoning, Signature, Source, Text,
    ToolCall, ToolResult,
};
use crate::converse::media::{document_type, image_type};
use crate::converse::types::{
    CachePoint, CitationsContent, File, ReasoningContent, ToolUse, Union,
};
use crate::format::Format;
use crate::json::Json;

/// The parts of a message. Cache points become marks of the parts before them. `signatures` says whose
/// the signatures of reasoning are.
pub(in crate::converse) fn parts(blocks: Vec<Union>, signatures: Format) -> Vec<Part> {
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        match block {
            Union::Text(text) if text.is_empty() => {}
            Union::Text(text) => parts.push(Part::Text(Text::new(text))),
            Union::Other(name, json) => {
                let marks =
                    name == "cachePoint" && parts.last_mut().is_some_and(|part| mark(part, &json));
                if !marks {
                    parts.push(part(name, json, signatures));
                }
            }
        }
    }
    parts
}

/// Puts a cache point on the part before it; whether that can have one.
fn mark(part: &mut Part, json: &Json) -> bool {
    let Some(point) = json.read::<CachePoint>() else { return false };
    let (Part::Text(Text { cache, .. })
    | Part::Image(Image { cache, .. })
    | Part::Document(Document { cache, .. })
    | Part::ToolCall(ToolCall { cache, .. })
    | Part::ToolResult(ToolResult { cache, .. })) = part
    else {
        return false;
    };
    cache.replace(CacheControl { ttl: point.ttl }).is_none()
}

/// What is known becomes what it is; what is not, or has members that are not, stays as it came.
fn part(name: String, json: Json, signatures: Format) -> Part {
    let known = match name.as_str() {
        "image" => image(&json),
        "document" => document(&json),
        "audio" => audio(&json),
        "toolUse" => tool_call(&json),
        "toolResult" => tool_result(&json, signatures),
        "reasoningContent" => reasoning(&json, signatures),
        "citationsContent" => cited(&json),
        _ => None,
    };
    known.unwrap_or(Part::Native(Native { format: Format::Converse, name, json }))
}

/// A picture.
pub(in crate::converse) fn image(json: &Json) -> Option<Part> {
    let file: File = json.read()?;
    let source = match (file.source.bytes, file.source.s3_location) {
        (Some(data), _) => Source::Data { media_type: image_type(&file.format)?.to_owned(), data },
        (None, Some(place)) => Source::Url(place.uri),
        (None, None) => return None,
    };
    Some(Part::Image(Image { source, detail: None, cache: None }))
}

fn document(json: &Json) -> Option<Part> {
    let file: File = json.read()?;
    let source = match (file.source.bytes, file.source.s3_location, file.source.text) {
        (Some(data), _, _) => {
            Source::Data { media_type: document_type(&file.format)?.to_owned(), data }
        }
        (None, Some(place), _) => Source::Url(place.uri),
        (None, None, text) => Source::Text(text?),
    };
    Some(Part::Document(Document {
        source,
        name: file.name.filter(|name| !name.is_empty()),
        context: file.context.filter(|context| !context.is_empty()),
        cited: file.citations.is_some_and(|citations| citations.enabled),
        cache: None,
    }))
}

fn audio(json: &Json) -> Option<Part> {
    let file: File = json.read()?;
    Some(Part::Audio(Audio { data: file.source.bytes?, format: file.format, ..Audio::default() }))
}

fn tool_call(json: &Json) -> Option<Part> {
    let call: ToolUse = json.read()?;
    let arguments = call.input.filter(|input| !input.is_null());
    Some(Part::ToolCall(ToolCall {
        id: call.tool_use_id,
        name: call.name,
        arguments: arguments.map_or_else(|| "{}".to_owned(), |input| input.text().to_owned()),
        custom: false,
        signature: None,
        cache: None,
    }))
}

fn tool_result(json: &Json, signatures: Format) -> Option<Part> {
    let result: crate::converse::types::ToolResult = json.read()?;
    // A result as JSON is the text of that JSON to everybody else.
    let content = result.content.into_iter().map(|block| match block {
        Union::Other(name, json) if name == "json" => Union::Text(json.text().to_owned()),
        other => other,
    });
    Some(Part::ToolResult(ToolResult {
        call_id: result.tool_use_id,
        name: None,
        content: parts(content.collect(), signatures),
        is_error: result.status.as_deref() == Some("error"),
        custom: false,
        cache: None,
    }))
}

fn reasoning(json: &Json, signatures: Format) -> Option<Part> {
    let content: ReasoningContent = json.read()?;
    if let Some(data) = content.redacted_content {
        return Some(Part::Reasoning(redacted(data)));
    }
    let shown = content.reasoning_text?;
    let signature = shown.signature.filter(|data| !data.is_empty());
    Some(Part::Reasoning(Reasoning {
        text: shown.text,
        signature: signature.map(|data| Signature { format: signatures, data }),
        ..Reasoning::default()
    }))
}

/// Reasoning of which nothing is shown. What it holds is Bedrock's own form of it.
pub(in crate::converse) fn redacted(data: String) -> Reasoning {
    Reasoning {
        signature: Some(Signature { format: Format::Converse, data }),
        redacted: true,
        ..Reasoning::default()
    }
}

fn cited(json: &Json) -> Option<Part> {
    let content: CitationsContent = json.read()?;
    Some(Part::Text(Text {
        text: content.content.into_iter().map(|part| part.text).collect(),
        citations: content.citations.into_iter().map(citation).collect(),
        ..Text::default()
    }))
}

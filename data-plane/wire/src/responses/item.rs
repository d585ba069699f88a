//! Items and their parts as they are written: in requests, in answers, and in the events of streams.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::canonical::{Citation, Image, Part, Source, Text, TokenLogprob};
use crate::json::Json;

/// Written as it came, or made here.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Either<'a, T> {
    Native(&'a Json),
    Own(T),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Message {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
        role: &'static str,
        content: Vec<Either<'a, Content<'a>>>,
    },
    FunctionCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
    },
    CustomToolCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        call_id: &'a str,
        name: &'a str,
        input: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
    },
    FunctionCallOutput {
        call_id: &'a str,
        output: ToolOutput<'a>,
    },
    CustomToolCallOutput {
        call_id: &'a str,
        output: ToolOutput<'a>,
    },
    Reasoning {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        summary: Vec<Content<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Content<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
    },
    ImageGenerationCall {
        id: &'a str,
        status: &'static str,
        result: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ToolOutput<'a> {
    Text(&'a str),
    Parts(Vec<Either<'a, Content<'a>>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content<'a> {
    InputText {
        text: &'a str,
    },
    InputImage {
        detail: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<Address<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
    },
    InputFile {
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<Address<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
    },
    InputAudio {
        input_audio: Sound<'a>,
    },
    OutputText {
        text: &'a str,
        annotations: Vec<Either<'a, Annotation<'a>>>,
        logprobs: Vec<Logprob<'a>>,
    },
    Refusal {
        refusal: &'a str,
    },
    SummaryText {
        text: &'a str,
    },
    ReasoningText {
        text: &'a str,
    },
}

#[derive(Serialize)]
pub(super) struct Sound<'a> {
    pub(super) data: &'a str,
    pub(super) format: &'a str,
}

/// Of a page, or of bytes that it holds itself.
pub(super) enum Address<'a> {
    Url(&'a str),
    Data { media_type: &'a str, data: &'a str },
    Text(&'a str),
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Data { media_type, data } => write!(f, "data:{media_type};base64,{data}"),
            Self::Text(text) => {
                write!(f, "data:text/plain;base64,{}", STANDARD.encode(text.as_bytes()))
            }
        }
    }
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Annotation<'a> {
    UrlCitation { url: &'a str, title: &'a str, start_index: u64, end_index: u64 },
}

#[derive(Serialize)]
pub(super) struct Logprob<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
    top_logprobs: Vec<TopLogprob<'a>>,
}

#[derive(Serialize)]
struct TopLogprob<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
}

/// The address of a picture that is not kept by a vendor.
pub(super) fn address(source: &Source) -> Option<Address<'_>> {
    match source {
        Source::Url(url) => Some(Address::Url(url)),
        Source::Data { media_type, data } => Some(Address::Data { media_type, data }),
        Source::Text(text) => Some(Address::Text(text)),
        Source::File { .. } => None,
    }
}

/// `None` where the format has no word for it.
pub(super) fn annotation<'a>(
    citation: &'a Citation,
    text: &str,
) -> Option<Either<'a, Annotation<'a>>> {
    let own =
        |native: &&'a crate::canonical::Native| native.format == crate::format::Format::Responses;
    if let Some(native) = citation.native.as_ref().filter(own) {
        return Some(Either::Native(&native.json));
    }
    let (start_index, end_index) =
        citation.span.unwrap_or_else(|| (0, text.chars().count() as u64));
    Some(Either::Own(Annotation::UrlCitation {
        url: citation.url.as_deref()?,
        title: citation.title.as_deref().unwrap_or_default(),
        start_index,
        end_index,
    }))
}

/// A text of the assistant.
pub(super) fn output_text<'a>(text: &'a Text, logprobs: &'a [TokenLogprob]) -> Content<'a> {
    Content::OutputText {
        text: &text.text,
        annotations: text.citations.iter().filter_map(|c| annotation(c, &text.text)).collect(),
        logprobs: logprobs.iter().map(logprob).collect(),
    }
}

/// As events and parts have it.
pub(super) fn logprob(token: &TokenLogprob) -> Logprob<'_> {
    let top = token.top.iter().map(|top| TopLogprob {
        token: &top.token,
        logprob: top.logprob,
        bytes: top.bytes.as_deref().unwrap_or(top.token.as_bytes()),
    });
    Logprob {
        token: &token.token,
        logprob: token.logprob,
        bytes: token.bytes.as_deref().unwrap_or(token.token.as_bytes()),
        top_logprobs: top.collect(),
    }
}

/// What the model made of a picture.
pub(super) fn made_image<'a>(id: &'a str, image: &'a Image) -> Option<Item<'a>> {
    let Source::Data { data, .. } = &image.source else { return None };
    Some(Item::ImageGenerationCall { id, status: "completed", result: data })
}

/// Whether a text is written as an item's part rather than as an item.
pub(super) fn is_part(native: &crate::canonical::Native) -> bool {
    native.name.starts_with("input_") || native.name.starts_with("output_")
}

/// The kind of part, as losses call it.
pub(super) fn part_name(part: &Part) -> &'static str {
    match part {
        Part::Text(_) => "text",
        Part::Image(_) => "image",
        Part::Audio(_) => "audio",
        Part::Document(_) => "document",
        Part::ToolCall(_) => "tool_call",
        Part::ToolResult(_) => "tool_result",
        Part::Reasoning(_) => "reasoning",
        Part::Refusal(_) => "refusal",
        Part::Native(_) => "native",
    }
}

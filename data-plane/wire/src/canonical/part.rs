use serde::Serialize;

use crate::format::Format;
use crate::json::Json;

/// A piece of a message, in the order in which it was said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(Text),
    /// A picture.
    Image(Image),
    /// Sound, in a request or an answer.
    Audio(Audio),
    /// A file: PDF or text.
    Document(Document),
    /// The model asks for a tool. In assistant messages only.
    ToolCall(ToolCall),
    /// What the tool said. In messages of the role tool only.
    ToolResult(ToolResult),
    /// What the model thought. In assistant messages only.
    Reasoning(Reasoning),
    /// The model declines. In assistant messages only.
    Refusal(Refusal),
    /// What only one format knows.
    Native(Native),
}

/// Text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// What it relies on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// A breakpoint of the provider's prompt cache after this part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
    /// Gemini's thought signature on an answer without calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Text {
    /// Nothing but this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Image {
    /// Where it is.
    pub source: Source,
    /// How closely to look: `low`, `high`, `auto`, `original`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A cache breakpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
}

/// Sound.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audio {
    /// Base64. Empty where an assistant message only refers to `id`.
    pub data: String,
    /// `wav`, `mp3` and others.
    pub format: String,
    /// The vendor's id of sound that a model made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is said in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// When the vendor forgets it, in seconds of the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// Where it is.
    pub source: Source,
    /// Its file name or title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the model is told about it (Anthropic).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the model is to cite it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cited: bool,
    /// A cache breakpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
}

/// Where a picture or file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// At an `http:` or `https:` address, or one of a vendor's own schemes (`gs:`, `s3:`).
    Url(String),
    /// Here.
    Data {
        /// `image/png`, `application/pdf` and others.
        media_type: String,
        /// Base64.
        data: String,
    },
    /// Here, as text.
    Text(String),
    /// Kept by a vendor, who is the only one to know it.
    File {
        /// Whose format it came in.
        format: Format,
        /// Its id.
        id: String,
    },
}

impl Source {
    /// What stands at an address: the bytes themselves where it is a `data:` URL of base64.
    pub fn of_url(url: String) -> Self {
        let data = || {
            let (media_type, data) = url.strip_prefix("data:")?.split_once(',')?;
            let media_type = media_type.strip_suffix(";base64")?;
            // Parameters such as `;charset=utf-8` say nothing of bytes.
            let media_type = media_type.split(';').next().unwrap_or_default();
            Some(Self::Data { media_type: media_type.to_owned(), data: data.to_owned() })
        };
        data().unwrap_or(Self::Url(url))
    }

    /// Writes a `data:` URL.
    pub fn data_url(media_type: &str, data: &str) -> String {
        let mut url = String::with_capacity(media_type.len() + data.len() + 13);
        for piece in ["data:", media_type, ";base64,", data] {
            url.push_str(piece);
        }
        url
    }
}

/// The model asks for a tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolCall {
    /// By which the result refers to it. Empty in a stream's head until it is known; decoders make
    /// one up where the format has none.
    pub id: String,
    /// Of the tool.
    pub name: String,
    /// The text of a JSON object; of a custom tool, any text.
    pub arguments: String,
    /// A custom tool's call.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
    /// Gemini's thought signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// A cache breakpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
}

/// What a tool said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolResult {
    /// Of the call.
    pub call_id: String,
    /// Of the tool, where the format says it; [`Request::tool_name`](super::Request::tool_name) finds
    /// it elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Texts, images and documents.
    pub content: Vec<Part>,
    /// The tool failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// A custom tool's result.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
    /// A cache breakpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheControl>,
}

/// What the model thought.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reasoning {
    /// The vendor's id of it (Responses: `rs_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The thinking itself, or the one text of it that the vendor shows.
    pub text: String,
    /// Summaries, where the vendor tells them apart from the thinking (Responses).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<String>,
    /// What proves it to the vendor, or holds it encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The vendor shows nothing of it (Anthropic's `redacted_thinking`): the signature is all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

impl Reasoning {
    /// What can be shown of it: the text, else the summaries with blank lines between them.
    pub fn shown(&self) -> std::borrow::Cow<'_, str> {
        if self.text.is_empty() {
            self.summary.join("\n\n").into()
        } else {
            self.text.as_str().into()
        }
    }
}

/// Opaque proof or content of reasoning. It means something to the format that made it and to no
/// other: encoders of others leave it out and report it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Whose it is.
    pub format: Format,
    /// As it came.
    pub data: String,
}

/// The model declines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What it says.
    pub text: String,
}

/// What only one format knows: a built-in tool's call, a compacted history. Encoders of the same format
/// write it back as it came; others leave it out and report it by `name`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Native {
    /// Whose it is.
    pub format: Format,
    /// The member's name, or the block's or item's type.
    pub name: String,
    /// As it came.
    pub json: Json,
}

/// A breakpoint of a prompt cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheControl {
    /// `5m`, `1h` and others; the vendor's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
}

/// What a text relies on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Citation {
    /// Address of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Title of a page or document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is cited, word for word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cited: Option<String>,
    /// Which characters (Unicode scalar values) of the part's text rely on it: from, to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<(u64, u64)>,
    /// Where in a document of the request it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<CitationPlace>,
    /// As it came, for its own format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<Native>,
}

/// Where in a document of the request a citation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CitationPlace {
    /// Which document of the request, from 0.
    pub document: u64,
    /// `char`, `page` or `block`: what is counted.
    pub unit: &'static str,
    /// The first one.
    pub start: u64,
    /// The one after the last.
    pub end: u64,
}

use serde::Deserialize;

use super::tools;
use crate::canonical::{
    Document, Effort, Image, Message, Native, OutputFormat, Part, ReasoningRequest, Request, Role,
    Source, Text, ToolChoice, ToolResult,
};
use crate::cohere::assistant;
use crate::cohere::types::{Content, Document as WireDocument, ImageUrl, Message as WireMessage};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object};
use crate::lenient::{TextOr, null_as_default};

#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "null_as_default")]
    model: String,
    #[serde(default, deserialize_with = "null_as_default")]
    messages: Vec<WireMessage>,
    #[serde(default, deserialize_with = "null_as_default")]
    stream: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    tools: Vec<Json>,
    #[serde(default)]
    strict_tools: Option<bool>,
    #[serde(default)]
    tool_choice: Option<String>,
    #[serde(default)]
    response_format: Option<ResponseFormat>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default, deserialize_with = "null_as_default")]
    stop_sequences: Vec<String>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    frequency_penalty: Option<f64>,
    #[serde(default)]
    presence_penalty: Option<f64>,
    #[serde(default)]
    k: Option<u64>,
    #[serde(default)]
    p: Option<f64>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    thinking: Option<Thinking>,
}

/// What [`Body`] reads; other members are extras.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "stream",
    "tools",
    "strict_tools",
    "tool_choice",
    "response_format",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "k",
    "p",
    "logprobs",
    "thinking",
];

#[derive(Deserialize)]
struct ResponseFormat {
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    kind: String,
    /// Of either name: both are in use.
    #[serde(default, alias = "schema")]
    json_schema: Option<Json>,
}

#[derive(Deserialize)]
struct Thinking {
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    kind: String,
    #[serde(default)]
    token_budget: Option<u64>,
}

/// Reads a request.
pub(in crate::cohere) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let wrong =
        |error: &dyn std::fmt::Display| BadRequest { message: error.to_string(), param: None };
    let object = Object::scan(body).map_err(|error| wrong(&error))?;
    let read: Body = serde_json::from_slice(body).map_err(|error| wrong(&error))?;
    let extras = object.iter().filter(|(name, _)| !KNOWN.contains(&&**name));
    let extras = extras.filter_map(|(name, value)| {
        let json = Json::parse(std::str::from_utf8(value.raw).ok()?)?;
        let extra = Native { format: Format::Cohere, name: name.into_owned(), json };
        (!extra.json.is_null()).then_some(extra)
    });
    Ok(Request {
        model: read.model,
        messages: messages(read.messages)?,
        tools: tools::decode(read.tools, read.strict_tools),
        tool_choice: match read.tool_choice.as_deref() {
            Some("REQUIRED") => Some(ToolChoice::Required),
            Some("NONE") => Some(ToolChoice::None),
            _ => None,
        },
        stream: read.stream,
        stream_usage: true,
        max_tokens: read.max_tokens,
        temperature: read.temperature,
        top_p: read.p,
        top_k: read.k,
        frequency_penalty: read.frequency_penalty,
        presence_penalty: read.presence_penalty,
        stop: read.stop_sequences,
        seed: read.seed,
        logprobs: read.logprobs,
        output: read.response_format.and_then(output),
        reasoning: read.thinking.and_then(|thinking| reasoning(&thinking)),
        extras: extras.collect(),
        ..Request::default()
    })
}

fn output(format: ResponseFormat) -> Option<OutputFormat> {
    if format.kind != "json_object" {
        return None;
    }
    let schema = format.json_schema.filter(|schema| !schema.is_null());
    Some(schema.map_or(OutputFormat::JsonObject, |schema| OutputFormat::JsonSchema {
        name: None,
        description: None,
        schema,
        strict: None,
    }))
}

fn reasoning(thinking: &Thinking) -> Option<ReasoningRequest> {
    let asked = ReasoningRequest::default();
    match (thinking.kind.as_str(), thinking.token_budget) {
        ("disabled", _) => Some(ReasoningRequest { effort: Some(Effort::None), ..asked }),
        ("enabled", None) => Some(ReasoningRequest { adaptive: true, ..asked }),
        ("enabled", budget) => Some(ReasoningRequest { budget, ..asked }),
        _ => None,
    }
}

fn messages(list: Vec<WireMessage>) -> Result<Vec<Message>, BadRequest> {
    let mut messages: Vec<Message> = Vec::with_capacity(list.len());
    for (index, message) in list.into_iter().enumerate() {
        let (role, content) = match message.role.as_str() {
            "system" => (Role::System, parts(message.content)),
            "user" => (Role::User, parts(message.content)),
            "assistant" => (Role::Assistant, assistant::decode(message)),
            "tool" => {
                let result = Part::ToolResult(ToolResult {
                    call_id: message.tool_call_id,
                    name: None,
                    content: parts(message.content),
                    is_error: false,
                    custom: false,
                    cache: None,
                });
                if let Some(last) = messages.last_mut().filter(|last| last.role == Role::Tool) {
                    last.content.push(result);
                    continue;
                }
                (Role::Tool, vec![result])
            }
            other => {
                let message = format!("{other:?} is no role of Cohere");
                return Err(BadRequest::new(format!("messages[{index}].role"), message));
            }
        };
        messages.push(Message::new(role, content));
    }
    Ok(messages)
}

/// What somebody else than the model says.
fn parts(content: TextOr<Json>) -> Vec<Part> {
    match content {
        TextOr::Text(text) if text.is_empty() => Vec::new(),
        TextOr::Text(text) => vec![Part::Text(Text::new(text))],
        TextOr::List(list) => list.iter().filter_map(part).collect(),
    }
}

fn part(json: &Json) -> Option<Part> {
    let read: Content = json.read().unwrap_or_default();
    let native = |name| Part::Native(Native { format: Format::Cohere, name, json: json.clone() });
    Some(match (read.kind.as_str(), read.text, read.image_url, read.document) {
        ("text" | "", Some(text), _, _) if text.is_empty() => return None,
        ("text" | "", Some(text), _, _) => Part::Text(Text::new(text)),
        ("image_url", _, Some(image), _) => match self::image(&image) {
            Some(image) => Part::Image(image),
            None => native(read.kind),
        },
        ("document", _, _, Some(document)) => self::document(document),
        _ => native(read.kind),
    })
}

/// An address, alone or with how closely to look.
fn image(json: &Json) -> Option<Image> {
    let read = json.read::<ImageUrl>();
    let read = read.or_else(|| json.read().map(|url| ImageUrl { url, detail: None }))?;
    Some(Image { source: Source::of_url(read.url), detail: read.detail, cache: None })
}

/// What a tool found: text, or a document where it has a name by which it can be cited.
fn document(document: WireDocument) -> Part {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Plain {
        text: String,
    }
    let text = document.data.read::<String>();
    let json = || document.data.text().to_owned();
    let Some(id) = document.id else { return Part::Text(Text::new(text.unwrap_or_else(json))) };
    let plain = || document.data.read::<Plain>().map(|plain| plain.text);
    Part::Document(Document {
        source: Source::Text(text.or_else(plain).unwrap_or_else(json)),
        name: Some(id),
        context: None,
        cited: false,
        cache: None,
    })
}

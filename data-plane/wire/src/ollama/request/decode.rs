use serde::Deserialize;

use crate::canonical::{
    Effort, FunctionTool, Image, Message, Native, OutputFormat, Part, ReasoningRequest, Request,
    Role, Source, Text, Tool, ToolResult,
};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object, ObjectWriter};
use crate::lenient::null_as_default;
use crate::ollama::message;
use crate::ollama::types::Message as WireMessage;

#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "null_as_default")]
    model: String,
    #[serde(default, deserialize_with = "null_as_default")]
    messages: Vec<WireMessage>,
    #[serde(default, deserialize_with = "null_as_default")]
    tools: Vec<Json>,
    #[serde(default)]
    format: Option<Json>,
    #[serde(default)]
    options: Option<Json>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    think: Option<Json>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    top_logprobs: Option<u64>,
}

/// What [`Body`] reads; other members are extras.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "tools",
    "format",
    "options",
    "stream",
    "think",
    "logprobs",
    "top_logprobs",
];

#[derive(Default, Deserialize)]
struct WireTool {
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    kind: String,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default, deserialize_with = "null_as_default")]
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Json>,
}

/// Reads a request.
pub(in crate::ollama) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let wrong =
        |error: &dyn std::fmt::Display| BadRequest { message: error.to_string(), param: None };
    let object = Object::scan(body).map_err(|error| wrong(&error))?;
    let read: Body = serde_json::from_slice(body).map_err(|error| wrong(&error))?;
    let extras = object.iter().filter(|(name, _)| !KNOWN.contains(&&**name));
    let extras = extras.filter_map(|(name, value)| {
        let json = Json::parse(std::str::from_utf8(value.raw).ok()?)?;
        (!json.is_null()).then(|| extra(&name, json))
    });
    let mut request = Request {
        model: read.model,
        messages: messages(read.messages)?,
        tools: read.tools.into_iter().map(tool).collect(),
        // Unless it is told otherwise.
        stream: read.stream.unwrap_or(true),
        stream_usage: true,
        logprobs: read.logprobs,
        top_logprobs: read.top_logprobs,
        output: read.format.and_then(output),
        reasoning: read.think.and_then(|think| reasoning(&think)),
        extras: extras.collect(),
        ..Request::default()
    };
    if let Some(given) = read.options.filter(|json| !json.is_null()) {
        let rest = options(given, &mut request);
        request.extras.extend(rest.map(|rest| extra("options", rest)));
    }
    Ok(request)
}

fn extra(name: &str, json: Json) -> Native {
    Native { format: Format::Ollama, name: name.to_owned(), json }
}

/// Takes out what requests have members for; returns the rest, if there is any.
fn options(given: Json, request: &mut Request) -> Option<Json> {
    let Ok(object) = Object::scan(given.text().as_bytes()) else { return Some(given) };
    let mut rest = Vec::new();
    let mut out = ObjectWriter::open(&mut rest);
    let mut left = false;
    for (name, value) in object.iter() {
        if !take(&name, value.raw, request) {
            out.key(&name).extend_from_slice(value.raw);
            left = true;
        }
    }
    out.close();
    String::from_utf8(rest).ok().and_then(Json::parse).filter(|_| left)
}

/// Whether an option has a member of its own, and fits into it. A bound of -1 is none, and stays what it
/// is.
fn take(name: &str, value: &[u8], request: &mut Request) -> bool {
    fn read<'a, T: Deserialize<'a>>(value: &'a [u8], into: &mut Option<T>) -> bool {
        if let Ok(value) = serde_json::from_slice(value) {
            *into = Some(value);
            return true;
        }
        false
    }
    match name {
        "num_predict" => read(value, &mut request.max_tokens),
        "temperature" => read(value, &mut request.temperature),
        "top_p" => read(value, &mut request.top_p),
        "top_k" => read(value, &mut request.top_k),
        "seed" => read(value, &mut request.seed),
        "presence_penalty" => read(value, &mut request.presence_penalty),
        "frequency_penalty" => read(value, &mut request.frequency_penalty),
        "stop" => {
            let list = serde_json::from_slice::<crate::lenient::TextOr<String>>(value);
            if let Ok(crate::lenient::TextOr::List(list)) = list {
                request.stop = list;
                return true;
            }
            let mut one = None;
            let is_one = read(value, &mut one);
            request.stop.extend(one);
            is_one
        }
        _ => false,
    }
}

fn output(format: Json) -> Option<OutputFormat> {
    if format.text().starts_with('{') {
        let schema = format;
        return Some(OutputFormat::JsonSchema {
            name: None,
            description: None,
            schema,
            strict: None,
        });
    }
    // `""` is none.
    (format.text() == "\"json\"").then_some(OutputFormat::JsonObject)
}

fn reasoning(think: &Json) -> Option<ReasoningRequest> {
    let asked = ReasoningRequest::default();
    match think.read::<bool>() {
        Some(true) => Some(ReasoningRequest { adaptive: true, ..asked }),
        Some(false) => Some(ReasoningRequest { effort: Some(Effort::None), ..asked }),
        None => {
            let effort = think.read::<String>().and_then(|word| Effort::of(&word))?;
            Some(ReasoningRequest { effort: Some(effort), ..asked })
        }
    }
}

fn tool(json: Json) -> Tool {
    let read: WireTool = json.read().unwrap_or_default();
    match read.function {
        Some(function) if matches!(read.kind.as_str(), "function" | "") => {
            Tool::Function(FunctionTool {
                name: function.name,
                description: function.description.filter(|text| !text.is_empty()),
                parameters: function.parameters.filter(|json| json.text() != super::NO_PARAMETERS),
                strict: None,
                cache: None,
            })
        }
        _ => Tool::Native(Native { format: Format::Ollama, name: read.kind, json }),
    }
}

fn messages(list: Vec<WireMessage>) -> Result<Vec<Message>, BadRequest> {
    let mut messages: Vec<Message> = Vec::with_capacity(list.len());
    // Calls that no result has answered: their names and ids.
    let mut calls: Vec<(String, String)> = Vec::new();
    for (index, message) in list.into_iter().enumerate() {
        match message.role.as_str() {
            "system" => messages.push(Message::new(Role::System, said(message))),
            "user" => messages.push(Message::new(Role::User, said(message))),
            "assistant" => {
                let parts = message::decode(message, &index.to_string());
                calls = parts
                    .iter()
                    .filter_map(|part| match part {
                        Part::ToolCall(call) => Some((call.name.clone(), call.id.clone())),
                        _ => None,
                    })
                    .collect();
                messages.push(Message::new(Role::Assistant, parts));
            }
            "tool" => {
                let result = Part::ToolResult(result(message, &mut calls));
                match messages.last_mut().filter(|last| last.role == Role::Tool) {
                    Some(last) => last.content.push(result),
                    None => messages.push(Message::new(Role::Tool, vec![result])),
                }
            }
            other => {
                let message = format!("{other:?} is no role of Ollama");
                return Err(BadRequest::new(format!("messages[{index}].role"), message));
            }
        }
    }
    Ok(messages)
}

/// What somebody else than the model says.
fn said(message: WireMessage) -> Vec<Part> {
    let text = (!message.content.is_empty()).then(|| Part::Text(Text::new(message.content)));
    text.into_iter().chain(message.images.into_iter().map(image)).collect()
}

/// A picture, of which the first bytes say what it is.
fn image(data: String) -> Part {
    const KINDS: &[(&str, &str)] = &[
        ("iVBORw0K", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
    ];
    let kind = KINDS.iter().find(|(start, _)| data.starts_with(start));
    let media_type = kind.map_or("image/png", |(_, media_type)| media_type).to_owned();
    Part::Image(Image { source: Source::Data { media_type, data }, detail: None, cache: None })
}

/// A result, of the call that it names, else of the first that has the tool's name, else of the first
/// that has none yet.
fn result(message: WireMessage, calls: &mut Vec<(String, String)>) -> ToolResult {
    let (name, id) = (message.tool_name.clone(), message.tool_call_id.clone());
    let of = |is: &dyn Fn(&(String, String)) -> bool| calls.iter().position(is);
    let at = if id.is_empty() {
        of(&|call| call.0 == name).or_else(|| of(&|_| name.is_empty()))
    } else {
        of(&|call| call.1 == id)
    };
    let call = at.map(|at| calls.remove(at));
    ToolResult {
        call_id: if id.is_empty() { call.map(|call| call.1).unwrap_or_default() } else { id },
        name: (!name.is_empty()).then_some(name),
        content: said(message),
        is_error: false,
        custom: false,
        cache: None,
    }
}

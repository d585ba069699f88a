//! Reads a request.

use super::super::media;
use super::super::part::NO_SIGNATURE;
use super::super::schema::from_subset;
use super::super::types::{
    Content, FunctionCall, FunctionCallingConfig, FunctionDeclaration, FunctionResponse,
    Part as Wire, ThinkingConfig,
};
use crate::canonical::{
    Effort, FunctionTool, Message, Native, OutputFormat, Part, Reasoning, ReasoningRequest,
    Request, Role, Signature, Text, Tool, ToolCall, ToolChoice, ToolResult,
};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads a body. Model and streaming stand in the address, not here.
pub(in super::super) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let object = Object::scan(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let mut request = Request { stream_usage: true, ..Request::default() };
    let mut system = Vec::new();
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        match &*name {
            "contents" => contents(&mut request, read(&name, &value)?)?,
            "systemInstruction" | "system_instruction" => {
                // A bare text is taken, too.
                if let Some(text) = value.text() {
                    system.push(Part::Text(Text::new(text)));
                } else {
                    system = parts(&read::<Content<'_>>(&name, &value)?, &mut Calls::default())?;
                }
            }
            "tools" => tools(&mut request, &read::<Vec<&RawValue>>(&name, &value)?)?,
            "toolConfig" | "tool_config" => tool_config(&mut request, &name, &value)?,
            "generationConfig" | "generation_config" => {
                let config = value.object().ok_or_else(|| wrong(&name, "no object"))?;
                generation_config(&mut request, &config)?;
            }
            "labels" => {
                let labels = value.object().ok_or_else(|| wrong(&name, "no object"))?;
                request.metadata = labels
                    .iter()
                    .filter_map(|(name, value)| Some((name.into_owned(), value.text()?.into())))
                    .collect();
            }
            "serviceTier" | "service_tier" => {
                let tier = read::<String>(&name, &value)?.to_ascii_lowercase();
                request.service_tier =
                    Some(if tier == "standard" { "default".into() } else { tier });
            }
            "store" => request.store = Some(read(&name, &value)?),
            // Some clients put it there, as if it were OpenAI's.
            "model" => request.model = read(&name, &value)?,
            _ => extra(&mut request, &name, &value)?,
        }
    }
    if !system.is_empty() {
        request.messages.insert(0, Message::new(Role::System, system));
    }
    Ok(request)
}

fn wrong(param: &str, message: impl Into<String>) -> BadRequest {
    BadRequest::new(param, message)
}

fn read<'a, T: Deserialize<'a>>(name: &str, value: &Value<'a>) -> Result<T, BadRequest> {
    serde_json::from_slice(value.raw).map_err(|error| wrong(name, error.to_string()))
}

fn extra(request: &mut Request, name: &str, value: &Value<'_>) -> Result<(), BadRequest> {
    let json = read(name, value)?;
    request.extras.push(Native { format: Format::Gemini, name: name.to_owned(), json });
    Ok(())
}

/// Calls that wait for their results: which id a result without one belongs to.
#[derive(Default)]
struct Calls {
    waiting: Vec<(String, String)>,
    made: usize,
}

impl Calls {
    fn call(&mut self, call: &FunctionCall) -> String {
        let id = call.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| self.make());
        self.waiting.push((id.clone(), call.name.clone()));
        id
    }

    /// The call that a result answers: by its id, else the first of its name.
    fn answer(&mut self, result: &FunctionResponse) -> String {
        let given = result.id.clone().filter(|id| !id.is_empty());
        let place = match &given {
            Some(given) => self.waiting.iter().position(|(id, _)| id == given),
            None => self.waiting.iter().position(|(_, name)| *name == result.name),
        };
        let known = place.map(|place| self.waiting.remove(place).0);
        given.or(known).unwrap_or_else(|| self.make())
    }

    fn make(&mut self) -> String {
        self.made += 1;
        format!("call_{}", self.made - 1)
    }
}

fn contents(request: &mut Request, contents: Vec<Content<'_>>) -> Result<(), BadRequest> {
    let mut calls = Calls::default();
    for content in contents {
        let role = match content.role.as_deref() {
            Some("model" | "assistant") => Role::Assistant,
            Some("system") => Role::System,
            _ => Role::User,
        };
        for part in parts(&content, &mut calls)? {
            let role = if matches!(part, Part::ToolResult(_)) { Role::Tool } else { role };
            match request.messages.last_mut() {
                Some(last) if last.role == role => last.content.push(part),
                _ => request.messages.push(Message::new(role, vec![part])),
            }
        }
    }
    Ok(())
}

fn parts(content: &Content<'_>, calls: &mut Calls) -> Result<Vec<Part>, BadRequest> {
    content.parts.iter().map(|raw| part(raw, calls)).collect()
}

fn part(raw: &RawValue, calls: &mut Calls) -> Result<Part, BadRequest> {
    let wire: Wire = serde_json::from_str(raw.get())
        .map_err(|error| wrong("contents.parts", error.to_string()))?;
    let signature = wire.thought_signature.and_then(signature);
    let detail = wire
        .media_resolution
        .and_then(|resolution| resolution.level)
        .and_then(|level| level.strip_prefix("MEDIA_RESOLUTION_").map(str::to_ascii_lowercase));
    // What stands beside a video belongs to it.
    let known = if wire.video_metadata.is_some() {
        None
    } else if let Some(call) = wire.function_call {
        let id = calls.call(&call);
        let arguments = call.args.filter(|args| !args.is_null());
        Some(Part::ToolCall(ToolCall {
            id,
            name: call.name,
            arguments: arguments.map_or_else(|| "{}".to_owned(), |args| args.text().to_owned()),
            custom: false,
            signature,
            cache: None,
        }))
    } else if let Some(result) = wire.function_response {
        let call_id = calls.answer(&result);
        Some(Part::ToolResult(tool_result(call_id, result)))
    } else if let Some(blob) = wire.inline_data {
        media::inline(blob, detail)
    } else if let Some(file) = wire.file_data {
        media::file(file, detail)
    } else {
        wire.text.map(|text| {
            if wire.thought {
                Part::Reasoning(Reasoning { text, signature, ..Reasoning::default() })
            } else {
                Part::Text(Text { signature, ..Text::new(text) })
            }
        })
    };
    match known {
        Some(part) => Ok(part),
        None => native_part(raw).ok_or_else(|| wrong("contents.parts", "a part is no object")),
    }
}

/// A part that has no canonical form, by the name of its first member.
pub(in super::super) fn native_part(raw: &RawValue) -> Option<Part> {
    const BESIDE: [&str; 4] = ["thought", "thoughtSignature", "videoMetadata", "mediaResolution"];
    let object = Object::scan(raw.get().as_bytes()).ok()?;
    let name = object.iter().map(|(name, _)| name).find(|name| !BESIDE.contains(&&**name));
    Some(Part::Native(Native {
        format: Format::Gemini,
        name: name.map_or_else(|| "part".to_owned(), std::borrow::Cow::into_owned),
        json: Json::parse(raw.get())?,
    }))
}

/// A thought signature; what stands in for one is none.
pub(in super::super) fn signature(data: String) -> Option<Signature> {
    let real = data != NO_SIGNATURE && !data.is_empty();
    real.then_some(Signature { format: Format::Gemini, data })
}

/// `output` and `error` are Google's words for what a function says; any other object is what it
/// says.
fn tool_result(call_id: String, result: FunctionResponse) -> ToolResult {
    let mut is_error = false;
    let mut content = Vec::new();
    if let Some(response) = result.response.filter(|response| !response.is_null()) {
        let text = Object::scan(response.text().as_bytes()).ok().and_then(|object| {
            let wrapped = object.first("output").or_else(|| object.first("error"))?;
            if object.members().len() != 1 {
                return None;
            }
            is_error = object.first("error").is_some();
            wrapped.text().or_else(|| Some(String::from_utf8_lossy(wrapped.raw)))
        });
        let text = text.map_or_else(|| response.text().to_owned(), std::borrow::Cow::into_owned);
        if !text.is_empty() {
            content.push(Part::Text(Text::new(text)));
        }
    }
    for part in result.parts {
        let wire = part.read::<Wire>().unwrap_or_default();
        let known = wire
            .inline_data
            .and_then(|blob| media::inline(blob, None))
            .or_else(|| wire.file_data.and_then(|file| media::file(file, None)));
        content.push(known.unwrap_or_else(|| {
            Part::Native(Native {
                format: Format::Gemini,
                name: "functionResponse.parts".into(),
                json: part,
            })
        }));
    }
    ToolResult {
        call_id,
        name: Some(result.name).filter(|name| !name.is_empty()),
        content,
        is_error,
        custom: false,
        cache: None,
    }
}

fn tools(request: &mut Request, tools: &[&RawValue]) -> Result<(), BadRequest> {
    for tool in tools {
        let object = Object::scan(tool.get().as_bytes())
            .map_err(|error| wrong("tools", error.to_string()))?;
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            if !matches!(&*name, "functionDeclarations" | "function_declarations") {
                let json = read("tools", &value)?;
                let name = name.into_owned();
                request.tools.push(Tool::Native(Native { format: Format::Gemini, name, json }));
                continue;
            }
            for declared in read::<Vec<FunctionDeclaration>>("tools", &value)? {
                let subset = declared.parameters.as_ref().and_then(from_subset);
                request.tools.push(Tool::Function(FunctionTool {
                    name: declared.name,
                    description: declared.description.filter(|text| !text.is_empty()),
                    parameters: declared.parameters_json_schema.or(subset),
                    strict: None,
                    cache: None,
                }));
            }
        }
    }
    Ok(())
}

fn tool_config(request: &mut Request, name: &str, value: &Value<'_>) -> Result<(), BadRequest> {
    let object = value.object().ok_or_else(|| wrong(name, "no object"))?;
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        if !matches!(&*name, "functionCallingConfig" | "function_calling_config") {
            extra(request, &format!("toolConfig.{name}"), &value)?;
            continue;
        }
        let config = read::<FunctionCallingConfig>(&name, &value)?;
        let mut names = config.allowed_function_names;
        request.tool_choice = match (config.mode.as_deref(), names.len()) {
            (Some("NONE"), _) => Some(ToolChoice::None),
            (Some("ANY"), 0) => Some(ToolChoice::Required),
            (Some("ANY"), 1) => names.pop().map(ToolChoice::Named),
            (Some("ANY"), _) => Some(ToolChoice::Allowed { required: true, names }),
            (Some("AUTO" | "VALIDATED"), 0) => Some(ToolChoice::Auto),
            (_, 0) => None,
            _ => Some(ToolChoice::Allowed { required: false, names }),
        };
    }
    Ok(())
}

fn generation_config(request: &mut Request, config: &Object<'_>) -> Result<(), BadRequest> {
    let (mut json, mut schema) = (None, None);
    for (name, value) in config.iter().filter(|(_, value)| !value.is_null()) {
        match &*name {
            "temperature" => request.temperature = Some(read(&name, &value)?),
            "topP" | "top_p" => request.top_p = Some(read(&name, &value)?),
            "topK" | "top_k" => request.top_k = Some(whole(&name, &value)?),
            "maxOutputTokens" | "max_output_tokens" => {
                request.max_tokens = Some(whole(&name, &value)?);
            }
            "candidateCount" | "candidate_count" => request.n = Some(whole(&name, &value)?),
            "stopSequences" | "stop_sequences" => request.stop = read(&name, &value)?,
            "seed" => request.seed = Some(read(&name, &value)?),
            "presencePenalty" | "presence_penalty" => {
                request.presence_penalty = Some(read(&name, &value)?);
            }
            "frequencyPenalty" | "frequency_penalty" => {
                request.frequency_penalty = Some(read(&name, &value)?);
            }
            "responseLogprobs" | "response_logprobs" => {
                request.logprobs = Some(read(&name, &value)?);
            }
            "logprobs" => request.top_logprobs = Some(whole(&name, &value)?),
            "responseMimeType" | "response_mime_type" => match value.text().as_deref() {
                Some("application/json") => json = Some(()),
                Some("text/plain") => {}
                _ => extra(request, &format!("generationConfig.{name}"), &value)?,
            },
            "responseSchema" | "response_schema" => {
                schema = from_subset(&read(&name, &value)?);
            }
            "responseJsonSchema" | "response_json_schema" => schema = Some(read(&name, &value)?),
            "responseModalities" | "response_modalities" => {
                let modalities = read::<Vec<String>>(&name, &value)?;
                let modalities = modalities.iter().map(|word| word.to_ascii_lowercase());
                request.modalities = modalities.collect();
                if request.modalities.iter().all(|word| word == "text") {
                    request.modalities.clear();
                }
            }
            "thinkingConfig" | "thinking_config" => {
                request.reasoning = Some(thinking(&read(&name, &value)?));
            }
            _ => extra(request, &format!("generationConfig.{name}"), &value)?,
        }
    }
    request.output = match (json, schema) {
        (_, Some(schema)) => {
            Some(OutputFormat::JsonSchema { name: None, description: None, schema, strict: None })
        }
        (Some(()), None) => Some(OutputFormat::JsonObject),
        (None, None) => None,
    };
    Ok(())
}

/// A number that may be written as a float or a text.
fn whole(name: &str, value: &Value<'_>) -> Result<u64, BadRequest> {
    let text = || value.text().and_then(|text| text.parse().ok());
    value.number().or_else(text).ok_or_else(|| wrong(name, "a whole number is expected"))
}

fn thinking(config: &ThinkingConfig) -> ReasoningRequest {
    let shown = config.include_thoughts == Some(true);
    let level = config.thinking_level.as_deref().map(str::to_ascii_lowercase);
    ReasoningRequest {
        effort: match config.thinking_budget {
            Some(0) => Some(Effort::None),
            _ => level.as_deref().and_then(Effort::of),
        },
        budget: config
            .thinking_budget
            .and_then(|budget| u64::try_from(budget).ok())
            .filter(|n| *n > 0),
        adaptive: config.thinking_budget.is_some_and(|budget| budget < 0),
        // Gemini shows nothing of it unless asked.
        display: Some(if shown { "auto" } else { "omitted" }.to_owned()),
    }
}

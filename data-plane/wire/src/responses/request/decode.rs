use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::parts::{native, read_content, read_said};
use super::super::types::{Raw, ReadItem, list, some_text, text};
use super::super::{INCLUDE_ENCRYPTED, INCLUDE_LOGPROBS};
use crate::canonical::{
    CustomTool, Effort, FunctionTool, Message, Native, OutputFormat, Part, ReasoningRequest,
    Request, Role, Text, Tool, ToolChoice, ToolResult,
};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object};

/// Reads a request. Members inside of others that have no canonical place (`phase` of a message,
/// `defer_loading` of a function) are kept as extras with a dotted name, so that they are reported.
pub(in super::super) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let whole = Object::scan(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let mut reading = Reading {
        request: Request { stream_usage: true, store: Some(true), ..Request::default() },
        instructions: None,
    };
    for (name, value) in whole.iter() {
        if !value.is_null() {
            reading.member(&name, value.raw)?;
        }
    }
    let mut request = reading.request;
    if let Some(text) = reading.instructions.filter(|text| !text.is_empty()) {
        let system = Message::new(Role::System, vec![Part::Text(Text::new(text))]);
        request.messages.insert(0, system);
    }
    Ok(request)
}

struct Reading {
    request: Request,
    instructions: Option<String>,
}

fn read<T: DeserializeOwned>(name: &str, raw: &[u8]) -> Result<T, BadRequest> {
    serde_json::from_slice(raw)
        .map_err(|error| BadRequest::new(name, format!("`{name}` cannot be read: {error}")))
}

fn read_raw<'a>(name: &str, raw: &'a [u8]) -> Result<&'a RawValue, BadRequest> {
    serde_json::from_slice(raw)
        .map_err(|error| BadRequest::new(name, format!("`{name}` cannot be read: {error}")))
}

impl Reading {
    fn member(&mut self, name: &str, raw: &[u8]) -> Result<(), BadRequest> {
        let request = &mut self.request;
        match name {
            "model" => request.model = read(name, raw)?,
            "input" => self.input(read_raw(name, raw)?)?,
            "instructions" => self.instructions = Some(read(name, raw)?),
            "tools" => self.tools(read_raw(name, raw)?)?,
            "tool_choice" => self.tool_choice(read_raw(name, raw)?),
            "parallel_tool_calls" => request.parallel_tool_calls = read(name, raw)?,
            "stream" => request.stream = read(name, raw)?,
            "stream_options" => self.stream_options(read_raw(name, raw)?),
            "max_output_tokens" => request.max_tokens = read(name, raw)?,
            "temperature" => request.temperature = read(name, raw)?,
            "top_p" => request.top_p = read(name, raw)?,
            "frequency_penalty" => request.frequency_penalty = read(name, raw)?,
            "presence_penalty" => request.presence_penalty = read(name, raw)?,
            "top_logprobs" => request.top_logprobs = read(name, raw)?,
            "include" => self.include(read(name, raw)?),
            "text" => self.text(read_raw(name, raw)?)?,
            "reasoning" => self.reasoning(read_raw(name, raw)?)?,
            "user" => request.user = read(name, raw)?,
            "safety_identifier" => request.safety_identifier = read(name, raw)?,
            "prompt_cache_key" => request.prompt_cache_key = read(name, raw)?,
            "service_tier" => request.service_tier = read(name, raw)?,
            "store" => request.store = read(name, raw)?,
            "previous_response_id" => request.previous_response_id = read(name, raw)?,
            "metadata" => {
                request.metadata =
                    read::<BTreeMap<String, String>>(name, raw)?.into_iter().collect();
            }
            // What they are without being said.
            "background" if raw == b"false" => {}
            "truncation" if raw == b"\"disabled\"" => {}
            _ => self.extra(name, read_raw(name, raw)?),
        }
        Ok(())
    }

    fn extra(&mut self, name: &str, raw: &RawValue) {
        self.request.extras.extend(native(name, raw));
    }

    /// Once, however often it is met.
    fn inner(&mut self, name: &str, raw: &RawValue) {
        if !self.request.extras.iter().any(|extra| extra.name == name) {
            self.extra(name, raw);
        }
    }

    fn input(&mut self, raw: &RawValue) -> Result<(), BadRequest> {
        if raw.get().starts_with('"') {
            let content = some_text(Some(raw)).map(|text| Part::Text(Text::new(text)));
            if let Some(content) = content {
                self.request.messages.push(Message::new(Role::User, vec![content]));
            }
            return Ok(());
        }
        let items = list(Some(raw))
            .ok_or_else(|| BadRequest::new("input", "`input` is a string or a list of items"))?;
        for (index, raw) in items.into_iter().enumerate() {
            let wrong = |what: &str| {
                let param = format!("input[{index}]{what}");
                let message = format!("`{param}` is not of a type that it can be of");
                BadRequest { message, param: Some(param) }
            };
            let mut item: ReadItem<'_> = serde_json::from_str(raw.get()).map_err(|_| wrong(""))?;
            if item.r#type.is_empty() {
                let named = if item.role.is_empty() { "item_reference" } else { "message" };
                named.clone_into(&mut item.r#type);
            }
            self.item(&item, raw).ok_or_else(|| {
                wrong(match item.r#type.as_str() {
                    "message" => ".content",
                    "reasoning" => ".summary",
                    _ => ".output",
                })
            })?;
        }
        Ok(())
    }

    fn item(&mut self, item: &ReadItem<'_>, raw: &RawValue) -> Option<()> {
        let mut logprobs = Vec::new();
        match item.r#type.as_str() {
            "message" if item.role != "assistant" => {
                let role = match item.role.as_str() {
                    "system" => Role::System,
                    "developer" => Role::Developer,
                    _ => Role::User,
                };
                let content = read_content(item.content, &mut logprobs)?;
                self.request.messages.push(Message::new(role, content));
            }
            "function_call_output" | "custom_tool_call_output" => {
                let result = ToolResult {
                    call_id: text(item.call_id).unwrap_or_default(),
                    name: None,
                    content: read_content(item.output, &mut logprobs)?,
                    is_error: false,
                    custom: item.r#type == "custom_tool_call_output",
                    cache: None,
                };
                self.turn(Role::Tool).push(Part::ToolResult(result));
            }
            kind => {
                if let Some(phase) = item.phase.filter(|phase| phase.get() != "null") {
                    self.inner("messages.phase", phase);
                }
                let role = side(kind);
                if role == Role::Assistant {
                    return read_said(item, raw, self.turn(role), &mut logprobs);
                }
                let content = native(kind, raw).map(Part::Native).into_iter().collect();
                self.request.messages.push(Message::new(role, content));
            }
        }
        Some(())
    }

    /// The content of the last turn, which is made where it is another's.
    fn turn(&mut self, role: Role) -> &mut Vec<Part> {
        let messages = &mut self.request.messages;
        if messages.last().is_none_or(|last| last.role != role) {
            messages.push(Message::new(role, Vec::new()));
        }
        let last = messages.len() - 1;
        &mut messages[last].content
    }

    fn tools(&mut self, raw: &RawValue) -> Result<(), BadRequest> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct ReadTool<'a> {
            r#type: Option<String>,
            name: Option<String>,
            description: Option<String>,
            parameters: Option<Json>,
            strict: Option<bool>,
            format: Option<Json>,
            #[serde(borrow)]
            defer_loading: Raw<'a>,
            #[serde(borrow)]
            output_schema: Raw<'a>,
            #[serde(borrow)]
            allowed_callers: Raw<'a>,
            #[serde(borrow)]
            r#async: Raw<'a>,
        }
        #[derive(Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        let tools = list(Some(raw))
            .ok_or_else(|| BadRequest::new("tools", "`tools` is a list of tools"))?;
        for (index, raw) in tools.into_iter().enumerate() {
            let wrong = |error: serde_json::Error| {
                let param = format!("tools[{index}]");
                BadRequest::new(param.clone(), format!("`{param}` cannot be read: {error}"))
            };
            let kind: Kind = serde_json::from_str(raw.get()).map_err(wrong)?;
            let kind = kind.r#type.unwrap_or_else(|| "function".to_owned());
            if kind != "function" && kind != "custom" {
                self.request.tools.extend(native(&kind, raw).map(Tool::Native));
                continue;
            }
            let tool: ReadTool<'_> = serde_json::from_str(raw.get()).map_err(wrong)?;
            let given = |json: Option<Json>| json.filter(|json| !json.is_null());
            let name = tool.name.unwrap_or_default();
            let description = tool.description.filter(|text| !text.is_empty());
            if kind == "custom" {
                let format = given(tool.format);
                self.request.tools.push(Tool::Custom(CustomTool { name, description, format }));
                continue;
            }
            for (name, member) in [
                ("tools.defer_loading", tool.defer_loading),
                ("tools.output_schema", tool.output_schema),
                ("tools.allowed_callers", tool.allowed_callers),
                ("tools.async", tool.r#async),
            ] {
                if let Some(raw) = member.filter(|raw| !matches!(raw.get(), "null" | "false")) {
                    self.inner(name, raw);
                }
            }
            self.request.tools.push(Tool::Function(FunctionTool {
                name,
                description,
                parameters: given(tool.parameters),
                strict: Some(tool.strict.unwrap_or(true)),
                cache: None,
            }));
        }
        Ok(())
    }

    /// Choices of hosted tools have no canonical word and are kept as they came.
    fn tool_choice(&mut self, raw: &RawValue) {
        #[derive(Deserialize)]
        struct Named {
            r#type: String,
            name: Option<String>,
            mode: Option<String>,
            #[serde(default)]
            tools: Vec<Named>,
        }
        let choice = match some_text(Some(raw)).as_deref() {
            Some("auto") => Some(ToolChoice::Auto),
            Some("none") => Some(ToolChoice::None),
            Some("required") => Some(ToolChoice::Required),
            _ => serde_json::from_str::<Named>(raw.get()).ok().and_then(|choice| {
                let name = |tool: Named| {
                    let portable = matches!(tool.r#type.as_str(), "function" | "custom");
                    tool.name.filter(|_| portable)
                };
                if choice.r#type != "allowed_tools" {
                    return name(choice).map(ToolChoice::Named);
                }
                let required = choice.mode.as_deref() == Some("required");
                let names = choice.tools.into_iter().map(name).collect::<Option<_>>()?;
                Some(ToolChoice::Allowed { required, names })
            }),
        };
        match choice {
            Some(choice) => self.request.tool_choice = Some(choice),
            None => self.extra("tool_choice", raw),
        }
    }

    fn stream_options(&mut self, raw: &RawValue) {
        #[derive(Deserialize)]
        struct Options {
            include_obfuscation: Option<bool>,
        }
        // Without it, as the encoder writes.
        let options = serde_json::from_str::<Options>(raw.get()).ok();
        if options.and_then(|options| options.include_obfuscation) == Some(true) {
            self.extra("stream_options", raw);
        }
    }

    fn include(&mut self, include: Vec<String>) {
        let (known, others): (Vec<_>, Vec<_>) = include
            .into_iter()
            .partition(|name| matches!(name.as_str(), INCLUDE_LOGPROBS | INCLUDE_ENCRYPTED));
        if known.iter().any(|name| name == INCLUDE_LOGPROBS) {
            self.request.logprobs = Some(true);
        }
        if let Some(json) = Json::of(&others).filter(|_| !others.is_empty()) {
            let extra = Native { format: Format::Responses, name: "include".to_owned(), json };
            self.request.extras.push(extra);
        }
    }

    fn text(&mut self, raw: &RawValue) -> Result<(), BadRequest> {
        #[derive(Deserialize)]
        struct Output {
            format: Option<OutputShape>,
            verbosity: Option<String>,
        }
        #[derive(Deserialize)]
        struct OutputShape {
            r#type: String,
            name: Option<String>,
            description: Option<String>,
            schema: Option<Json>,
            strict: Option<bool>,
        }
        let output: Output = read("text", raw.get().as_bytes())?;
        self.request.verbosity = output.verbosity;
        let Some(shape) = output.format else { return Ok(()) };
        self.request.output = match shape.r#type.as_str() {
            "text" => None,
            "json_object" => Some(OutputFormat::JsonObject),
            "json_schema" => Some(OutputFormat::JsonSchema {
                name: shape.name,
                description: shape.description.filter(|text| !text.is_empty()),
                schema: shape.schema.filter(|schema| !schema.is_null()).ok_or_else(|| {
                    BadRequest::new("text.format.schema", "`text.format.schema` is missing")
                })?,
                strict: shape.strict,
            }),
            other => {
                let message = format!("`text.format.type` is unknown: {other:?}");
                return Err(BadRequest::new("text.format.type", message));
            }
        };
        Ok(())
    }

    fn reasoning(&mut self, raw: &RawValue) -> Result<(), BadRequest> {
        let members = Object::scan(raw.get().as_bytes())
            .map_err(|_| BadRequest::new("reasoning", "`reasoning` is an object"))?;
        let mut asked = ReasoningRequest::default();
        for (name, value) in members.iter() {
            match (&*name, value.text()) {
                _ if value.is_null() => {}
                ("effort", Some(word)) if Effort::of(&word).is_some() => {
                    asked.effort = Effort::of(&word);
                }
                ("summary" | "generate_summary", Some(word)) => {
                    asked.display = Some(word.into_owned());
                }
                (name, _) => {
                    let path = format!("reasoning.{name}");
                    self.inner(&path, read_raw(&path, value.raw)?);
                }
            }
        }
        let nothing = ReasoningRequest::default();
        self.request.reasoning = Some(asked).filter(|asked| *asked != nothing);
        Ok(())
    }
}

/// Whose turn an item of another type is: what a tool of the vendor said comes from the caller.
fn side(kind: &str) -> Role {
    match kind {
        "additional_tools" | "configuration_update" => Role::Developer,
        "item_reference" | "compaction_trigger" | "mcp_approval_response" => Role::User,
        kind if kind.ends_with("_output") => Role::User,
        _ => Role::Assistant,
    }
}

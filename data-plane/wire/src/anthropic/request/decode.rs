use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::blocks::{Malformed, read_content};
use super::super::types;
use crate::canonical::{
    Effort, FunctionTool, Message, Native, OutputFormat, Part, Request, Role, Tool, ToolChoice,
};
use crate::format::{BadRequest, Format};
use crate::json::{Json, Object};

/// Reads a request.
pub(in super::super) fn decode(body: &[u8]) -> Result<Request, BadRequest> {
    let object = Object::scan(body)
        .map_err(|error| BadRequest { message: error.to_string(), param: None })?;
    let mut request = Request { stream_usage: true, ..Request::default() };
    let mut turns = Vec::new();
    for (name, value) in object.iter() {
        if value.is_null() {
            continue;
        }
        let raw = value.raw;
        match &*name {
            "model" => request.model = read(&name, raw)?,
            "messages" => turns = read_messages(raw)?,
            "system" => request.messages = read_system(read(&name, raw)?)?,
            "max_tokens" => request.max_tokens = Some(read(&name, raw)?),
            "stop_sequences" => request.stop = read(&name, raw)?,
            "stream" => request.stream = read(&name, raw)?,
            "temperature" => request.temperature = Some(read(&name, raw)?),
            "top_p" => request.top_p = Some(read(&name, raw)?),
            "top_k" => request.top_k = Some(read(&name, raw)?),
            "tools" => request.tools = read_tools(raw)?,
            "tool_choice" => read_tool_choice(&mut request, read(&name, raw)?)?,
            "thinking" => read_thinking(&mut request, read(&name, raw)?),
            "output_config" => read_output_config(&mut request, read(&name, raw)?)?,
            "metadata" => request.user = read::<types::Metadata>(&name, raw)?.user_id,
            "service_tier" => {
                let tier: String = read(&name, raw)?;
                request.service_tier =
                    Some(if tier == "standard_only" { "default".into() } else { tier });
            }
            "cache_control" => {
                request.cache = Some(read::<types::Cache>(&name, raw)?.into());
            }
            _ => request.extras.push(Native {
                format: Format::Anthropic,
                json: read::<Json>(&name, raw)?,
                name: name.into_owned(),
            }),
        }
    }
    request.messages.append(&mut turns);
    Ok(request)
}

fn read<'a, T: Deserialize<'a>>(name: &str, raw: &'a [u8]) -> Result<T, BadRequest> {
    serde_json::from_slice(raw).map_err(|error| BadRequest::new(name, format!("{name}: {error}")))
}

/// `system` is one message with a part for each block, in order.
fn read_system(raw: &RawValue) -> Result<Vec<Message>, BadRequest> {
    let content = read_content(raw).map_err(|error| bad("system".into(), &error))?;
    Ok(if content.is_empty() { Vec::new() } else { vec![Message::new(Role::System, content)] })
}

fn bad(param: String, error: &Malformed) -> BadRequest {
    let message = format!("{param}: {error}");
    BadRequest::new(param, message)
}

fn read_messages(raw: &[u8]) -> Result<Vec<Message>, BadRequest> {
    let wire: Vec<types::Message<'_>> = read("messages", raw)?;
    let mut messages: Vec<Message> = Vec::with_capacity(wire.len() + 4);
    for (index, message) in wire.into_iter().enumerate() {
        let content = message
            .content
            .map(read_content)
            .transpose()
            .map_err(|error| bad(format!("messages.{index}.content"), &error))?
            .unwrap_or_default();
        let role = match &*message.role {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            role => {
                return Err(bad(format!("messages.{index}.role"), &format!("no role {role:?}")));
            }
        };
        if role != Role::User {
            push(&mut messages, role, content);
            continue;
        }
        let (results, said): (Vec<Part>, Vec<Part>) =
            content.into_iter().partition(|part| matches!(part, Part::ToolResult(_)));
        // Results that follow each other stand in one message.
        match messages.last_mut() {
            Some(last) if last.role == Role::Tool => last.content.extend(results),
            _ => push(&mut messages, Role::Tool, results),
        }
        push(&mut messages, Role::User, said);
    }
    Ok(messages)
}

fn push(messages: &mut Vec<Message>, role: Role, content: Vec<Part>) {
    if !content.is_empty() {
        messages.push(Message::new(role, content));
    }
}

fn read_tools(raw: &[u8]) -> Result<Vec<Tool>, BadRequest> {
    let wire: Vec<&RawValue> = read("tools", raw)?;
    let read_tool = |(index, raw): (usize, &RawValue)| {
        let tool: types::Tool<'_> = serde_json::from_str(raw.get())
            .map_err(|error| bad(format!("tools.{index}"), &error.to_string()))?;
        Ok(match tool.kind.as_deref() {
            None | Some("custom") => Tool::Function(FunctionTool {
                name: tool.name,
                description: tool.description.filter(|text| !text.is_empty()),
                parameters: tool.input_schema.map(Into::into),
                strict: tool.strict,
                cache: tool.cache_control.map(Into::into),
            }),
            Some(kind) => Tool::Native(Native {
                format: Format::Anthropic,
                name: kind.to_owned(),
                json: raw.into(),
            }),
        })
    };
    wire.into_iter().enumerate().map(read_tool).collect()
}

fn read_tool_choice(request: &mut Request, wire: types::ToolChoice<'_>) -> Result<(), BadRequest> {
    request.tool_choice = Some(match &*wire.kind {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(
            wire.name.ok_or_else(|| bad("tool_choice.name".into(), &"it is missing".into()))?,
        ),
        kind => return Err(bad("tool_choice.type".into(), &format!("no choice {kind:?}"))),
    });
    request.parallel_tool_calls = wire.disable_parallel_tool_use.map(|disabled| !disabled);
    Ok(())
}

fn read_thinking(request: &mut Request, wire: types::Thinking<'_>) {
    let reasoning = request.reasoning.get_or_insert_default();
    reasoning.display = wire.display;
    match &*wire.kind {
        "enabled" => reasoning.budget = wire.budget_tokens,
        // Thinking is off where no effort says otherwise.
        "disabled" if reasoning.effort.is_none() => reasoning.effort = Some(Effort::None),
        "disabled" => {}
        // `between_tools` and what may come are ways to leave it to the model.
        _ => reasoning.adaptive = true,
    }
}

fn read_output_config(
    request: &mut Request,
    wire: types::OutputConfig<'_>,
) -> Result<(), BadRequest> {
    if let Some(word) = wire.effort {
        let effort = Effort::of(&word)
            .ok_or_else(|| bad("output_config.effort".into(), &format!("no effort {word:?}")))?;
        request.reasoning.get_or_insert_default().effort = Some(effort);
    }
    if let Some(format) = wire.format {
        let schema = match (&*format.kind, format.schema) {
            ("json_schema", Some(schema)) => schema.into(),
            (kind, _) => {
                let error = format!("no format {kind:?} with a schema");
                return Err(bad("output_config.format".into(), &error));
            }
        };
        request.output =
            Some(OutputFormat::JsonSchema { name: None, description: None, schema, strict: None });
    }
    Ok(())
}

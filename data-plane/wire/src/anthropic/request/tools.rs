//! Tools and their choice, written.

use std::collections::BTreeSet;

use super::super::types;
use super::parts::write_cache;
use crate::canonical::{FunctionTool, Part, Request, Tool, ToolChoice};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{Json, ListWriter, Object, ObjectWriter};

const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Writes `tools` and `tool_choice`.
pub(super) fn write(
    object: &mut ObjectWriter<'_>,
    request: &Request,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let allowed: Option<&[String]> = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
        _ => None,
    };
    let mut out = Vec::new();
    let mut list = ListWriter::open(&mut out);
    for tool in &request.tools {
        write_tool(&mut list, tool, allowed, losses);
    }
    let stubs = list.is_empty() && write_stubs(&mut list, request);
    let any = !list.is_empty();
    list.close();
    if any {
        object.key("tools").extend_from_slice(&out);
    }
    if stubs {
        // They stand for those of the history, and are not to be called.
        object.key("tool_choice").extend_from_slice(br#"{"type":"none"}"#);
    } else if any {
        return write_choice(object, request);
    } else if let Some(ToolChoice::Required | ToolChoice::Named(_)) = &request.tool_choice {
        return Err(Unsupported::new("tool_choice", "no tool is left that could be called"));
    }
    Ok(())
}

fn write_tool(
    list: &mut ListWriter<'_>,
    tool: &Tool,
    allowed: Option<&[String]>,
    losses: &mut Losses,
) {
    match tool {
        Tool::Function(tool) => {
            if allowed.is_some_and(|names| !names.contains(&tool.name)) {
                losses.approximated("tool_choice", "the tools that are not allowed are left out");
            } else {
                write_function(list, tool);
            }
        }
        Tool::Custom(_) => losses.dropped("tools.custom"),
        Tool::Native(native) if native.format == Format::Anthropic => {
            list.item().extend_from_slice(native.json.text().as_bytes());
        }
        Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
    }
}

fn write_function(list: &mut ListWriter<'_>, tool: &FunctionTool) {
    let mut out = list.object();
    out.text("name", &tool.name);
    out.option("description", tool.description.as_ref());
    write_schema(&mut out, tool.parameters.as_ref());
    out.option("strict", tool.strict.as_ref());
    write_cache(&mut out, tool.cache.as_ref());
    out.close();
}

/// A schema of arguments has to say that it is one of an object.
fn write_schema(out: &mut ObjectWriter<'_>, schema: Option<&Json>) {
    let text = schema.map_or(NO_PARAMETERS, Json::text);
    let out = out.key("input_schema");
    match Object::scan(text.as_bytes()) {
        Ok(object) if object.first("type").is_some() => out.extend_from_slice(text.as_bytes()),
        Ok(object) => {
            out.extend_from_slice(b"{\"type\":\"object\"");
            if !object.members().is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(text.trim_start().strip_prefix('{').unwrap_or("}").as_bytes());
        }
        Err(_) => out.extend_from_slice(NO_PARAMETERS.as_bytes()),
    }
}

/// Where the conversation has calls and the request no tools, stands a tool for each name; whether
/// there are some.
fn write_stubs(list: &mut ListWriter<'_>, request: &Request) -> bool {
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let names: BTreeSet<&str> = parts
        .filter_map(|part| match part {
            Part::ToolCall(call) => Some(call.name.as_str()),
            _ => None,
        })
        .collect();
    for name in &names {
        let tool = FunctionTool { name: (*name).to_owned(), ..FunctionTool::default() };
        write_function(list, &tool);
    }
    !names.is_empty()
}

fn write_choice(object: &mut ObjectWriter<'_>, request: &Request) -> Result<(), Unsupported> {
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    let (kind, name) = match &request.tool_choice {
        None if one_at_a_time => ("auto", None),
        None => return Ok(()),
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => ("auto", None),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => ("any", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name)),
    };
    if let Some(name) = name
        && !request.tools.iter().any(|tool| is_called(tool, name))
    {
        return Err(Unsupported::new("tool_choice", format!("there is no tool {name:?} to call")));
    }
    let mut choice = object.object("tool_choice");
    choice.text("type", kind);
    choice.option("name", name);
    if let Some(parallel) = request.parallel_tool_calls
        && kind != "none"
    {
        choice.value("disable_parallel_tool_use", &!parallel);
    }
    choice.close();
    Ok(())
}

fn is_called(tool: &Tool, name: &str) -> bool {
    match tool {
        Tool::Function(tool) => tool.name == name,
        Tool::Custom(_) => false,
        Tool::Native(native) => native
            .json
            .read::<types::Tool<'_>>()
            .is_some_and(|tool| native.format == Format::Anthropic && tool.name == name),
    }
}

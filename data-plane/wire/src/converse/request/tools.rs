use serde::Deserialize;

use crate::canonical::{CacheControl, FunctionTool, Native, Part, Request, Tool, ToolChoice};
use crate::converse::content::write_cache_point;
use crate::converse::models::{Choices, Model};
use crate::converse::types::{CachePoint, Union};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Unsupported};
use crate::json::{Json, ListWriter, ObjectWriter};
use crate::lenient::null_as_default;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig {
    #[serde(default, deserialize_with = "null_as_default")]
    tools: Vec<Union>,
    #[serde(default)]
    tool_choice: Option<Union>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ToolSpec {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    input_schema: Option<InputSchema>,
    #[serde(default)]
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct InputSchema {
    #[serde(default)]
    json: Option<Json>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// What stands for a tool that takes nothing.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Reads tools and the choice among them.
pub(super) fn decode(config: ToolConfig, request: &mut Request) {
    for union in config.tools {
        let Union::Other(name, json) = union else { continue };
        if name == "cachePoint"
            && let Some(point) = json.read::<CachePoint>()
            && let Some(Tool::Function(tool)) = request.tools.last_mut()
            && tool.cache.is_none()
        {
            tool.cache = Some(CacheControl { ttl: point.ttl });
            continue;
        }
        let spec = if name == "toolSpec" { json.read::<ToolSpec>() } else { None };
        request.tools.push(match spec {
            Some(spec) => Tool::Function(FunctionTool {
                name: spec.name,
                description: spec.description.filter(|text| !text.is_empty()),
                parameters: spec
                    .input_schema
                    .and_then(|schema| schema.json)
                    .filter(|json| json.text() != NO_PARAMETERS),
                strict: spec.strict,
                cache: None,
            }),
            None => Tool::Native(Native { format: Format::Converse, name, json }),
        });
    }
    request.tool_choice = config.tool_choice.and_then(|choice| match choice {
        Union::Other(name, json) => match name.as_str() {
            "auto" => Some(ToolChoice::Auto),
            "any" => Some(ToolChoice::Required),
            "tool" => json.read::<Named>().map(|tool| ToolChoice::Named(tool.name)),
            _ => None,
        },
        Union::Text(_) => None,
    });
}

/// What is written as the choice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice<'a> {
    Unsaid,
    Auto,
    Any,
    Tool(&'a str),
}

/// Writes `toolConfig`, where there is anything to say.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    parameters: Parameters,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let called = called(request);
    if request.tools.is_empty() && called.is_empty() {
        return Ok(());
    }
    // Nothing to choose from is the same as `none`, but a conversation with calls has to have tools.
    if request.tool_choice == Some(ToolChoice::None) {
        if called.is_empty() {
            return Ok(());
        }
        losses.approximated("tool_choice", "tools stay, as the calls of the conversation demand");
    }
    let (choice, only) = choice(request, model, parameters, losses)?;
    let mut config = body.object("toolConfig");
    let mut list = config.list("tools");
    for tool in &request.tools {
        write_tool(&mut list, tool, only.as_deref(), model, losses);
    }
    if list.is_empty() {
        losses.approximated("tools", "declared by name, as the calls of the conversation demand");
        for name in called {
            let stub = FunctionTool { name: name.to_owned(), ..FunctionTool::default() };
            write_function(&mut list, &stub);
        }
    }
    list.close();
    if choice != Choice::Unsaid {
        let mut object = config.object("toolChoice");
        match choice {
            Choice::Unsaid => {}
            Choice::Auto => object.object("auto").close(),
            Choice::Any => object.object("any").close(),
            Choice::Tool(name) => {
                let mut tool = object.object("tool");
                tool.text("name", name);
                tool.close();
            }
        }
        object.close();
    }
    config.close();
    Ok(())
}

/// The tools that the conversation has called, each once; something where only results are left of
/// them.
fn called(request: &Request) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut results = false;
    for part in request.messages.iter().flat_map(|message| &message.content) {
        match part {
            Part::ToolCall(call) if !names.contains(&call.name.as_str()) => names.push(&call.name),
            Part::ToolResult(_) => results = true,
            _ => {}
        }
    }
    if names.is_empty() && results {
        names.push("tool");
    }
    names
}

/// The choice as the model takes it, and the tools that are left to choose from where that says a part
/// of it.
fn choice<'a>(
    request: &'a Request,
    model: Model,
    parameters: Parameters,
    losses: &mut Losses,
) -> Result<(Choice<'a>, Option<Vec<&'a str>>), Unsupported> {
    let choices = if parameters == Parameters::Pass { Choices::All } else { model.choices };
    let refuse = || Unsupported::new("tool_choice", "the model cannot be made to call a tool");
    Ok(match &request.tool_choice {
        None | Some(ToolChoice::None) => (Choice::Unsaid, None),
        Some(ToolChoice::Auto) => (Choice::Auto, None),
        Some(ToolChoice::Required) => match choices {
            Choices::Auto => return Err(refuse()),
            Choices::Any | Choices::All => (Choice::Any, None),
        },
        Some(ToolChoice::Named(name)) => match choices {
            Choices::All => (Choice::Tool(name), None),
            Choices::Any => {
                losses.approximated("tool_choice", "any tool, of which this one is left");
                (Choice::Any, Some(vec![name]))
            }
            Choices::Auto => return Err(refuse()),
        },
        Some(ToolChoice::Allowed { required, names }) => {
            losses.approximated("tool_choice", "other tools are left out");
            let names = names.iter().map(String::as_str).collect();
            match (required, choices) {
                (false, _) => (Choice::Auto, Some(names)),
                (true, Choices::Auto) => return Err(refuse()),
                (true, _) => (Choice::Any, Some(names)),
            }
        }
    })
}

fn write_tool(
    list: &mut ListWriter<'_>,
    tool: &Tool,
    only: Option<&[&str]>,
    model: Model,
    losses: &mut Losses,
) {
    match tool {
        Tool::Function(tool) => {
            if only.is_some_and(|names| !names.contains(&tool.name.as_str())) {
                return;
            }
            write_function(list, tool);
            if let Some(cache) = &tool.cache {
                if model.cache {
                    let mut point = list.object();
                    write_cache_point(&mut point, cache);
                    point.close();
                } else {
                    losses.refused_by_model("tools.cache", "the model takes no cache points");
                }
            }
        }
        Tool::Custom(_) => losses.dropped("tools.custom"),
        Tool::Native(native) if native.format == Format::Converse => {
            let mut object = list.object();
            object.json(&native.name, &native.json);
            object.close();
        }
        Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
    }
}

fn write_function(list: &mut ListWriter<'_>, tool: &FunctionTool) {
    let mut object = list.object();
    let mut spec = object.object("toolSpec");
    spec.text("name", &tool.name);
    spec.option("description", tool.description.as_ref().filter(|text| !text.is_empty()));
    let mut schema = spec.object("inputSchema");
    match &tool.parameters {
        Some(parameters) => schema.json("json", parameters),
        None => schema.key("json").extend_from_slice(NO_PARAMETERS.as_bytes()),
    }
    schema.close();
    spec.option("strict", tool.strict.as_ref());
    spec.close();
    object.close();
}

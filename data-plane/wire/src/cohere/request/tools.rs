use serde::Deserialize;

use crate::canonical::{FunctionTool, Native, Request, Tool, ToolChoice};
use crate::fidelity::Losses;
use crate::format::Format;
use crate::json::{Json, ObjectWriter};
use crate::lenient::null_as_default;

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

/// What stands for a tool that takes nothing: Cohere wants a schema.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Reads tools; `strict` is said of all of them.
pub(super) fn decode(tools: Vec<Json>, strict: Option<bool>) -> Vec<Tool> {
    let tools = tools.into_iter().map(|json| {
        let read: WireTool = json.read().unwrap_or_default();
        match read.function {
            Some(function) if matches!(read.kind.as_str(), "function" | "") => {
                Tool::Function(FunctionTool {
                    name: function.name,
                    description: function.description.filter(|text| !text.is_empty()),
                    parameters: function.parameters.filter(|json| json.text() != NO_PARAMETERS),
                    strict,
                    cache: None,
                })
            }
            _ => Tool::Native(Native { format: Format::Cohere, name: read.kind, json }),
        }
    });
    tools.collect()
}

/// Writes `tools`, `strict_tools` and `tool_choice`.
pub(super) fn encode(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    if request.tools.is_empty() {
        return;
    }
    let (required, only) = choice(request, losses);
    let mut list = body.list("tools");
    let (mut all, mut any) = (true, false);
    for tool in &request.tools {
        match tool {
            Tool::Function(tool) => {
                if only.as_ref().is_some_and(|names| !names.contains(&tool.name.as_str())) {
                    continue;
                }
                let strict = tool.strict == Some(true);
                (all, any) = (all && strict, any || strict);
                if tool.cache.is_some() {
                    losses.dropped("tools.cache");
                }
                let mut object = list.object();
                object.text("type", "function");
                let mut function = object.object("function");
                function.text("name", &tool.name);
                function.option("description", tool.description.as_ref());
                match &tool.parameters {
                    Some(parameters) => function.json("parameters", parameters),
                    None => function.key("parameters").extend_from_slice(NO_PARAMETERS.as_bytes()),
                }
                function.close();
                object.close();
            }
            Tool::Custom(_) => losses.dropped("tools.custom"),
            Tool::Native(native) if native.format == Format::Cohere => {
                list.item().extend_from_slice(native.json.text().as_bytes());
            }
            Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
        }
    }
    list.close();
    if any && all {
        body.value("strict_tools", &true);
    } else if any {
        losses.dropped_for("tools.strict", "all tools are strict, or none is");
    }
    match required {
        Some(true) => body.text("tool_choice", "REQUIRED"),
        Some(false) => body.text("tool_choice", "NONE"),
        None => {}
    }
    if request.parallel_tool_calls == Some(false) {
        losses.dropped("parallel_tool_calls");
    }
}

/// Whether a tool must be called, or must not; and the tools that are left where the choice names some.
fn choice<'a>(request: &'a Request, losses: &mut Losses) -> (Option<bool>, Option<Vec<&'a str>>) {
    match &request.tool_choice {
        None | Some(ToolChoice::Auto) => (None, None),
        Some(ToolChoice::None) => (Some(false), None),
        Some(ToolChoice::Required) => (Some(true), None),
        Some(ToolChoice::Named(name)) => {
            losses.approximated("tool_choice", "any tool, of which this one is left");
            (Some(true), Some(vec![name]))
        }
        Some(ToolChoice::Allowed { required, names }) => {
            losses.approximated("tool_choice.allowed", "only these tools are offered");
            (required.then_some(true), Some(names.iter().map(String::as_str).collect()))
        }
    }
}

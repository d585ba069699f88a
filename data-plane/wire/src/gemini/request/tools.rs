//! Tools, and which of them are called.

use super::super::schema::to_subset;
use super::encode::Encoding;
use crate::canonical::{FunctionTool, Tool, ToolChoice};
use crate::fidelity::Losses;
use crate::format::{Format, Unsupported};
use crate::json::{ListWriter, ObjectWriter};

/// Writes `tools` and `toolConfig`.
pub(super) fn write(
    encoding: &Encoding<'_>,
    object: &mut ObjectWriter<'_>,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let request = encoding.request;
    let choice = request.tool_choice.as_ref();
    // Older models cannot hold the choice to some of the tools unless one is required.
    let declared = match choice {
        Some(ToolChoice::Allowed { required: false, names }) if !encoding.model.json_schema => {
            Some(names)
        }
        _ => None,
    };
    let functions = request.tools.iter().filter_map(|tool| match tool {
        Tool::Function(tool) if declared.is_none_or(|names| names.contains(&tool.name)) => {
            Some(tool)
        }
        _ => None,
    });
    let functions = functions.collect::<Vec<_>>();
    let mut text = Vec::new();
    let mut list = ListWriter::open(&mut text);
    if !functions.is_empty() {
        let mut tool = list.object();
        let mut declarations = tool.list("functionDeclarations");
        for function in &functions {
            declare(encoding, function, &mut declarations, losses);
        }
        declarations.close();
        tool.close();
    }
    for tool in &request.tools {
        match tool {
            Tool::Native(native) if native.format == Format::Gemini => {
                let mut tool = list.object();
                tool.json(&native.name, &native.json);
                tool.close();
            }
            Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
            Tool::Custom(_) => losses.dropped("tools.custom"),
            Tool::Function(_) => {}
        }
    }
    let some = !list.is_empty();
    list.close();
    if some {
        object.key("tools").append(&mut text);
    }
    if request.parallel_tool_calls == Some(false) && !functions.is_empty() {
        losses.dropped("parallel_tool_calls");
    }
    let mode = mode(encoding, &functions, losses)?;
    let extras = request.extras.iter().filter_map(|extra| {
        Some((extra.name.strip_prefix("toolConfig.")?, extra))
            .filter(|_| extra.format == Format::Gemini)
    });
    if mode.is_none() && extras.clone().next().is_none() {
        return Ok(());
    }
    let mut config = object.object("toolConfig");
    if let Some((mode, names)) = mode {
        let mut calling = config.object("functionCallingConfig");
        calling.text("mode", mode);
        if !names.is_empty() {
            calling.value("allowedFunctionNames", names);
        }
        calling.close();
    }
    for (name, extra) in extras {
        config.json(name, &extra.json);
    }
    config.close();
    Ok(())
}

fn declare(
    encoding: &Encoding<'_>,
    function: &FunctionTool,
    declarations: &mut ListWriter<'_>,
    losses: &mut Losses,
) {
    let mut out = declarations.object();
    out.text("name", &function.name);
    out.option("description", function.description.as_deref());
    if let Some(schema) = &function.parameters {
        if encoding.model.json_schema {
            out.json("parametersJsonSchema", schema);
        } else {
            let subset = to_subset(schema);
            if subset.lossy {
                losses.approximated("tools.parameters", "in the subset of JSON Schema");
            }
            out.option("parameters", subset.schema.as_ref());
        }
    }
    out.close();
    if function.cache.is_some() {
        losses.dropped_for("tools.cache", "the provider caches by itself");
    }
}

/// The mode, and the functions that it is about.
fn mode<'a>(
    encoding: &'a Encoding<'_>,
    functions: &[&FunctionTool],
    losses: &mut Losses,
) -> Result<Option<(&'static str, &'a [String])>, Unsupported> {
    let choice = encoding.request.tool_choice.as_ref();
    let strict = functions.iter().filter(|function| function.strict == Some(true)).count();
    let is_there = |name: &String| functions.iter().any(|function| function.name == *name);
    let forced = match choice {
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => {
            functions.is_empty()
        }
        Some(ToolChoice::Named(name)) => !is_there(name),
        _ => false,
    };
    if forced {
        return Err(Unsupported::new(
            "tool_choice",
            "the tool that has to be called is no function",
        ));
    }
    if functions.is_empty() {
        // Gemini's own tools are called as the model likes.
        if choice == Some(&ToolChoice::None) && !encoding.request.tools.is_empty() {
            losses.dropped_for("tool_choice", "there are no functions");
        }
        return Ok(None);
    }
    // Arguments are held to the schema wherever a call is required, and where it is said of all.
    let (mode, names): (_, &[String]) = match choice {
        Some(ToolChoice::None) => ("NONE", &[]),
        Some(ToolChoice::Required) => ("ANY", &[]),
        Some(ToolChoice::Named(name)) => ("ANY", std::slice::from_ref(name)),
        Some(ToolChoice::Allowed { required: true, names }) => ("ANY", names),
        Some(ToolChoice::Allowed { required: false, names }) if encoding.model.json_schema => {
            ("VALIDATED", names)
        }
        _ if strict > 0 && encoding.model.json_schema => {
            if strict < functions.len() {
                losses.approximated("tools.strict", "for all functions");
            }
            ("VALIDATED", &[])
        }
        _ => {
            if strict > 0 {
                losses.dropped("tools.strict");
            }
            if !matches!(choice, Some(ToolChoice::Auto)) {
                return Ok(None);
            }
            ("AUTO", &[])
        }
    };
    Ok(Some((mode, names)))
}

//! Tools of a request and which of them is to be called, read and written.

use serde::Deserialize;

use crate::canonical::{CustomTool, FunctionTool, Request, Tool, ToolChoice};
use crate::fidelity::Losses;
use crate::format::{BadRequest, Format, Unsupported};
use crate::json::{Json, ListWriter, ObjectWriter, Value};

use super::super::dialect::{Cache, Chat};
use super::super::read::{self, native, why};
use super::super::types;
use super::decode::elements;

/// Reads tools, or functions of the time before there were tools.
pub(super) fn decode(name: &str, value: &Value<'_>) -> Result<Vec<Tool>, BadRequest> {
    let mut tools = Vec::new();
    for element in elements(name, value)? {
        let wrong = |error: serde_json::Error| {
            let param = format!("{name}[{}]", element.index);
            BadRequest { message: format!("{param}: {}", why(&error)), param: Some(param) }
        };
        if name == "functions" {
            let read: types::FunctionTool<'_> =
                serde_json::from_slice(element.raw).map_err(wrong)?;
            tools.push(Tool::Function(function(read)));
            continue;
        }
        let tool: types::Tool<'_> = serde_json::from_slice(element.raw).map_err(wrong)?;
        let cache = read::cache(tool.cache_control);
        tools.extend(match (&*tool.kind, tool.function, tool.custom) {
            ("function" | "", Some(read), _) => {
                Some(Tool::Function(FunctionTool { cache, ..function(read) }))
            }
            ("custom", _, Some(read)) => Some(Tool::Custom(custom(read))),
            (kind, ..) => native(kind, element.raw).map(Tool::Native),
        });
    }
    Ok(tools)
}

fn function(read: types::FunctionTool<'_>) -> FunctionTool {
    FunctionTool {
        name: read.name,
        description: read.description.filter(|text| !text.is_empty()),
        parameters: read.parameters.and_then(|raw| Json::parse(raw.get())),
        strict: read.strict,
        cache: None,
    }
}

fn custom(read: types::CustomTool<'_>) -> CustomTool {
    let format = read.format.and_then(|format| match (format.grammar, &*format.kind) {
        (Some(types::Grammar { definition, syntax }), _) => {
            let mut out = Vec::new();
            let mut object = ObjectWriter::open(&mut out);
            object.text("type", "grammar");
            object.text("syntax", &syntax);
            object.text("definition", &definition);
            object.close();
            Json::parse(String::from_utf8(out).ok()?)
        }
        // Any text: the default.
        (None, _) => None,
    });
    CustomTool {
        name: read.name,
        description: read.description.filter(|text| !text.is_empty()),
        format,
    }
}

/// Reads which tool is to be called.
pub(super) fn choice(value: &Value<'_>) -> Result<Option<ToolChoice>, BadRequest> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Named {
        name: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Allowed {
        mode: String,
        tools: Vec<Choice>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Choice {
        function: Option<Named>,
        custom: Option<Named>,
        allowed_tools: Option<Allowed>,
    }
    let wrong = |message: String| BadRequest::new("tool_choice", format!("tool_choice: {message}"));
    if let Some(word) = value.text() {
        return match &*word {
            "auto" => Ok(Some(ToolChoice::Auto)),
            "none" => Ok(Some(ToolChoice::None)),
            "required" | "any" => Ok(Some(ToolChoice::Required)),
            word => Err(wrong(format!("there is no {word:?}"))),
        };
    }
    let choice: Choice = serde_json::from_slice(value.raw).map_err(|error| wrong(why(&error)))?;
    if let Some(Named { name }) = choice.function.or(choice.custom) {
        return Ok(Some(ToolChoice::Named(name)));
    }
    let allowed = choice.allowed_tools.ok_or_else(|| wrong("it names no tool".to_owned()))?;
    let names = allowed.tools.into_iter().filter_map(|tool| tool.function.or(tool.custom));
    Ok(Some(ToolChoice::Allowed {
        required: allowed.mode == "required",
        names: names.map(|named| named.name).collect(),
    }))
}

/// Reads `function_call`: `auto`, `none`, or a function's name behind a colon.
pub(super) fn function_call(value: &Value<'_>) -> Result<String, BadRequest> {
    let named = || {
        let object = value.object()?;
        let name = object.first("name")?.text()?;
        Some(format!(":{name}"))
    };
    value.text().map(std::borrow::Cow::into_owned).or_else(named).ok_or_else(|| {
        BadRequest::new("function_call", "function_call: it is neither a word nor names a function")
    })
}

/// What `function_call` means, where nothing newer is said.
pub(super) fn resolve(request: &mut Request, function_call: Option<String>) {
    let Some(word) = function_call else { return };
    let choice = match word.strip_prefix(':') {
        Some(name) => ToolChoice::Named(name.to_owned()),
        None if word == "none" => ToolChoice::None,
        None => ToolChoice::Auto,
    };
    request.tool_choice.get_or_insert(choice);
}

/// Writes tools, which of them is to be called, and whether several at once.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    chat: &Chat,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let only = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) if !chat.allowed_tools => Some(names),
        _ => None,
    };
    let mut any = false;
    if !request.tools.is_empty() {
        let mut written = Vec::new();
        let mut list = ListWriter::open(&mut written);
        for tool in &request.tools {
            write_tool(&mut list, tool, only, chat, losses);
        }
        any = !list.is_empty();
        list.close();
        if any {
            body.key("tools").extend_from_slice(&written);
        }
    }
    if let Some(choice) = &request.tool_choice {
        write_choice(body, request, choice, any, chat, losses)?;
    }
    match request.parallel_tool_calls {
        // It says nothing without tools, and some models refuse it then.
        Some(parallel) if any && chat.parallel_tool_calls => {
            body.value("parallel_tool_calls", &parallel);
        }
        Some(_) => losses.dropped("parallel_tool_calls"),
        None => {}
    }
    Ok(())
}

fn write_tool(
    list: &mut ListWriter<'_>,
    tool: &Tool,
    only: Option<&Vec<String>>,
    chat: &Chat,
    losses: &mut Losses,
) {
    let out = |name: &String| only.is_some_and(|names| !names.contains(name));
    match tool {
        Tool::Function(tool) => {
            if out(&tool.name) {
                return;
            }
            let mut object = list.object();
            object.text("type", "function");
            let mut function = object.object("function");
            function.text("name", &tool.name);
            function.option("description", tool.description.as_deref());
            function.option("parameters", tool.parameters.as_ref());
            match tool.strict {
                Some(strict) if chat.strict => function.value("strict", &strict),
                // It is the default everywhere.
                None | Some(false) => {}
                Some(true) => losses.dropped("tools.strict"),
            }
            function.close();
            if let Some(cache) = &tool.cache {
                if chat.cache == Cache::Control {
                    super::history::write_control(&mut object, cache);
                } else {
                    losses.dropped("tools.cache");
                }
            }
            object.close();
        }
        Tool::Custom(tool) if chat.custom_tools => {
            if out(&tool.name) {
                return;
            }
            let mut object = list.object();
            object.text("type", "custom");
            let mut custom = object.object("custom");
            custom.text("name", &tool.name);
            custom.option("description", tool.description.as_deref());
            if let Some(grammar) = tool.format.as_ref().and_then(grammar) {
                let mut format = custom.object("format");
                format.text("type", "grammar");
                let mut inner = format.object("grammar");
                inner.text("definition", &grammar.definition);
                inner.text("syntax", &grammar.syntax);
                inner.close();
                format.close();
            }
            custom.close();
            object.close();
        }
        Tool::Custom(_) => losses.dropped("tools.custom"),
        Tool::Native(native) if native.format == Format::Chat => {
            list.item().extend_from_slice(native.json.text().as_bytes());
        }
        Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
    }
}

fn grammar(format: &Json) -> Option<types::Grammar> {
    let grammar: types::Grammar = format.read()?;
    (!grammar.definition.is_empty()).then_some(grammar)
}

fn write_choice(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    choice: &ToolChoice,
    any: bool,
    chat: &Chat,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    let demanded = |required: Option<&'static str>| {
        required.ok_or_else(|| {
            Unsupported::new("tool_choice", "the provider cannot be made to call a tool")
        })
    };
    if !any {
        return match choice {
            // What they say is so without tools.
            ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. } => {
                Ok(())
            }
            _ => Err(Unsupported::new("tool_choice", "there is no tool that could be called")),
        };
    }
    match choice {
        // Who cannot be told is free by itself.
        ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }
            if chat.required.is_none() => {}
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None if chat.required.is_none() => losses.dropped("tool_choice"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", demanded(chat.required)?),
        ToolChoice::Named(name) => {
            demanded(chat.required)?;
            write_reference(body.object("tool_choice"), request, name);
        }
        ToolChoice::Allowed { required, names } if chat.allowed_tools => {
            let mut object = body.object("tool_choice");
            object.text("type", "allowed_tools");
            let mut allowed = object.object("allowed_tools");
            allowed.text("mode", if *required { "required" } else { "auto" });
            let mut list = allowed.list("tools");
            for name in names {
                write_reference(list.object(), request, name);
            }
            list.close();
            allowed.close();
            object.close();
        }
        ToolChoice::Allowed { required, .. } => {
            losses.approximated("tool_choice.allowed", "only these tools are offered");
            body.text("tool_choice", if *required { demanded(chat.required)? } else { "auto" });
        }
    }
    Ok(())
}

/// Writes which tool is meant.
fn write_reference(mut object: ObjectWriter<'_>, request: &Request, name: &str) {
    let custom = |tool: &Tool| matches!(tool, Tool::Custom(tool) if tool.name == name);
    let kind = if request.tools.iter().any(custom) { "custom" } else { "function" };
    object.text("type", kind);
    let mut inner = object.object(kind);
    inner.text("name", name);
    inner.close();
    object.close();
}

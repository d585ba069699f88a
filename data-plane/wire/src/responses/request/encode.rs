use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::super::item::{Either, Item};
use super::super::{Dialect, INCLUDE_ENCRYPTED, INCLUDE_LOGPROBS, models};
use super::input::Input;
use crate::canonical::{
    Effort, Message, OutputFormat, Part, ReasoningRequest, Request, Role, Text, Tool, ToolChoice,
};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::Json;

/// Fewer tokens of output are refused.
const LEAST_OUTPUT: u64 = 16;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    input: Vec<Either<'a, Item<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Either<'a, WriteTool<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<WriteChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Output<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Thinking<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, &'a str>,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WriteTool<'a> {
    Function {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        parameters: Option<&'a Json>,
        strict: bool,
    },
    Custom {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<&'a Json>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum WriteChoice<'a> {
    Word(&'static str),
    One(Named<'a>),
    Some { r#type: &'static str, mode: &'static str, tools: Vec<Named<'a>> },
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<WriteFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WriteFormat<'a> {
    JsonObject,
    JsonSchema {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        schema: &'a Json,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

#[derive(Serialize)]
struct Thinking<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
}

/// Writes a request.
pub(in super::super) fn encode(
    request: &Request,
    dialect: Dialect,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    if request.n.is_some_and(|n| n > 1) {
        return Err(Unsupported::new("n", "the format has one answer per request"));
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return Err(Unsupported::new("modalities", "the format answers in text"));
    }
    report_unsaid(request, losses);
    let (instructions, rest) = leading(&request.messages);
    let mut input = Input::new(dialect, losses);
    for message in rest {
        input.message(message)?;
    }
    let input = input.items;
    let sampling = !models::reasons(target.model) || target.parameters == Parameters::Pass;
    if !sampling {
        report_refused(request, losses);
    }
    let penalties = sampling && dialect == Dialect::Open;
    if sampling && !penalties {
        for (name, penalty) in [
            ("frequency_penalty", request.frequency_penalty),
            ("presence_penalty", request.presence_penalty),
        ] {
            if penalty.is_some() {
                losses.dropped(name);
            }
        }
    }
    let logprobs = sampling && request.logprobs == Some(true);
    if request.max_tokens.is_some_and(|most| most < LEAST_OUTPUT) {
        losses.approximated("max_tokens", "raised to 16, the least there is");
    }
    let metadata = request.metadata.iter().map(|(name, value)| (&**name, &**value)).collect();
    let body = Body {
        model: target.model,
        instructions,
        input,
        tools: request.tools.iter().filter_map(|tool| write_tool(tool, losses)).collect(),
        tool_choice: request.tool_choice.as_ref().map(|choice| write_choice(choice, request)),
        parallel_tool_calls: request.parallel_tool_calls,
        stream: target.stream,
        max_output_tokens: request.max_tokens.map(|most| most.max(LEAST_OUTPUT)),
        temperature: request.temperature.filter(|_| sampling),
        top_p: request.top_p.filter(|_| sampling),
        frequency_penalty: request.frequency_penalty.filter(|_| penalties),
        presence_penalty: request.presence_penalty.filter(|_| penalties),
        top_logprobs: request.top_logprobs.filter(|_| sampling),
        include: include(request, target, logprobs),
        text: write_output(request),
        reasoning: request.reasoning.as_ref().and_then(|asked| thinking(asked, dialect, losses)),
        user: request.user.as_deref(),
        safety_identifier: request.safety_identifier.as_deref(),
        prompt_cache_key: request.prompt_cache_key.as_deref(),
        service_tier: request.service_tier.as_deref(),
        metadata,
        // Every other format's vendors keep nothing unless asked.
        store: request.store.unwrap_or(false),
        previous_response_id: request.previous_response_id.as_deref(),
    };
    let mut out = serde_json::to_vec(&body).unwrap_or_default();
    splice_extras(request, &mut out, losses);
    Ok(out)
}

/// The text of the first message, where it is the operator's and plain, and the messages after it.
fn leading(messages: &[Message]) -> (Option<&str>, &[Message]) {
    if let Some((first, rest)) = messages.split_first()
        && first.role == Role::System
        && let [Part::Text(Text { text, cache: None, .. })] = first.content.as_slice()
        && first.name.is_none()
    {
        return (Some(text), rest);
    }
    (None, messages)
}

/// Members that only this format knows, as they came; those with a dotted name stood inside of others.
fn splice_extras(request: &Request, out: &mut Vec<u8>, losses: &mut Losses) {
    for extra in &request.extras {
        let inner = extra.name.contains('.');
        if extra.format != Format::Responses || inner {
            losses.dropped(extra.name.clone());
        } else if extra.name != "include"
            && (extra.name != "tool_choice" || request.tool_choice.is_none())
        {
            out.pop();
            out.push(b',');
            crate::json::write_string(out, &extra.name);
            out.push(b':');
            out.extend_from_slice(extra.json.text().as_bytes());
            out.push(b'}');
        }
    }
}

fn report_unsaid(request: &Request, losses: &mut Losses) {
    for (name, given) in [
        ("top_k", request.top_k.is_some()),
        ("stop", !request.stop.is_empty()),
        ("seed", request.seed.is_some()),
        ("logit_bias", request.logit_bias.is_some()),
        ("audio", request.audio.is_some()),
        ("prediction", request.prediction.is_some()),
        ("cache", request.cache.is_some()),
    ] {
        if given {
            losses.dropped(name);
        }
    }
}

/// Sampling parameters of a model that would refuse them.
fn report_refused(request: &Request, losses: &mut Losses) {
    for (name, given) in [
        ("temperature", request.temperature.is_some()),
        ("top_p", request.top_p.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("logprobs", request.logprobs == Some(true)),
        ("top_logprobs", request.top_logprobs.is_some_and(|top| top > 0)),
    ] {
        if given {
            losses.refused_by_model(name, "models that reason take no sampling parameters");
        }
    }
}

/// What the answer is to hold beside itself. Whoever keeps nothing gets reasoning encrypted, to send it
/// back with the next turn.
fn include<'a>(request: &'a Request, target: &Target<'_>, logprobs: bool) -> Vec<Cow<'a, str>> {
    let mut include: Vec<Cow<'a, str>> = Vec::new();
    if logprobs {
        include.push(INCLUDE_LOGPROBS.into());
    }
    if request.store != Some(true) && models::reasons(target.model) {
        include.push(INCLUDE_ENCRYPTED.into());
    }
    let more = request
        .extras
        .iter()
        .find(|extra| extra.format == Format::Responses && extra.name == "include");
    let more = more.and_then(|extra| extra.json.read::<Vec<String>>()).unwrap_or_default();
    include.extend(more.into_iter().map(Cow::Owned));
    include
}

fn write_tool<'a>(tool: &'a Tool, losses: &mut Losses) -> Option<Either<'a, WriteTool<'a>>> {
    Some(match tool {
        Tool::Function(tool) => {
            if tool.cache.is_some() {
                losses.dropped("tools.cache");
            }
            Either::Own(WriteTool::Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: tool.parameters.as_ref(),
                // Absent is no elsewhere, and yes here.
                strict: tool.strict.unwrap_or(false),
            })
        }
        Tool::Custom(tool) => Either::Own(WriteTool::Custom {
            name: &tool.name,
            description: tool.description.as_deref(),
            format: tool.format.as_ref(),
        }),
        Tool::Native(tool) if tool.format == Format::Responses => Either::Native(&tool.json),
        Tool::Native(tool) => {
            losses.dropped(format!("tools.{}", tool.name));
            return None;
        }
    })
}

fn write_choice<'a>(choice: &'a ToolChoice, request: &Request) -> WriteChoice<'a> {
    let named = |name: &'a str| {
        let is_it = |tool: &Tool| matches!(tool, Tool::Custom(tool) if tool.name == name);
        let custom = request.tools.iter().any(is_it);
        Named { r#type: if custom { "custom" } else { "function" }, name }
    };
    match choice {
        ToolChoice::Auto => WriteChoice::Word("auto"),
        ToolChoice::None => WriteChoice::Word("none"),
        ToolChoice::Required => WriteChoice::Word("required"),
        ToolChoice::Named(name) => WriteChoice::One(named(name)),
        ToolChoice::Allowed { required, names } => WriteChoice::Some {
            r#type: "allowed_tools",
            mode: if *required { "required" } else { "auto" },
            tools: names.iter().map(|name| named(name)).collect(),
        },
    }
}

fn write_output(request: &Request) -> Option<Output<'_>> {
    let format = request.output.as_ref().map(|output| match output {
        OutputFormat::JsonObject => WriteFormat::JsonObject,
        OutputFormat::JsonSchema { name, description, schema, strict } => WriteFormat::JsonSchema {
            name: name.as_deref().unwrap_or("response"),
            description: description.as_deref(),
            schema,
            strict: *strict,
        },
    });
    let verbosity = request.verbosity.as_deref();
    (format.is_some() || verbosity.is_some()).then_some(Output { format, verbosity })
}

fn thinking<'a>(
    asked: &'a ReasoningRequest,
    dialect: Dialect,
    losses: &mut Losses,
) -> Option<Thinking<'a>> {
    let mut effort = asked.effort;
    if let Some(budget) = asked.budget {
        losses.approximated("reasoning.budget", "as an effort");
        effort = effort.or(Some(Effort::near(budget)));
    } else if asked.adaptive && effort.is_none() {
        losses.approximated("reasoning.adaptive", "as the model's own effort");
    }
    if dialect == Dialect::Open
        && let Some(word @ (Effort::Minimal | Effort::Max)) = effort
    {
        losses.approximated("reasoning.effort", "as the nearest that there is");
        effort = Some(if word == Effort::Minimal { Effort::Low } else { Effort::Xhigh });
    }
    let summary = match asked.display.as_deref() {
        Some("summarized") => Some("auto"),
        Some("omitted") => None,
        display => display,
    };
    let effort = effort.map(Effort::word);
    (effort.is_some() || summary.is_some()).then_some(Thinking { effort, summary })
}

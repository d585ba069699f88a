use super::{NO_PARAMETERS, messages};
use crate::canonical::{Effort, OutputFormat, ReasoningRequest, Request, Tool, ToolChoice};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::{Object, ObjectWriter};
use crate::ollama::models;
use crate::plain;

/// Writes a request.
pub(in crate::ollama) fn encode(
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    refuse(request)?;
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    body.text("model", target.model);
    messages::encode(&mut body, request, losses)?;
    // It streams unless it is told not to.
    body.value("stream", &target.stream);
    tools(&mut body, request, losses)?;
    output(&mut body, request, losses);
    options(&mut body, request);
    if let Some(asked) = &request.reasoning {
        think(&mut body, asked, target, losses);
    }
    body.option("logprobs", request.logprobs.as_ref());
    body.option("top_logprobs", request.top_logprobs.as_ref());
    for extra in &request.extras {
        if extra.format != Format::Ollama {
            losses.dropped(extra.name.clone());
        } else if extra.name != "options" {
            body.json(&extra.name, &extra.json);
        }
    }
    body.close();
    unsaid(request, losses);
    Ok(out)
}

/// What leaving out would fake.
fn refuse(request: &Request) -> Result<(), Unsupported> {
    if request.n.is_some_and(|n| n > 1) {
        return Err(Unsupported::new("n", "Ollama gives one answer"));
    }
    if request.previous_response_id.is_some() {
        return Err(Unsupported::new("previous_response_id", "Ollama keeps no answers"));
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return Err(Unsupported::new("modalities", "Ollama answers in text"));
    }
    Ok(())
}

/// Writes `tools`. There is no choice among them: none are sent where none may be called.
fn tools(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    losses: &mut Losses,
) -> Result<(), Unsupported> {
    if request.tools.is_empty() {
        return Ok(());
    }
    let unsupported = || Unsupported::new("tool_choice", "Ollama cannot make a model call a tool");
    let only = match &request.tool_choice {
        None | Some(ToolChoice::Auto) => None,
        Some(ToolChoice::None) => return Ok(()),
        Some(ToolChoice::Allowed { required: false, names }) => {
            losses.approximated("tool_choice.allowed", "only these tools are offered");
            Some(names)
        }
        Some(
            ToolChoice::Required
            | ToolChoice::Named(_)
            | ToolChoice::Allowed { required: true, .. },
        ) => return Err(unsupported()),
    };
    if request.parallel_tool_calls == Some(false) {
        losses.dropped("parallel_tool_calls");
    }
    let mut list = body.list("tools");
    for tool in &request.tools {
        match tool {
            Tool::Function(tool) if only.is_some_and(|names| !names.contains(&tool.name)) => {}
            Tool::Function(tool) => {
                if tool.strict == Some(true) {
                    losses.dropped("tools.strict");
                }
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
            Tool::Native(native) if native.format == Format::Ollama => {
                list.item().extend_from_slice(native.json.text().as_bytes());
            }
            Tool::Native(native) => losses.dropped(format!("tools.{}", native.name)),
        }
    }
    list.close();
    Ok(())
}

fn output(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    let Some(output) = &request.output else { return };
    match output {
        OutputFormat::JsonObject => body.text("format", "json"),
        OutputFormat::JsonSchema { schema, .. } => body.json("format", schema),
    }
    plain::nameless(output, losses);
}

fn options(body: &mut ObjectWriter<'_>, request: &Request) {
    let mut options = Vec::new();
    let mut object = ObjectWriter::open(&mut options);
    object.option("num_predict", request.max_tokens.as_ref());
    object.option("temperature", request.temperature.as_ref());
    object.option("top_p", request.top_p.as_ref());
    object.option("top_k", request.top_k.as_ref());
    object.option("seed", request.seed.as_ref());
    object.option("presence_penalty", request.presence_penalty.as_ref());
    object.option("frequency_penalty", request.frequency_penalty.as_ref());
    if !request.stop.is_empty() {
        object.value("stop", &request.stop);
    }
    for extra in &request.extras {
        if extra.format == Format::Ollama
            && extra.name == "options"
            && let Ok(given) = Object::scan(extra.json.text().as_bytes())
        {
            for (name, value) in given.iter() {
                object.key(&name).extend_from_slice(value.raw);
            }
        }
    }
    object.close();
    if options != b"{}" {
        body.key("options").extend_from_slice(&options);
    }
}

fn think(
    body: &mut ObjectWriter<'_>,
    asked: &ReasoningRequest,
    target: &Target<'_>,
    losses: &mut Losses,
) {
    if asked.display.is_some() {
        losses.dropped("reasoning.display");
    }
    let off = asked.effort == Some(Effort::None);
    if !off && target.parameters == Parameters::Drop && !models::thinks(target.model) {
        losses.refused_by_model("reasoning", "the model does not think");
        return;
    }
    if asked.budget.is_some() {
        losses.approximated("reasoning.budget", "as an effort, or on");
    }
    let effort = asked.effort.or_else(|| asked.budget.map(Effort::near));
    let takes = models::takes_effort(target.model) || target.parameters == Parameters::Pass;
    match effort {
        Some(Effort::None) => body.value("think", &false),
        Some(effort) if takes => {
            let known = match effort {
                Effort::Minimal => Effort::Low,
                Effort::Xhigh => Effort::Max,
                known => known,
            };
            if known != effort {
                losses.approximated("reasoning.effort", "the nearest that Ollama has");
            }
            body.text("think", known.word());
        }
        Some(_) => {
            losses.approximated("reasoning.effort", "as on");
            body.value("think", &true);
        }
        None => body.value("think", &true),
    }
}

/// What Ollama has no word for.
fn unsaid(request: &Request, losses: &mut Losses) {
    for (field, is_there) in [
        ("logit_bias", request.logit_bias.is_some()),
        ("verbosity", request.verbosity.is_some()),
        ("audio", request.audio.is_some()),
        ("prediction", request.prediction.is_some()),
        ("user", request.user.is_some()),
        ("safety_identifier", request.safety_identifier.is_some()),
        ("metadata", !request.metadata.is_empty()),
        ("service_tier", request.service_tier.as_ref().is_some_and(|tier| tier != "auto")),
        ("store", request.store == Some(true)),
        ("prompt_cache_key", request.prompt_cache_key.is_some()),
        ("cache", request.cache.is_some()),
    ] {
        if is_there {
            losses.dropped(field);
        }
    }
}

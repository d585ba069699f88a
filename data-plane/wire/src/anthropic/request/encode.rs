use super::super::Version;
use super::super::models::{Model, Sampling};
use super::thinking::{Mode, Plan, plan};
use super::{messages, parts, schema, tools};
use crate::canonical::{OutputFormat, Request};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::ObjectWriter;

/// Writes a request.
pub(in super::super) fn encode(
    version: Version,
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    refuse(request)?;
    let model = Model::of(target.model);
    let plan = plan(request, target, model, losses);
    let mut out = Vec::with_capacity(4_096);
    let mut object = ObjectWriter::open(&mut out);
    object.text("model", target.model);
    object.value("max_tokens", &max_tokens(request, model, &plan, losses));
    messages::write(&mut object, request, model, losses)?;
    tools::write(&mut object, request, losses)?;
    write_sampling(&mut object, version, request, target, model, &plan, losses);
    write_stop(&mut object, request, losses);
    write_thinking(&mut object, &plan);
    write_output(&mut object, request, target, model, &plan, losses);
    write_labels(&mut object, request, losses);
    parts::write_cache(&mut object, request.cache.as_ref());
    if target.stream {
        object.value("stream", &true);
    }
    for extra in &request.extras {
        if extra.format == Format::Anthropic {
            object.json(&extra.name, &extra.json);
        } else {
            losses.dropped(extra.name.clone());
        }
    }
    object.close();
    report(request, losses);
    Ok(out)
}

/// What leaving out would fake.
fn refuse(request: &Request) -> Result<(), Unsupported> {
    if request.n.is_some_and(|n| n > 1) {
        return Err(Unsupported::new("n", "there is one answer to a request"));
    }
    if request.previous_response_id.is_some() {
        return Err(Unsupported::new("previous_response_id", "answers are not kept"));
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return Err(Unsupported::new("modalities", "answers are text"));
    }
    Ok(())
}

/// The format wants a bound, and a budget of thinking below it.
fn max_tokens(request: &Request, model: &Model, plan: &Plan, losses: &mut Losses) -> u64 {
    let asked = request.max_tokens.unwrap_or(model.max_tokens);
    match plan.mode {
        Some(Mode::Enabled(budget)) if asked <= budget => {
            if request.max_tokens.is_some() {
                losses.approximated("max_tokens", "raised above the budget of thinking");
            }
            budget.saturating_add(asked.max(1))
        }
        _ => asked,
    }
}

fn write_sampling(
    object: &mut ObjectWriter<'_>,
    version: Version,
    request: &Request,
    target: &Target<'_>,
    model: &Model,
    plan: &Plan,
    losses: &mut Losses,
) {
    let pass = target.parameters == Parameters::Pass;
    let temperature = request.temperature.map(|temperature| {
        if temperature > 1.0 {
            losses.approximated("temperature", "as 1, which is the most");
        }
        temperature.clamp(0.0, 1.0)
    });
    let (mut refused, mut note) = ([false; 3], "");
    if version == Version::V2026_10_21 || model.sampling == Sampling::Defaults {
        refused = [true; 3];
        note = "the model takes no sampling parameters";
    } else if plan.thinks(model) {
        refused = [true, request.top_p.is_some_and(|top_p| top_p < 0.95), true];
        note = "not while it thinks";
    } else if model.sampling == Sampling::One && temperature.is_some() {
        refused = [false, true, false];
        note = "the model takes `temperature` or `top_p`";
    }
    let [no_temperature, no_top_p, no_top_k] = refused.map(|refused| refused && !pass);
    // Left out, the defaults mean the same.
    let mut refuse = |name: &'static str, default: bool| {
        if !default {
            losses.refused_by_model(name, note);
        }
    };
    match temperature {
        Some(temperature) if no_temperature => refuse("temperature", temperature >= 1.0),
        temperature => object.option("temperature", temperature.as_ref()),
    }
    match request.top_p {
        Some(top_p) if no_top_p => refuse("top_p", top_p >= 1.0),
        top_p => object.option("top_p", top_p.as_ref()),
    }
    match request.top_k {
        Some(_) if no_top_k => refuse("top_k", false),
        top_k => object.option("top_k", top_k.as_ref()),
    }
}

fn write_stop(object: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    if request.stop.is_empty() {
        return;
    }
    let blank = |text: &&String| text.trim().is_empty();
    if request.stop.iter().any(|text| blank(&text)) {
        losses.dropped_for("stop", "those of nothing but blanks");
    }
    let stop: Vec<&String> = request.stop.iter().filter(|text| !blank(text)).collect();
    if !stop.is_empty() {
        object.value("stop_sequences", &stop);
    }
}

fn write_thinking(object: &mut ObjectWriter<'_>, plan: &Plan) {
    let Some(mode) = plan.mode else { return };
    let mut thinking = object.object("thinking");
    match mode {
        Mode::Adaptive => thinking.text("type", "adaptive"),
        Mode::Disabled => thinking.text("type", "disabled"),
        Mode::Enabled(budget) => {
            thinking.text("type", "enabled");
            thinking.value("budget_tokens", &budget);
        }
    }
    thinking.option("display", plan.display);
    thinking.close();
}

fn write_output(
    object: &mut ObjectWriter<'_>,
    request: &Request,
    target: &Target<'_>,
    model: &Model,
    plan: &Plan,
    losses: &mut Losses,
) {
    let mut schema = None;
    if let Some(OutputFormat::JsonSchema { name, description, schema: wanted, strict }) =
        &request.output
    {
        if model.structured || target.parameters == Parameters::Pass {
            schema = Some(schema::closed(wanted, losses).unwrap_or_else(|| wanted.clone()));
        } else {
            losses.refused_by_model("output", "the model takes no schema for its output");
        }
        if name.is_some() {
            losses.dropped("output.name");
        }
        if description.is_some() {
            losses.dropped("output.description");
        }
        if *strict == Some(false) {
            losses.approximated("output.strict", "every output fits the schema");
        }
    }
    if schema.is_none() && plan.effort.is_none() {
        return;
    }
    let mut config = object.object("output_config");
    config.option("effort", plan.effort.map(crate::canonical::Effort::word));
    if let Some(schema) = schema {
        let mut format = config.object("format");
        format.text("type", "json_schema");
        format.json("schema", &schema);
        format.close();
    }
    config.close();
}

fn write_labels(object: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    let (user, hashed) = (request.user.as_ref(), request.safety_identifier.as_ref());
    if let Some(id) = user.or(hashed) {
        let mut metadata = object.object("metadata");
        metadata.text("user_id", id);
        metadata.close();
    }
    match (user, hashed) {
        (Some(_), Some(_)) => {
            losses.dropped_for("safety_identifier", "`user` takes its place");
        }
        (None, Some(_)) => losses.approximated("safety_identifier", "as `metadata.user_id`"),
        _ => {}
    }
    match request.service_tier.as_deref() {
        None => {}
        Some("auto") => object.text("service_tier", "auto"),
        Some("default") => object.text("service_tier", "standard_only"),
        Some(_) => losses.dropped_for("service_tier", "the format has no such tier"),
    }
}

/// What the format has no word for.
fn report(request: &Request, losses: &mut Losses) {
    for (there, field) in [
        (request.frequency_penalty.is_some(), "frequency_penalty"),
        (request.presence_penalty.is_some(), "presence_penalty"),
        (request.seed.is_some(), "seed"),
        (request.logit_bias.is_some(), "logit_bias"),
        (request.logprobs == Some(true), "logprobs"),
        (request.top_logprobs.is_some(), "top_logprobs"),
        (request.verbosity.is_some(), "verbosity"),
        (request.audio.is_some(), "audio"),
        (request.prediction.is_some(), "prediction"),
        (!request.metadata.is_empty(), "metadata"),
        (request.store == Some(true), "store"),
        (request.prompt_cache_key.is_some(), "prompt_cache_key"),
    ] {
        if there {
            losses.dropped(field);
        }
    }
}

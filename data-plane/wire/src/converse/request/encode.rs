use super::fields::{self, Thought};
use super::{tools, turns};
use crate::anthropic::models::Sampling;
use crate::canonical::{OutputFormat, Request};
use crate::converse::models::Model;
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::ObjectWriter;

/// Writes a request.
pub(in crate::converse) fn encode(
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    refuse(request)?;
    let model = Model::of(target.model);
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    turns::encode(&mut body, request, model, losses)?;
    let thought = fields::thought(request, model, target, losses);
    inference(&mut body, request, model, &thought, target.parameters, losses);
    tools::encode(&mut body, request, model, target.parameters, losses)?;
    output(&mut body, request, losses);
    fields::encode(&mut body, request, model, &thought, target.parameters, losses);
    labels(&mut body, request, losses);
    for extra in &request.extras {
        if extra.format != Format::Converse {
            losses.dropped(extra.name.clone());
        } else if extra.name != fields::NAME {
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
        return Err(Unsupported::new("n", "Bedrock gives one answer"));
    }
    if request.previous_response_id.is_some() {
        return Err(Unsupported::new("previous_response_id", "Bedrock keeps no answers"));
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return Err(Unsupported::new("modalities", "Bedrock's Converse answers in text"));
    }
    Ok(())
}

fn inference(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    thought: &Thought,
    parameters: Parameters,
    losses: &mut Losses,
) {
    let mut temperature = request.temperature;
    let mut top_p = request.top_p;
    if parameters == Parameters::Drop {
        if !model.sampling {
            let why = "the model takes no sampling parameters";
            if temperature.take().is_some() {
                losses.refused_by_model("temperature", why);
            }
            if top_p.take().is_some() {
                losses.refused_by_model("top_p", why);
            }
        } else if thought.is_on(model) {
            if temperature.take().is_some() {
                losses.refused_by_model("temperature", "the model takes none while it thinks");
            }
            if top_p.take_if(|top_p| *top_p < 0.95).is_some() {
                losses.refused_by_model("top_p", "the model takes 0.95 and more while it thinks");
            }
        } else if temperature.is_some()
            && model.claude().is_some_and(|claude| claude.sampling == Sampling::One)
            && top_p.take().is_some()
        {
            losses.refused_by_model("top_p", "the model takes `temperature` or `top_p`");
        }
    }
    if temperature.is_some_and(|temperature| temperature > 1.0) {
        losses.approximated("temperature", "1 at most");
        temperature = Some(1.0);
    }
    let max_tokens = thought.max_tokens(request.max_tokens, losses);
    let stop = &request.stop;
    let any = max_tokens.is_some() || temperature.is_some() || top_p.is_some();
    if !any && stop.is_empty() {
        return;
    }
    let mut config = body.object("inferenceConfig");
    config.option("maxTokens", max_tokens.as_ref());
    config.option("temperature", temperature.as_ref());
    config.option("topP", top_p.as_ref());
    if !stop.is_empty() {
        config.value("stopSequences", stop);
    }
    config.close();
}

fn output(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    match &request.output {
        None => {}
        Some(OutputFormat::JsonObject) => {
            losses.dropped_for("output", "Bedrock knows JSON that fits a schema, and no other");
        }
        Some(OutputFormat::JsonSchema { name, description, schema, strict }) => {
            if *strict == Some(false) {
                losses.approximated("output.strict", "every output fits the schema");
            }
            let mut config = body.object("outputConfig");
            let mut format = config.object("textFormat");
            format.text("type", "json_schema");
            let mut structure = format.object("structure");
            let mut object = structure.object("jsonSchema");
            object.text("schema", schema.text());
            object.option("name", name.as_ref());
            object.option("description", description.as_ref());
            object.close();
            structure.close();
            format.close();
            config.close();
        }
    }
}

fn labels(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    match request.service_tier.as_deref() {
        // The account's own setting counts either way.
        None | Some("auto") => {}
        Some(tier @ ("default" | "flex" | "priority" | "reserved")) => {
            let mut object = body.object("serviceTier");
            object.text("type", tier);
            object.close();
        }
        Some(_) => losses.dropped("service_tier"),
    }
    if !request.metadata.is_empty() {
        let mut object = body.object("requestMetadata");
        for (name, value) in &request.metadata {
            object.text(name, value);
        }
        object.close();
    }
}

/// What Converse has no word for.
fn unsaid(request: &Request, losses: &mut Losses) {
    for (field, is_there) in [
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("seed", request.seed.is_some()),
        ("logit_bias", request.logit_bias.is_some()),
        ("logprobs", request.logprobs == Some(true)),
        ("top_logprobs", request.top_logprobs.is_some()),
        ("verbosity", request.verbosity.is_some()),
        ("audio", request.audio.is_some()),
        ("prediction", request.prediction.is_some()),
        ("user", request.user.is_some()),
        ("safety_identifier", request.safety_identifier.is_some()),
        ("store", request.store == Some(true)),
        ("prompt_cache_key", request.prompt_cache_key.is_some()),
    ] {
        if is_there {
            losses.dropped(field);
        }
    }
}

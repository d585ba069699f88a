use super::{messages, tools};
use crate::canonical::{Effort, OutputFormat, Request};
use crate::cohere::models;
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target, Unsupported};
use crate::json::ObjectWriter;
use crate::plain;

/// Writes a request.
pub(in crate::cohere) fn encode(
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Unsupported> {
    refuse(request)?;
    let mut out = Vec::with_capacity(1_024);
    let mut body = ObjectWriter::open(&mut out);
    body.text("model", target.model);
    messages::encode(&mut body, request, losses)?;
    body.value("stream", &target.stream);
    tools::encode(&mut body, request, losses);
    sampling(&mut body, request, losses);
    output(&mut body, request, losses);
    thinking(&mut body, request, target, losses);
    for extra in &request.extras {
        if extra.format == Format::Cohere {
            body.json(&extra.name, &extra.json);
        } else {
            losses.dropped(extra.name.clone());
        }
    }
    body.close();
    unsaid(request, losses);
    Ok(out)
}

/// What leaving out would fake.
fn refuse(request: &Request) -> Result<(), Unsupported> {
    if request.n.is_some_and(|n| n > 1) {
        return Err(Unsupported::new("n", "Cohere gives one answer"));
    }
    if request.previous_response_id.is_some() {
        return Err(Unsupported::new("previous_response_id", "Cohere keeps no answers"));
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        return Err(Unsupported::new("modalities", "Cohere answers in text"));
    }
    Ok(())
}

fn sampling(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    body.option("max_tokens", request.max_tokens.as_ref());
    // More than five are refused.
    let stop = request.stop.get(..5).unwrap_or(&request.stop);
    if stop.len() < request.stop.len() {
        losses.approximated("stop", "the first five");
    }
    if !stop.is_empty() {
        body.value("stop_sequences", stop);
    }
    for (field, name, value, least, most) in [
        ("temperature", "temperature", request.temperature, 0.0, 1.0),
        ("top_p", "p", request.top_p, 0.01, 0.99),
        ("frequency_penalty", "frequency_penalty", request.frequency_penalty, 0.0, 1.0),
        ("presence_penalty", "presence_penalty", request.presence_penalty, 0.0, 1.0),
    ] {
        let Some(value) = value else { continue };
        let bounded = value.clamp(least, most);
        // All of the tokens are as good as nearly all of them.
        if (bounded - value).abs() > 0.011 {
            losses.approximated(field, "within the bounds of Cohere");
        }
        body.value(name, &bounded);
    }
    if let Some(k) = request.top_k {
        if k > 500 {
            losses.approximated("top_k", "500 at most");
        }
        body.value("k", &k.min(500));
    }
    match request.seed {
        Some(seed) if seed < 0 => losses.dropped_for("seed", "Cohere's are not negative"),
        seed => body.option("seed", seed.as_ref()),
    }
    body.option("logprobs", request.logprobs.as_ref());
}

fn output(body: &mut ObjectWriter<'_>, request: &Request, losses: &mut Losses) {
    let Some(output) = &request.output else { return };
    let mut format = body.object("response_format");
    format.text("type", "json_object");
    if let OutputFormat::JsonSchema { schema, .. } = output {
        format.json("json_schema", schema);
    }
    format.close();
    plain::nameless(output, losses);
}

fn thinking(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    target: &Target<'_>,
    losses: &mut Losses,
) {
    let Some(asked) = &request.reasoning else { return };
    let off = asked.effort == Some(Effort::None);
    if target.parameters == Parameters::Drop && !models::thinks(target.model) {
        if !off {
            losses.refused_by_model("reasoning", "the model does not think");
        }
        return;
    }
    if asked.display.is_some() {
        losses.dropped("reasoning.display");
    }
    let budget = asked.budget.or_else(|| {
        let effort = asked.effort.filter(|_| !off)?;
        losses.approximated("reasoning.effort", "as a budget");
        Some(effort.budget())
    });
    let mut thinking = body.object("thinking");
    thinking.text("type", if off { "disabled" } else { "enabled" });
    thinking.option("token_budget", budget.filter(|_| !off).as_ref());
    thinking.close();
}

/// What Cohere has no word for.
fn unsaid(request: &Request, losses: &mut Losses) {
    for (field, is_there) in [
        ("logit_bias", request.logit_bias.is_some()),
        ("top_logprobs", request.top_logprobs.is_some()),
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

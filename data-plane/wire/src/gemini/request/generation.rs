//! `generationConfig`: sampling, length, form and thinking.

use super::super::models::Thinking;
use super::super::schema::to_subset;
use super::encode::Encoding;
use crate::canonical::{Effort, Native, OutputFormat, Part, ReasoningRequest};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters};
use crate::json::{Json, ObjectWriter};

/// More stop sequences are refused.
const MOST_STOPS: usize = 5;

/// Writes `generationConfig`, where there is something to say.
pub(super) fn write(encoding: &Encoding<'_>, object: &mut ObjectWriter<'_>, losses: &mut Losses) {
    let request = encoding.request;
    let mut text = Vec::new();
    let mut config = ObjectWriter::open(&mut text);
    config.option("temperature", request.temperature.as_ref());
    config.option("topP", request.top_p.as_ref());
    config.option("topK", request.top_k.as_ref());
    config.option("maxOutputTokens", request.max_tokens.as_ref());
    config.option("candidateCount", request.n.as_ref());
    if !request.stop.is_empty() {
        let stops = request.stop.get(..MOST_STOPS).unwrap_or(&request.stop);
        if stops.len() < request.stop.len() {
            losses.approximated("stop", "the first five");
        }
        config.value("stopSequences", stops);
    }
    match request.seed.map(i32::try_from) {
        None => {}
        Some(Ok(seed)) => config.value("seed", &seed),
        Some(Err(_)) => losses.dropped_for("seed", "it takes more than 32 bits"),
    }
    penalties(encoding, &mut config, losses);
    if request.top_logprobs.is_some() || request.logprobs.is_some() {
        let wanted = request.logprobs.unwrap_or(true);
        config.value("responseLogprobs", &wanted);
        config.option("logprobs", request.top_logprobs.filter(|_| wanted).as_ref());
    }
    output(encoding, &mut config, losses);
    modalities(encoding, &mut config, losses);
    if let Some(reasoning) = &request.reasoning {
        thinking(encoding, reasoning, &mut config, losses);
    }
    for extra in own_extras(encoding) {
        let name = extra.name.strip_prefix("generationConfig.").unwrap_or(&extra.name);
        config.json(name, &extra.json);
    }
    config.close();
    if text != b"{}" {
        object.key("generationConfig").append(&mut text);
    }
    for (field, there) in [
        ("logit_bias", request.logit_bias.is_some()),
        ("verbosity", request.verbosity.is_some()),
        ("audio", request.audio.is_some()),
        ("prediction", request.prediction.is_some()),
    ] {
        if there {
            losses.dropped(field);
        }
    }
}

fn own_extras<'a>(encoding: &'a Encoding<'_>) -> impl Iterator<Item = &'a Native> {
    encoding.request.extras.iter().filter(|extra| {
        extra.format == Format::Gemini && extra.name.starts_with("generationConfig.")
    })
}

fn penalties(encoding: &Encoding<'_>, config: &mut ObjectWriter<'_>, losses: &mut Losses) {
    let sent = encoding.model.penalties || encoding.target.parameters == Parameters::Pass;
    for (name, field, value) in [
        ("presencePenalty", "presence_penalty", encoding.request.presence_penalty),
        ("frequencyPenalty", "frequency_penalty", encoding.request.frequency_penalty),
    ] {
        // Zero is what they are without it.
        let Some(value) = value.filter(|value| sent || *value != 0.0) else { continue };
        if sent {
            config.value(name, &value);
        } else {
            losses.refused_by_model(field, "thinking models take no penalties");
        }
    }
}

fn output(encoding: &Encoding<'_>, config: &mut ObjectWriter<'_>, losses: &mut Losses) {
    let Some(output) = &encoding.request.output else { return };
    config.text("responseMimeType", "application/json");
    // Output always fits the schema.
    let OutputFormat::JsonSchema { schema, name, description, .. } = output else { return };
    if name.is_some() {
        losses.dropped("output.name");
    }
    if description.is_some() {
        losses.dropped("output.description");
    }
    if encoding.model.json_schema {
        config.json("responseJsonSchema", schema);
        return;
    }
    let subset = to_subset(schema);
    if subset.lossy {
        losses.approximated("output.schema", "in the subset of JSON Schema");
    }
    config.option("responseSchema", subset.schema.as_ref());
}

/// What the answer is made of, and how closely pictures are looked at.
fn modalities(encoding: &Encoding<'_>, config: &mut ObjectWriter<'_>, losses: &mut Losses) {
    if !encoding.request.modalities.is_empty() {
        let words = encoding.request.modalities.iter().map(|word| word.to_ascii_uppercase());
        config.value("responseModalities", &words.collect::<Vec<_>>());
    }
    let parts = encoding.request.messages.iter().flat_map(|message| &message.content);
    let details = parts.filter_map(|part| match part {
        Part::Image(image) => image.detail.as_deref().filter(|detail| *detail != "auto"),
        _ => None,
    });
    let mut details = details.collect::<Vec<_>>();
    details.sort_unstable();
    details.dedup();
    let Some(first) = details.first() else { return };
    if own_extras(encoding).any(|extra| extra.name == "generationConfig.mediaResolution") {
        return;
    }
    let level = match *first {
        "low" if details.len() == 1 => "MEDIA_RESOLUTION_LOW",
        "medium" if details.len() == 1 => "MEDIA_RESOLUTION_MEDIUM",
        _ => "MEDIA_RESOLUTION_HIGH",
    };
    if details.len() > 1 || !matches!(*first, "low" | "medium" | "high") {
        losses.approximated("messages.image.detail", "one resolution for all");
    }
    config.text("mediaResolution", level);
}

fn thinking(
    encoding: &Encoding<'_>,
    reasoning: &ReasoningRequest,
    config: &mut ObjectWriter<'_>,
    losses: &mut Losses,
) {
    let off = reasoning.effort == Some(Effort::None) || reasoning.budget == Some(0);
    let shown = !off && reasoning.display.as_deref() != Some("omitted");
    if matches!(reasoning.display.as_deref(), Some("concise" | "detailed")) {
        losses.approximated("reasoning.display", "as the model likes");
    }
    let mut text = Vec::new();
    let mut out = ObjectWriter::open(&mut text);
    if shown && encoding.model.thinking != Thinking::Absent {
        out.value("includeThoughts", &true);
    }
    match encoding.model.thinking {
        Thinking::Absent if off => {}
        Thinking::Absent => losses.refused_by_model("reasoning", "the model does not think"),
        Thinking::Budget { least, most } => {
            let wanted = match (reasoning.budget, reasoning.effort) {
                _ if off => Some(0),
                (Some(budget), _) => Some(budget),
                (None, Some(effort)) => {
                    losses.approximated("reasoning.effort", "as a budget");
                    Some(effort.budget())
                }
                (None, None) => None,
            };
            if let Some(wanted) = wanted {
                let budget = wanted.clamp(least, most);
                if budget != wanted {
                    losses.approximated("reasoning", "the budget that comes nearest");
                }
                out.value("thinkingBudget", &budget);
            } else if reasoning.adaptive {
                out.value("thinkingBudget", &-1);
            }
        }
        Thinking::Level { xhigh } => {
            let effort = reasoning.effort.or_else(|| {
                losses_of_budget(reasoning, losses);
                reasoning.budget.map(Effort::near)
            });
            if let Some(effort) = effort {
                let (level, exact) = level(effort, xhigh);
                if !exact {
                    losses.approximated("reasoning.effort", "the level that comes nearest");
                }
                out.text("thinkingLevel", level);
            }
        }
    }
    out.close();
    if text != b"{}"
        && let Some(json) = String::from_utf8(text).ok().and_then(Json::parse)
    {
        config.json("thinkingConfig", &json);
    }
}

fn losses_of_budget(reasoning: &ReasoningRequest, losses: &mut Losses) {
    if reasoning.budget.is_some() {
        losses.approximated("reasoning.budget", "as a level");
    }
}

/// The level that comes nearest, and whether it is the same. Thinking by level cannot be switched off.
const fn level(effort: Effort, xhigh: bool) -> (&'static str, bool) {
    match effort {
        Effort::None => ("MINIMAL", false),
        Effort::Minimal => ("MINIMAL", true),
        Effort::Low => ("LOW", true),
        Effort::Medium => ("MEDIUM", true),
        Effort::High => ("HIGH", true),
        Effort::Xhigh if xhigh => ("XHIGH", true),
        Effort::Max if xhigh => ("XHIGH", false),
        Effort::Xhigh | Effort::Max => ("HIGH", false),
    }
}

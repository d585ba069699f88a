//! `additionalModelRequestFields`: what Converse has no member for and models look for themselves.

use std::borrow::Cow;

use serde::Deserialize;

use crate::canonical::{Effort, ReasoningRequest, Request, ToolChoice};
use crate::converse::models::{Generation, Model, Thinking, TopK};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters};
use crate::json::{Json, Object, ObjectWriter};

/// The member's name.
pub(super) const NAME: &str = "additionalModelRequestFields";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaudeThinking {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    budget_tokens: Option<u64>,
    #[serde(default)]
    display: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaudeOutput {
    effort: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NovaReasoning {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    max_reasoning_effort: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NovaInference {
    top_k: u64,
}

/// Takes out what the canonical request has members for; returns the rest, if there is any.
pub(super) fn decode(fields: Json, request: &mut Request) -> Option<Json> {
    let Ok(object) = Object::scan(fields.text().as_bytes()) else { return Some(fields) };
    let mut rest = Vec::new();
    let mut out = ObjectWriter::open(&mut rest);
    let mut left = false;
    for (name, value) in object.iter() {
        if !take(&name, value.raw, request) {
            out.key(&name).extend_from_slice(value.raw);
            left = true;
        }
    }
    out.close();
    let rest = String::from_utf8(rest).ok().and_then(Json::parse);
    rest.filter(|_| left)
}

/// Whether a member is understood, all of it.
fn take(name: &str, value: &[u8], request: &mut Request) -> bool {
    fn read<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Option<T> {
        serde_json::from_slice(value).ok()
    }
    let reasoning = |request: &mut Request, change: &dyn Fn(&mut ReasoningRequest)| {
        change(request.reasoning.get_or_insert_default());
        true
    };
    match name {
        "thinking" => match read::<ClaudeThinking>(value) {
            Some(thinking) => match thinking.kind.as_str() {
                "enabled" if thinking.budget_tokens.is_some() => reasoning(request, &|it| {
                    it.budget = thinking.budget_tokens;
                    it.display.clone_from(&thinking.display);
                }),
                "adaptive" => reasoning(request, &|it| {
                    it.adaptive = true;
                    it.display.clone_from(&thinking.display);
                }),
                "disabled" => reasoning(request, &|it| it.effort = Some(Effort::None)),
                _ => false,
            },
            None => false,
        },
        "output_config" => {
            let effort = read::<ClaudeOutput>(value).and_then(|it| Effort::of(&it.effort));
            effort.is_some_and(|effort| reasoning(request, &|it| it.effort = Some(effort)))
        }
        "reasoning_effort" => {
            let effort = read::<Cow<'_, str>>(value).and_then(|it| Effort::of(&it));
            effort.is_some_and(|effort| reasoning(request, &|it| it.effort = Some(effort)))
        }
        "reasoningConfig" => match read::<NovaReasoning>(value) {
            Some(NovaReasoning { kind, .. }) if kind == "disabled" => {
                reasoning(request, &|it| it.effort = Some(Effort::None))
            }
            Some(NovaReasoning { max_reasoning_effort: Some(effort), .. }) => {
                let effort = Effort::of(&effort);
                effort.is_some_and(|effort| reasoning(request, &|it| it.effort = Some(effort)))
            }
            _ => false,
        },
        "top_k" | "k" => {
            let top_k = read::<u64>(value);
            request.top_k = request.top_k.or(top_k);
            top_k.is_some()
        }
        "inferenceConfig" => {
            let nova = read::<NovaInference>(value);
            request.top_k = request.top_k.or(nova.as_ref().map(|nova| nova.top_k));
            nova.is_some()
        }
        _ => false,
    }
}

/// How a model is told to think, as far as it is.
pub(super) struct Thought<'a> {
    effort: Option<Effort>,
    how: How<'a>,
}

enum How<'a> {
    Unsaid,
    Off,
    Budget(u64, Option<&'a str>),
    Adaptive(Option<&'a str>),
}

impl Thought<'_> {
    /// Whether Claude thinks: sampling is not for the caller to choose then.
    pub(super) const fn is_on(&self) -> bool {
        matches!(self.how, How::Budget(..) | How::Adaptive(_))
    }
}

/// What is said about thinking, in the words of the model.
pub(super) fn thought<'a>(
    request: &'a Request,
    model: Model,
    parameters: Parameters,
    losses: &mut Losses,
) -> Thought<'a> {
    let unsaid = Thought { effort: None, how: How::Unsaid };
    let Some(asked) = &request.reasoning else { return unsaid };
    match model.thinking {
        Thinking::Claude(generation) => claude(request, asked, generation, parameters, losses),
        Thinking::Effort | Thinking::Config => {
            let effort = effort(asked, losses);
            if asked.display.is_some() {
                losses.dropped("reasoning.display");
            }
            let most = effort.map(|effort| effort.clamp(Effort::Low, Effort::High));
            if effort == Some(Effort::None) {
                if model.thinking == Thinking::Effort {
                    losses.refused_by_model("reasoning", "the model always thinks");
                }
                return Thought { effort: None, how: How::Off };
            }
            if most != effort {
                losses.approximated("reasoning", "as the nearest effort that the model knows");
            }
            Thought { effort: most, how: How::Unsaid }
        }
        Thinking::Unknown => {
            if asked.effort != Some(Effort::None) {
                losses.dropped_for("reasoning", "not known how the model is told to think");
            }
            unsaid
        }
    }
}

/// The effort that is asked for, or comes near to the budget that is.
fn effort(asked: &ReasoningRequest, losses: &mut Losses) -> Option<Effort> {
    asked.effort.or_else(|| {
        asked.budget.map(|budget| {
            losses.approximated("reasoning", "a budget as an effort");
            Effort::near(budget)
        })
    })
}

fn claude<'a>(
    request: &Request,
    asked: &'a ReasoningRequest,
    generation: Generation,
    parameters: Parameters,
    losses: &mut Losses,
) -> Thought<'a> {
    let display = display(asked, losses);
    let unsaid = Thought { effort: None, how: How::Unsaid };
    if asked.effort == Some(Effort::None) {
        let how = match generation {
            Generation::Adaptive | Generation::Both => How::Off,
            Generation::Without | Generation::Budget => How::Unsaid,
            Generation::Always => {
                losses.refused_by_model("reasoning", "the model always thinks");
                How::Unsaid
            }
        };
        return Thought { effort: None, how };
    }
    match generation {
        Generation::Without if parameters == Parameters::Drop => {
            losses.refused_by_model("reasoning", "the model does not think");
            unsaid
        }
        Generation::Without | Generation::Budget => {
            budget(request, asked, display, parameters, losses)
        }
        Generation::Both if asked.budget.is_some() && !asked.adaptive => {
            budget(request, asked, display, parameters, losses)
        }
        Generation::Both | Generation::Adaptive | Generation::Always => {
            let effort = effort(asked, losses);
            if effort == Some(Effort::Minimal) {
                losses.approximated("reasoning", "as the nearest effort that the model knows");
            }
            let effort = effort.map(|effort| effort.max(Effort::Low));
            Thought { effort, how: How::Adaptive(display) }
        }
    }
}

/// Thinking with a budget, which has to leave room for the answer.
fn budget<'a>(
    request: &Request,
    asked: &ReasoningRequest,
    display: Option<&'a str>,
    parameters: Parameters,
    losses: &mut Losses,
) -> Thought<'a> {
    /// The least that Claude takes.
    const LEAST: u64 = 1_024;
    let unsaid = Thought { effort: None, how: How::Unsaid };
    let forced = matches!(
        request.tool_choice,
        Some(
            ToolChoice::Required
                | ToolChoice::Named(_)
                | ToolChoice::Allowed { required: true, .. }
        )
    );
    if forced && parameters == Parameters::Drop {
        losses.refused_by_model("reasoning", "the model does not think where it must call a tool");
        return unsaid;
    }
    let wanted = asked.budget.unwrap_or_else(|| {
        losses.approximated("reasoning", "an effort as a budget");
        asked.effort.unwrap_or(Effort::Medium).budget()
    });
    let room = request.max_tokens.map_or(u64::MAX, |most| most - most / 4);
    if room < LEAST {
        losses.dropped_for("reasoning", "max_tokens leaves no room for it");
        return unsaid;
    }
    let budget = wanted.clamp(LEAST, room);
    if budget != wanted {
        losses.approximated("reasoning", "a budget within the bounds of the model and max_tokens");
    }
    Thought { effort: None, how: How::Budget(budget, display) }
}

/// What the caller sees of it, in Claude's words.
fn display<'a>(asked: &'a ReasoningRequest, losses: &mut Losses) -> Option<&'a str> {
    match asked.display.as_deref()? {
        known @ ("summarized" | "omitted") => Some(known),
        "auto" => Some("summarized"),
        _ => {
            losses.approximated("reasoning.display", "as a summary");
            Some("summarized")
        }
    }
}

/// Writes the member, where there is anything to say.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    thought: &Thought<'_>,
    parameters: Parameters,
    losses: &mut Losses,
) {
    let mut fields = Vec::new();
    let mut object = ObjectWriter::open(&mut fields);
    let mut any = write_thought(&mut object, model, thought);
    if let Some(top_k) = request.top_k {
        if !model.sampling && parameters == Parameters::Drop {
            losses.refused_by_model("top_k", "the model takes no sampling parameters");
        } else if thought.is_on() && parameters == Parameters::Drop {
            losses.refused_by_model("top_k", "the model takes none while it thinks");
        } else {
            match model.top_k {
                TopK::Member(name) => object.value(name, &top_k),
                TopK::Nested => {
                    let mut nested = object.object("inferenceConfig");
                    nested.value("topK", &top_k);
                    nested.close();
                }
                TopK::Nowhere => losses.dropped("top_k"),
            }
            any |= model.top_k != TopK::Nowhere;
        }
    }
    if request.parallel_tool_calls == Some(false) && !request.tools.is_empty() {
        any |= one_call(&mut object, request, model, losses);
    }
    for extra in &request.extras {
        if extra.format == Format::Converse
            && extra.name == NAME
            && let Ok(given) = Object::scan(extra.json.text().as_bytes())
        {
            for (name, value) in given.iter() {
                object.key(&name).extend_from_slice(value.raw);
                any = true;
            }
        }
    }
    object.close();
    if any {
        body.key(NAME).extend_from_slice(&fields);
    }
}

fn write_thought(object: &mut ObjectWriter<'_>, model: Model, thought: &Thought<'_>) -> bool {
    match model.thinking {
        Thinking::Effort => {
            object.option("reasoning_effort", thought.effort.map(Effort::word));
            thought.effort.is_some()
        }
        Thinking::Config => {
            let off = matches!(thought.how, How::Off);
            if thought.effort.is_some() || off {
                let mut config = object.object("reasoningConfig");
                config.text("type", if off { "disabled" } else { "enabled" });
                config.option("maxReasoningEffort", thought.effort.map(Effort::word));
                config.close();
            }
            thought.effort.is_some() || off
        }
        Thinking::Claude(_) => {
            let (kind, budget, display) = match thought.how {
                How::Unsaid => return false,
                How::Off => ("disabled", None, None),
                How::Budget(budget, display) => ("enabled", Some(budget), display),
                How::Adaptive(display) => ("adaptive", None, display),
            };
            let mut thinking = object.object("thinking");
            thinking.text("type", kind);
            thinking.option("budget_tokens", budget.as_ref());
            thinking.option("display", display);
            thinking.close();
            if let Some(effort) = thought.effort {
                let mut config = object.object("output_config");
                config.text("effort", effort.word());
                config.close();
            }
            true
        }
        Thinking::Unknown => false,
    }
}

/// One call at a time: newer Claude is told so in a tool choice in its own words, which stands in for
/// Converse's `auto`; with another choice Converse's own counts.
fn one_call(
    object: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    losses: &mut Losses,
) -> bool {
    let auto = matches!(request.tool_choice, None | Some(ToolChoice::Auto));
    if !model.one_call || !auto {
        losses.dropped("parallel_tool_calls");
        return false;
    }
    let mut choice = object.object("tool_choice");
    choice.text("type", "auto");
    choice.value("disable_parallel_tool_use", &true);
    choice.close();
    true
}

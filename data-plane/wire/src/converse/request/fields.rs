//! `additionalModelRequestFields`: what Converse has no member for and models look for themselves.

use std::borrow::Cow;

use serde::Deserialize;

use crate::anthropic::{Mode, Plan, plan};
use crate::canonical::{Effort, ReasoningRequest, Request, ToolChoice};
use crate::converse::models::{Model, Thinking, TopK};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target};
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

/// How a model is told to think.
pub(super) enum Thought {
    /// It is not.
    Unsaid,
    /// Not to.
    Off,
    /// As hard as this.
    Effort(Effort),
    /// In Claude's words.
    Claude(Plan),
}

impl Thought {
    /// Claude's budget.
    const fn budget(&self) -> Option<u64> {
        match self {
            Self::Claude(Plan { mode: Some(Mode::Enabled(budget)), .. }) => Some(*budget),
            _ => None,
        }
    }

    /// The bound of output, which the budget has to leave room under.
    pub(super) fn max_tokens(&self, asked: Option<u64>, losses: &mut Losses) -> Option<u64> {
        match (asked, self.budget()) {
            (Some(asked), Some(budget)) if asked <= budget => {
                losses.approximated("max_tokens", "raised above the budget of thinking");
                Some(budget.saturating_add(asked.max(1)))
            }
            _ => asked,
        }
    }

    /// Whether Claude thinks: sampling is not for the caller to choose then.
    pub(super) fn is_on(&self, model: Model) -> bool {
        match (self, model.claude()) {
            (Self::Claude(plan), Some(claude)) => plan.thinks(claude),
            _ => false,
        }
    }
}

/// What is said about thinking, in the words of the model.
pub(super) fn thought(
    request: &Request,
    model: Model,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Thought {
    let Some(asked) = &request.reasoning else { return Thought::Unsaid };
    match model.thinking {
        Thinking::Claude(claude) => Thought::Claude(plan(request, target, claude, losses)),
        Thinking::Effort | Thinking::Config => effort(asked, model, losses),
        Thinking::Unknown => {
            if asked.effort != Some(Effort::None) {
                losses.dropped_for("reasoning", "not known how the model is told to think");
            }
            Thought::Unsaid
        }
    }
}

/// The effort that is asked for, or comes near to the budget that is.
fn effort(asked: &ReasoningRequest, model: Model, losses: &mut Losses) -> Thought {
    if asked.display.is_some() {
        losses.dropped("reasoning.display");
    }
    if asked.budget.is_some() {
        losses.approximated("reasoning.budget", "as an effort");
    }
    let Some(wanted) = asked.effort.or_else(|| asked.budget.map(Effort::near)) else {
        return Thought::Unsaid;
    };
    if wanted == Effort::None {
        if model.thinking == Thinking::Effort {
            losses.refused_by_model("reasoning.effort", "the model always thinks");
            return Thought::Unsaid;
        }
        return Thought::Off;
    }
    let known = wanted.clamp(Effort::Low, Effort::High);
    if known != wanted {
        losses.approximated("reasoning.effort", "as the nearest that the model knows");
    }
    Thought::Effort(known)
}

/// Writes the member, where there is anything to say.
pub(super) fn encode(
    body: &mut ObjectWriter<'_>,
    request: &Request,
    model: Model,
    thought: &Thought,
    parameters: Parameters,
    losses: &mut Losses,
) {
    let mut fields = Vec::new();
    let mut object = ObjectWriter::open(&mut fields);
    let mut any = write_thought(&mut object, model, thought);
    if let Some(top_k) = request.top_k {
        if !model.sampling && parameters == Parameters::Drop {
            losses.refused_by_model("top_k", "the model takes no sampling parameters");
        } else if thought.is_on(model) && parameters == Parameters::Drop {
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

/// Whether there was anything to say.
fn write_thought(object: &mut ObjectWriter<'_>, model: Model, thought: &Thought) -> bool {
    match thought {
        Thought::Unsaid => return false,
        Thought::Effort(effort) if model.thinking == Thinking::Effort => {
            object.text("reasoning_effort", effort.word());
        }
        Thought::Effort(effort) => {
            let mut config = object.object("reasoningConfig");
            config.text("type", "enabled");
            config.text("maxReasoningEffort", effort.word());
            config.close();
        }
        Thought::Off => {
            let mut config = object.object("reasoningConfig");
            config.text("type", "disabled");
            config.close();
        }
        Thought::Claude(plan) => {
            if let Some(mode) = plan.mode {
                let mut thinking = object.object("thinking");
                thinking.text(
                    "type",
                    match mode {
                        Mode::Adaptive => "adaptive",
                        Mode::Enabled(_) => "enabled",
                        Mode::Disabled => "disabled",
                    },
                );
                thinking.option("budget_tokens", thought.budget().as_ref());
                thinking.option("display", plan.display);
                thinking.close();
            }
            if let Some(effort) = plan.effort {
                let mut config = object.object("output_config");
                config.text("effort", effort.word());
                config.close();
            }
            return plan.mode.is_some() || plan.effort.is_some();
        }
    }
    true
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

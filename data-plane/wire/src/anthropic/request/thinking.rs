//! How much a model is to think: a budget for some, an effort for others.

use super::super::models::{Model, Thinking};
use crate::canonical::{
    Effort, Message, Part, Reasoning, ReasoningRequest, Request, Role, ToolChoice,
};
use crate::fidelity::Losses;
use crate::format::{Format, Parameters, Target};

/// The least that a budget may be.
const LEAST: u64 = 1_024;

/// `thinking` and `output_config.effort`, decided.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) mode: Option<Mode>,
    pub(crate) display: Option<&'static str>,
    pub(crate) effort: Option<Effort>,
}

/// `thinking.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Adaptive,
    Enabled(u64),
    Disabled,
}

impl Plan {
    /// Whether the model will think as far as the request decides.
    pub(crate) fn thinks(&self, model: &Model) -> bool {
        match self.mode {
            Some(Mode::Adaptive | Mode::Enabled(_)) => true,
            Some(Mode::Disabled) => false,
            None => matches!(model.thinking, Thinking::AdaptiveOn | Thinking::Always),
        }
    }
}

/// What the request asks for, as the model takes it.
pub(crate) fn plan(
    request: &Request,
    target: &Target<'_>,
    model: &Model,
    losses: &mut Losses,
) -> Plan {
    let Some(asked) = &request.reasoning else { return Plan::default() };
    let mut plan =
        if asked.effort == Some(Effort::None) && asked.budget.is_none() && !asked.adaptive {
            off(model, losses)
        } else {
            on(asked, target, model, losses)
        };
    if let Some(Mode::Enabled(_)) = plan.mode {
        if matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
            losses.refused_by_model("reasoning", "it thinks or has to call, not both");
            return Plan::default();
        }
        if calls_without_thinking(&request.messages) {
            losses.refused_by_model("reasoning", "the turn that goes on began without thinking");
            return Plan::default();
        }
    }
    if matches!(plan.mode, Some(Mode::Adaptive | Mode::Enabled(_))) {
        plan.display = display(asked, losses);
    } else if asked.display.is_some() && plan.mode.is_none() {
        losses.dropped_for("reasoning.display", "the model is not told to think");
    }
    plan
}

fn off(model: &Model, losses: &mut Losses) -> Plan {
    let mode = match model.thinking {
        // Off is what they are.
        Thinking::None | Thinking::Budget | Thinking::Both | Thinking::Adaptive => {
            Some(Mode::Disabled)
        }
        Thinking::AdaptiveOn => Some(Mode::Disabled),
        Thinking::Always => {
            losses.refused_by_model("reasoning.effort", "the model always thinks");
            None
        }
    };
    Plan { mode: mode.filter(|_| model.thinking != Thinking::None), ..Plan::default() }
}

fn on(asked: &ReasoningRequest, target: &Target<'_>, model: &Model, losses: &mut Losses) -> Plan {
    let pass = target.parameters == Parameters::Pass;
    if model.thinking == Thinking::None && !pass {
        losses.refused_by_model("reasoning", "the model does not think");
        return Plan::default();
    }
    let mut plan = Plan::default();
    if let Some(budget) = asked.budget {
        if model.budgets() || pass {
            plan.mode = Some(Mode::Enabled(budget.max(LEAST)));
            if budget < LEAST {
                losses.approximated("reasoning.budget", "the least budget that there is");
            }
        } else {
            losses.approximated("reasoning.budget", "as an effort");
            plan.mode = Some(Mode::Adaptive);
            plan.effort = model.effort(Effort::near(budget));
        }
    } else if asked.adaptive && !model.adaptive() && !pass {
        losses.approximated("reasoning.adaptive", "as a budget");
        plan.mode = Some(Mode::Enabled(asked.effort.unwrap_or(Effort::Medium).budget()));
    } else if asked.adaptive {
        plan.mode = Some(Mode::Adaptive);
    }
    let Some(effort) = asked.effort.filter(|effort| *effort != Effort::None) else { return plan };
    if let Some(known) = model.effort(effort) {
        if known != effort {
            losses.approximated("reasoning.effort", "as the nearest that the model knows");
        }
        plan.effort = Some(known);
        plan.mode = plan.mode.or(Some(Mode::Adaptive));
    } else {
        losses.approximated("reasoning.effort", "as a budget");
        plan.mode = plan.mode.or(Some(Mode::Enabled(effort.budget())));
    }
    plan
}

/// What the caller sees. Who asks in the words of another format wants to see something, which newer
/// models do not show unless they are told to.
fn display(asked: &ReasoningRequest, losses: &mut Losses) -> Option<&'static str> {
    match asked.display.as_deref() {
        Some("omitted") => Some("omitted"),
        Some("summarized" | "auto") => Some("summarized"),
        Some(_) => {
            losses.approximated("reasoning.display", "as a summary");
            Some("summarized")
        }
        None if asked.adaptive || asked.budget.is_some() => None,
        None => Some("summarized"),
    }
}

/// Whether the last turn of the model called tools and shows no thinking that could be sent back: with
/// a budget such a turn cannot go on.
fn calls_without_thinking(messages: &[Message]) -> bool {
    let after = messages.iter().rev().take_while(|message| message.role != Role::Assistant);
    if !after.clone().any(|message| message.role == Role::Tool) {
        return false;
    }
    let turn = messages.iter().rev().find(|message| message.role == Role::Assistant);
    turn.is_some_and(|turn| {
        let first =
            turn.content.iter().find(|part| !matches!(part, Part::Reasoning(r) if !is_signed(r)));
        !matches!(first, Some(Part::Reasoning(_)))
    })
}

/// Whether thinking can be sent back.
pub(super) fn is_signed(reasoning: &Reasoning) -> bool {
    reasoning.signature.as_ref().is_some_and(|signature| signature.format == Format::Anthropic)
}

//! Writes whole answers, and what pieces of streamed ones have in common with them.

use super::super::part::{self, Notes};
use super::super::usage;
use super::grounding::{self, Cited};
use crate::canonical::{Choice, Finish, Native, Part, Response, TokenLogprob};
use crate::fidelity::Losses;
use crate::format::{Asked, Format};
use crate::json::{ListWriter, ObjectWriter};

/// Extras that belong to the first candidate and not to the answer.
const OF_CANDIDATES: &[&str] = &["groundingMetadata", "urlContextMetadata"];

/// Writes a whole answer.
pub(in super::super) fn encode(response: &Response, asked: &Asked, losses: &mut Losses) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = ObjectWriter::open(&mut out);
    let mut candidates = object.list("candidates");
    for choice in &response.choices {
        candidate(&mut candidates, choice, &response.extras, losses);
    }
    candidates.close();
    answer_extras(&mut object, &response.extras, losses);
    if let Some(counted) = &response.usage {
        usage::write(&mut object, counted, losses);
    }
    head(&mut object, &response.id, &response.model, asked);
    object.close();
    for (field, there) in [
        ("response.service_tier", response.service_tier.is_some()),
        ("response.system_fingerprint", response.system_fingerprint.is_some()),
    ] {
        if there {
            losses.dropped(field);
        }
    }
    out
}

fn candidate(
    candidates: &mut ListWriter<'_>,
    choice: &Choice,
    extras: &[Native],
    losses: &mut Losses,
) {
    let mut candidate = candidates.object();
    let mut content = candidate.object("content");
    let mut parts = content.list("parts");
    let mut cited = Vec::new();
    let mut notes = Notes::of_answer(losses);
    for part in &choice.content {
        match part {
            Part::ToolCall(call) => part::call(&mut parts, call, None, &mut notes),
            Part::Reasoning(reasoning) if reasoning.redacted => {
                notes.dropped("reasoning", "it cannot be shown");
            }
            Part::Reasoning(reasoning) => {
                let signature = notes.own(reasoning.signature.as_ref());
                part::text(&mut parts, &reasoning.shown(), true, signature);
            }
            other => {
                if let Part::Text(text) = other {
                    for citation in &text.citations {
                        cited.push(notes.cited(citation, &text.text));
                    }
                }
                part::said(&mut parts, other, &mut notes);
            }
        }
    }
    parts.close();
    content.close_with("role", "model");
    candidate.text("finishReason", finish_reason(choice.finish.as_ref(), losses));
    candidate.value("index", &choice.index);
    candidate_extras(&mut candidate, choice.index, extras, &cited);
    logprobs(&mut candidate, &choice.logprobs);
    candidate.close();
}

impl Notes<'_> {
    /// A citation of this text.
    pub(super) fn cited(&mut self, citation: &crate::canonical::Citation, text: &str) -> Cited {
        if citation.url.is_none() {
            self.dropped("citations", "Gemini cites pages");
        }
        Cited::new(citation, text)
    }
}

/// The last members of every event.
pub(super) fn head(object: &mut ObjectWriter<'_>, id: &str, model: &str, asked: &Asked) {
    // Ids of Gemini have no mark by which they could be known, so every answer gets its own.
    object.text("responseId", if asked.id.is_empty() { id } else { &asked.id });
    object.text("modelVersion", if asked.model.is_empty() { model } else { &asked.model });
}

/// Gemini's own members of a candidate; else what a text relies on.
pub(super) fn candidate_extras(
    candidate: &mut ObjectWriter<'_>,
    choice: u32,
    extras: &[Native],
    cited: &[Cited],
) {
    let own = extras.iter().filter(|extra| {
        choice == 0 && extra.format == Format::Gemini && OF_CANDIDATES.contains(&&*extra.name)
    });
    let mut grounded = false;
    for extra in own {
        grounded |= extra.name == "groundingMetadata";
        candidate.json(&extra.name, &extra.json);
    }
    if !grounded {
        grounding::write(candidate, cited);
    }
}

/// Gemini's own members of the answer; others are left out.
pub(super) fn answer_extras(object: &mut ObjectWriter<'_>, extras: &[Native], losses: &mut Losses) {
    for extra in extras {
        if extra.format != Format::Gemini {
            losses.dropped(format!("response.{}", extra.name));
        } else if !OF_CANDIDATES.contains(&&*extra.name) {
            object.json(&extra.name, &extra.json);
        }
    }
}

/// `logprobsResult`, where there is one.
pub(super) fn logprobs(candidate: &mut ObjectWriter<'_>, tokens: &[TokenLogprob]) {
    fn one(list: &mut ListWriter<'_>, token: &str, logprob: f64) {
        let mut one = list.object();
        one.text("token", token);
        one.value("logProbability", &logprob);
        one.close();
    }
    if tokens.is_empty() {
        return;
    }
    let mut result = candidate.object("logprobsResult");
    let mut chosen = result.list("chosenCandidates");
    for token in tokens {
        one(&mut chosen, &token.token, token.logprob);
    }
    chosen.close();
    let mut tops = result.list("topCandidates");
    for token in tokens {
        let mut top = tops.object();
        let mut list = top.list("candidates");
        for other in &token.top {
            one(&mut list, &other.token, other.logprob);
        }
        list.close();
        top.close();
    }
    tops.close();
    result.close();
}

/// Gemini's word for it.
pub(super) fn finish_reason<'a>(finish: Option<&'a Finish>, losses: &mut Losses) -> &'a str {
    match finish {
        Some(Finish::Stop | Finish::ToolCalls) | None => "STOP",
        Some(Finish::Length) => "MAX_TOKENS",
        Some(Finish::ContextWindow) => {
            losses.approximated("response.finish", "as a bound of output");
            "MAX_TOKENS"
        }
        Some(Finish::ContentFilter) => "SAFETY",
        Some(Finish::Refusal) => {
            losses.approximated("response.finish", "as a filter's");
            "SAFETY"
        }
        Some(Finish::StopSequence(sequence)) => {
            if sequence.is_some() {
                losses.dropped("response.finish.stop_sequence");
            }
            "STOP"
        }
        Some(Finish::Pause) => {
            losses.approximated("response.finish", "as a stop");
            "STOP"
        }
        Some(Finish::Other(reason)) if is_own(reason) => reason,
        Some(Finish::Other(_)) => {
            losses.approximated("response.finish", "as another reason");
            "OTHER"
        }
    }
}

/// Reasons of Gemini's that have no canonical word.
fn is_own(reason: &str) -> bool {
    ["OTHER", "NO_IMAGE", "IMAGE_OTHER", "ESCALATION", "PUP_LIMITED_DISABLED"].contains(&reason)
}

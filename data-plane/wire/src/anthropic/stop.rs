//! Why an answer ended.

use crate::canonical::Finish;
use crate::fidelity::Losses;

/// Reads `stop_reason` and `stop_sequence`.
pub(super) fn read(reason: &str, sequence: Option<String>) -> Finish {
    match reason {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(sequence),
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextWindow,
        "tool_use" => Finish::ToolCalls,
        "pause_turn" => Finish::Pause,
        "refusal" => Finish::Refusal,
        other => Finish::Other(other.to_owned()),
    }
}

/// `stop_reason` and `stop_sequence` for this; the model has `declined` in words of its own.
pub(super) fn write<'a>(
    finish: Option<&'a Finish>,
    declined: bool,
    losses: &mut Losses,
) -> (&'static str, Option<&'a str>) {
    let reason = match finish {
        Some(Finish::Stop) | None if declined => "refusal",
        Some(Finish::Stop) | None => "end_turn",
        Some(Finish::StopSequence(sequence)) => return ("stop_sequence", sequence.as_deref()),
        Some(Finish::Length) => "max_tokens",
        Some(Finish::ContextWindow) => "model_context_window_exceeded",
        Some(Finish::ToolCalls) => "tool_use",
        Some(Finish::Pause) => "pause_turn",
        Some(Finish::Refusal) => "refusal",
        Some(Finish::ContentFilter) => {
            losses.approximated("response.finish", "as a refusal");
            "refusal"
        }
        Some(Finish::Other(_)) => {
            losses.approximated("response.finish", "as the end of the turn");
            "end_turn"
        }
    };
    (reason, None)
}

//! Why answers end, in the words that vendors have.

use crate::canonical::{ErrorKind, Finish, ProviderError};
use crate::fidelity::Losses;
use crate::json::ObjectWriter;

/// Reads a finish reason. `None` where it says nothing; an error where it stands for one.
pub(crate) fn read(word: &str, calls: bool) -> Option<Result<Finish, ProviderError>> {
    let failed = |kind, message: &str| {
        Some(Err(ProviderError {
            code: Some(word.to_owned()),
            ..ProviderError::new(kind, message)
        }))
    };
    Some(Ok(match word {
        "" => return None,
        // Some servers say so of calls, too.
        "stop" | "eos" | "end_turn" | "stop_sequence" if calls => Finish::ToolCalls,
        "stop" | "eos" | "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(None),
        "length" | "max_tokens" => Finish::Length,
        "model_length" => Finish::ContextWindow,
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        "error" => return failed(ErrorKind::Server, "the provider ended the answer with an error"),
        "insufficient_system_resource" => {
            return failed(ErrorKind::Overloaded, "the provider had not enough resources");
        }
        word => Finish::Other(word.to_owned()),
    }))
}

/// The word for it.
pub(crate) fn write(finish: Option<&Finish>, losses: &mut Losses) -> &'static str {
    match finish {
        None | Some(Finish::Stop | Finish::StopSequence(_)) => "stop",
        Some(Finish::Length) => "length",
        Some(Finish::ContextWindow) => {
            losses.approximated("response.finish", "as length");
            "length"
        }
        Some(Finish::ToolCalls) => "tool_calls",
        Some(Finish::ContentFilter) => "content_filter",
        Some(Finish::Refusal) => {
            losses.approximated("response.finish", "as content_filter");
            "content_filter"
        }
        Some(Finish::Pause | Finish::Other(_)) => {
            losses.approximated("response.finish", "as stop");
            "stop"
        }
    }
}

/// Writes which stop text ended the answer, where that is known: in the member that vLLM has for it.
pub(crate) fn write_stop(choice: &mut ObjectWriter<'_>, finish: Option<&Finish>) {
    if let Some(Finish::StopSequence(Some(text))) = finish {
        choice.text("stop_reason", text);
    }
}

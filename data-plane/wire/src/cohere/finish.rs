use crate::canonical::{ErrorKind, Finish, ProviderError};
use crate::fidelity::Losses;

/// Why an answer ended; an error where that is why.
pub(super) fn decode(reason: &str, error: Option<&str>) -> Result<Finish, ProviderError> {
    let failed = |kind, status, otherwise: &str| {
        let message = error.filter(|text| !text.is_empty()).unwrap_or(otherwise);
        let code = Some(reason.to_owned());
        Err(ProviderError { status, code, ..ProviderError::new(kind, message) })
    };
    Ok(match reason {
        "COMPLETE" => Finish::Stop,
        "STOP_SEQUENCE" => Finish::StopSequence(None),
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        // Of version 1, and sent still.
        "ERROR_LIMIT" => Finish::ContextWindow,
        "ERROR_TOXIC" => Finish::ContentFilter,
        "ERROR" => return failed(ErrorKind::Server, 502, "the generation failed"),
        "TIMEOUT" => return failed(ErrorKind::Timeout, 504, "the generation took too long"),
        other => Finish::Other(other.to_owned()),
    })
}

/// The same, written.
pub(super) fn encode(finish: Option<&Finish>, losses: &mut Losses) -> &'static str {
    const FIELD: &str = "response.finish";
    match finish {
        None | Some(Finish::Stop) => "COMPLETE",
        Some(Finish::StopSequence(which)) => {
            if which.is_some() {
                losses.dropped("response.stop_sequence");
            }
            "STOP_SEQUENCE"
        }
        Some(Finish::Length) => "MAX_TOKENS",
        Some(Finish::ToolCalls) => "TOOL_CALL",
        Some(Finish::ContextWindow) => "ERROR_LIMIT",
        Some(Finish::ContentFilter) => "ERROR_TOXIC",
        Some(Finish::Refusal) => {
            losses.approximated(FIELD, "a refusal as filtered");
            "ERROR_TOXIC"
        }
        Some(Finish::Pause) => {
            losses.approximated(FIELD, "a pause as the end");
            "COMPLETE"
        }
        Some(Finish::Other(_)) => {
            losses.approximated(FIELD, "a reason of its own as the end");
            "COMPLETE"
        }
    }
}

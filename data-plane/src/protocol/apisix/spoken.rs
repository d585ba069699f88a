use sanmon_wire::converse::CONVERSE;
use sanmon_wire::format::Codec;
use sanmon_wire::json::{Object, ValueKind};
use sanmon_wire::{anthropic, chat, responses};

/// Which protocol a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// Bedrock's Converse.
    Converse,
    /// Anthropic Messages.
    Messages,
    /// The tokens of Anthropic Messages.
    Tokens,
    /// OpenAI Responses.
    Responses,
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Embeddings.
    Embeddings,
    /// Something that only the provider knows.
    Other,
}

impl Spoken {
    /// What the end of the path and the body say; `None` of an empty object.
    pub(crate) fn of(path: &str, body: &Object<'_>) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let kind = |name: &str| body.first(name).map(|value| value.kind);
        let messages = kind("messages");
        let has_input = kind("input").is_some_and(|kind| kind != ValueKind::Null);
        Some(
            if ["/converse", "/converse-stream"].iter().any(|end| path.ends_with(end))
                && messages == Some(ValueKind::Array)
            {
                Self::Converse
            } else if path.ends_with("/v1/messages") {
                Self::Messages
            } else if path.ends_with("/v1/messages/count_tokens") {
                Self::Tokens
            } else if path.ends_with("/v1/responses") && has_input {
                Self::Responses
            } else if matches!(messages, Some(ValueKind::Array | ValueKind::Object)) {
                Self::Chat
            } else if has_input {
                Self::Embeddings
            } else if body.members().is_empty() {
                return None;
            } else {
                Self::Other
            },
        )
    }

    /// Reads its conversations, where it has them.
    pub(crate) fn codec(self) -> Option<&'static dyn Codec> {
        Some(match self {
            Self::Converse => &CONVERSE,
            Self::Messages | Self::Tokens => &anthropic::MESSAGES,
            Self::Responses => &responses::OPENAI,
            Self::Chat => &chat::OPENAI,
            Self::Embeddings | Self::Other => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_by_path_and_body() {
        for (path, body, spoken) in [
            ("/model/m/converse", r#"{"messages":[]}"#, Some(Spoken::Converse)),
            ("/model/m/converse", r#"{"messages":{}}"#, Some(Spoken::Chat)),
            ("/ai/v1/messages", r#"{"x":1}"#, Some(Spoken::Messages)),
            ("/ai/v1/messages", "{}", Some(Spoken::Messages)),
            ("/ai/v1/messages/count_tokens", r#"{"messages":[]}"#, Some(Spoken::Tokens)),
            ("/ai/v1/responses", r#"{"input":"hi"}"#, Some(Spoken::Responses)),
            ("/ai/v1/responses", r#"{"messages":[]}"#, Some(Spoken::Chat)),
            ("/anything", r#"{"messages":[],"input":"x"}"#, Some(Spoken::Chat)),
            ("/anything", r#"{"input":["x"]}"#, Some(Spoken::Embeddings)),
            ("/v1/rerank", r#"{"query":"x"}"#, Some(Spoken::Other)),
            ("/anything", "{ }", None),
        ] {
            let body = Object::scan(body.as_bytes()).unwrap();
            assert_eq!(Spoken::of(path, &body), spoken, "{path}");
        }
    }
}

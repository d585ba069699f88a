//! The formats of the table's rows.

use sanmon_wire::chat as dialects;
use sanmon_wire::format::{Codec, Format};
use sanmon_wire::{anthropic, cohere, completions, converse, gemini, ollama, responses};

use crate::provider::kind::{Models, Speaks};

const fn speaks(format: Format, codec: &'static dyn Codec, path: &'static str) -> Speaks {
    Speaks {
        format,
        codec,
        path,
        stream_path: None,
        count_path: None,
        envelope: &[],
        models: Models::Any,
        on_request: false,
    }
}

/// Where a document says that the server has it.
pub(super) const fn on_request(speaks: Speaks) -> Speaks {
    Speaks { on_request: true, ..speaks }
}

/// At another path.
pub(in crate::provider) const fn at(path: &'static str, speaks: Speaks) -> Speaks {
    Speaks { path, ..speaks }
}

/// For some models.
pub(in crate::provider) const fn only(models: Models, speaks: Speaks) -> Speaks {
    Speaks { models, ..speaks }
}

/// Chat Completions in a vendor's words.
pub(in crate::provider) const fn chat(codec: &'static dyn Codec) -> Speaks {
    speaks(Format::Chat, codec, "/chat/completions")
}

/// Legacy Completions.
pub(super) const COMPLETIONS: Speaks =
    speaks(Format::Completions, &completions::COMPLETIONS, "/completions");

/// Responses.
pub(in crate::provider) const RESPONSES: Speaks =
    speaks(Format::Responses, &responses::OPENAI, "/responses");

/// Anthropic Messages, below a base that ends with the version.
pub(in crate::provider) const MESSAGES: Speaks = Speaks {
    count_path: Some("/messages/count_tokens"),
    ..speaks(Format::Anthropic, &anthropic::MESSAGES, "/messages")
};

/// Anthropic Messages, below a base without a version.
pub(in crate::provider) const V1_MESSAGES: Speaks =
    Speaks { count_path: Some("/v1/messages/count_tokens"), ..at("/v1/messages", MESSAGES) };

/// Anthropic Messages of Claude on Vertex.
const VERTEX_CLAUDE: Speaks = Speaks {
    stream_path: Some("/publishers/anthropic/models/{model}:streamRawPredict"),
    count_path: Some("/publishers/anthropic/models/count-tokens:rawPredict"),
    // The address names the model, and the body the version.
    envelope: &[("anthropic_version", Some(r#""vertex-2023-10-16""#)), ("model", None)],
    models: Models::Holding(&["claude"]),
    ..speaks(
        Format::Anthropic,
        &anthropic::MESSAGES,
        "/publishers/anthropic/models/{model}:rawPredict",
    )
};

/// Vertex: Gemini, tuned models, and what other publishers offer.
pub(super) const VERTEX: &[Speaks] = &[
    VERTEX_CLAUDE,
    Speaks {
        stream_path: Some("/endpoints/{model}:streamGenerateContent?alt=sse"),
        models: Models::Below("endpoints/"),
        ..speaks(Format::Gemini, &gemini::VERTEX, "/endpoints/{model}:generateContent")
    },
    only(
        Models::Holding(&["/"]),
        at("/endpoints/openapi/chat/completions", chat(&dialects::COMPATIBLE)),
    ),
    Speaks {
        stream_path: Some("/publishers/google/models/{model}:streamGenerateContent?alt=sse"),
        count_path: Some("/publishers/google/models/{model}:countTokens"),
        ..speaks(
            Format::Gemini,
            &gemini::VERTEX,
            "/publishers/google/models/{model}:generateContent",
        )
    },
];

/// Gemini's own API.
pub(super) const GEMINI: &[Speaks] = &[
    Speaks {
        stream_path: Some("/tunedModels/{model}:streamGenerateContent?alt=sse"),
        models: Models::Below("tunedModels/"),
        ..speaks(Format::Gemini, &gemini::AI_STUDIO, "/tunedModels/{model}:generateContent")
    },
    Speaks {
        stream_path: Some("/models/{model}:streamGenerateContent?alt=sse"),
        count_path: Some("/models/{model}:countTokens"),
        models: Models::Below("models/"),
        ..speaks(Format::Gemini, &gemini::AI_STUDIO, "/models/{model}:generateContent")
    },
    Speaks {
        stream_path: Some("/models/{model}:streamGenerateContent?alt=sse"),
        count_path: Some("/models/{model}:countTokens"),
        ..speaks(Format::Gemini, &gemini::AI_STUDIO, "/models/{model}:generateContent")
    },
];

/// Bedrock.
pub(super) const CONVERSE: &[Speaks] = &[
    only(Models::Holding(&["claude"]), converse(&converse::CLAUDE)),
    converse(&converse::CONVERSE),
];

/// Converse in a model family's words.
pub(in crate::provider) const fn converse(codec: &'static dyn Codec) -> Speaks {
    Speaks {
        stream_path: Some("/model/{model}/converse-stream"),
        ..speaks(Format::Converse, codec, "/model/{model}/converse")
    }
}

/// Cohere.
pub(super) const COHERE: &[Speaks] = &[speaks(Format::Cohere, &cohere::COHERE, "/v2/chat")];

/// Ollama, which has other formats for those who come in them.
pub(super) const OLLAMA: &[Speaks] = &[
    speaks(Format::Ollama, &ollama::OLLAMA, "/api/chat"),
    at("/v1/chat/completions", chat(&dialects::OLLAMA)),
    at("/v1/completions", COMPLETIONS),
    at("/v1/responses", RESPONSES),
    Speaks { count_path: None, ..V1_MESSAGES },
];

/// OpenAI: few of its models still have Completions.
pub(super) const OPENAI: &[Speaks] = &[
    chat(&dialects::OPENAI),
    only(Models::Holding(&["instruct", "davinci-002", "babbage-002"]), COMPLETIONS),
    RESPONSES,
];

/// Who speaks like OpenAI. The dialect is the vendor's; not all have Responses.
macro_rules! like_openai {
    ($codec:ident $(, $other:expr)*) => {
        &[
            $crate::provider::kinds::formats::chat(&sanmon_wire::chat::$codec),
            $crate::provider::kinds::formats::COMPLETIONS,
            $($other,)*
            $crate::provider::kinds::formats::on_request(
                $crate::provider::kinds::formats::RESPONSES,
            ),
        ]
    };
}
pub(super) use like_openai;

/// Servers of one's own, which may have anything.
pub(super) const ANY_SERVER: &[Speaks] = like_openai!(COMPATIBLE, on_request(MESSAGES));

/// Servers that have it all: vLLM, LM Studio.
pub(super) const FULL_SERVER: &[Speaks] =
    &[chat(&dialects::COMPATIBLE), COMPLETIONS, RESPONSES, Speaks { count_path: None, ..MESSAGES }];

/// Azure's v1 API.
pub(in crate::provider) const AZURE_V1: &[Speaks] = &[chat(&dialects::OPENAI), RESPONSES];

/// Azure's API by deployments, which are all of its addresses.
pub(in crate::provider) const AZURE_DATED: &[Speaks] = &[chat(&dialects::OPENAI)];

/// Foundry's v1 API, and Claude beside it.
pub(in crate::provider) const FOUNDRY_V1: &[Speaks] = &[
    FOUNDRY_CLAUDE,
    only(NO_CLAUDE, at("/openai/v1/chat/completions", chat(&dialects::OPENAI))),
    only(NO_CLAUDE, at("/openai/v1/responses", RESPONSES)),
];

/// Foundry's older API of models, and Claude beside it.
pub(in crate::provider) const FOUNDRY_MODELS: &[Speaks] =
    &[FOUNDRY_CLAUDE, only(NO_CLAUDE, at("/models/chat/completions", chat(&dialects::COMPATIBLE)))];

/// A Foundry endpoint that has its models to itself.
pub(in crate::provider) const FOUNDRY_ALONE: &[Speaks] = &[chat(&dialects::COMPATIBLE)];

/// Claude speaks its own format alone.
const NO_CLAUDE: Models = Models::Without(&["claude"]);

const FOUNDRY_CLAUDE: Speaks = Speaks {
    count_path: Some("/anthropic/v1/messages/count_tokens"),
    models: Models::Holding(&["claude"]),
    ..at("/anthropic/v1/messages", V1_MESSAGES)
};

//! The vendors that configs of APISIX's plugins name: what each speaks at which path, and how it calls
//! the bound of output. Their kinds say everything else.

use sanmon_wire::chat as dialects;
use sanmon_wire::converse;
use sanmon_wire::format::Codec;

use crate::provider::kind::{Embeds, Models, Speaks};
use crate::provider::kinds::embeddings;
use crate::provider::kinds::formats::{
    MESSAGES, RESPONSES, V1_MESSAGES, at, chat, converse as speaks_converse, only,
};

/// A vendor as APISIX knows it.
#[derive(Debug)]
pub(crate) struct Vendor {
    /// The kind of provider that it is.
    pub(crate) kind: &'static str,
    /// Its host; empty where the config or the kind says it.
    pub(super) origin: &'static str,
    /// What its paths begin with.
    pub(super) prefix: &'static str,
    pub(super) formats: &'static [Speaks],
    pub(super) embeds: &'static [Embeds],
    /// How it calls the bound of output in chats.
    pub(crate) bound: Bound,
}

/// How the bound of output of chats is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// `max_tokens`.
    Older,
    /// `max_completion_tokens`, and the older name is refused.
    Newer,
    /// `max_completion_tokens`, and the older name may be there too.
    Either,
}

/// What has a format of Chat alone.
const fn row(
    kind: &'static str,
    origin: &'static str,
    prefix: &'static str,
    formats: &'static [Speaks],
) -> Vendor {
    Vendor { kind, origin, prefix, formats, embeds: &[], bound: Bound::Older }
}

/// The address names the deployment or model, and the body may not.
const fn nameless(speaks: Speaks) -> Speaks {
    Speaks { envelope: &[("model", None)], ..speaks }
}

/// Whether it streams is said by the address too.
const fn addressed(codec: &'static dyn Codec) -> Speaks {
    Speaks { envelope: &[("model", None), ("stream", None)], ..speaks_converse(codec) }
}

/// Where the end of a path says that something is spoken that the vendor is not known for.
pub(super) const ANY: &[Speaks] =
    &[chat(&dialects::COMPATIBLE), RESPONSES, Speaks { count_path: None, ..MESSAGES }];

/// Where the end of a path says so.
pub(super) const EMBEDDINGS: &[Embeds] = embeddings::OPENAI;

/// OpenAI.
pub(crate) static OPENAI: Vendor = Vendor {
    embeds: embeddings::OPENAI,
    bound: Bound::Newer,
    ..row("openai", "https://api.openai.com", "/v1", &[chat(&dialects::OPENAI), RESPONSES])
};

/// Whoever speaks like OpenAI, where the config says.
pub(crate) static OPENAI_COMPATIBLE: Vendor = Vendor {
    embeds: embeddings::OPENAI,
    ..row("openai-compatible", "", "/v1", &[chat(&dialects::COMPATIBLE), RESPONSES])
};

/// Azure OpenAI: the config has the whole address of a deployment.
pub(crate) static AZURE_OPENAI: Vendor =
    row("azure-openai", "", "", &[nameless(at("/completions", chat(&dialects::OPENAI)))]);

/// DeepSeek.
pub(crate) static DEEPSEEK: Vendor =
    row("deepseek", "https://api.deepseek.com", "", &[chat(&dialects::DEEPSEEK)]);

/// AI/ML API.
pub(crate) static AIMLAPI: Vendor =
    row("aiml", "https://api.aimlapi.com", "/v1", &[chat(&dialects::COMPATIBLE)]);

/// Anthropic: its own format, and its endpoint for clients of OpenAI.
pub(crate) static ANTHROPIC: Vendor = row(
    "anthropic",
    "https://api.anthropic.com",
    "",
    &[V1_MESSAGES, at("/v1/chat/completions", chat(&dialects::COMPATIBLE))],
);

/// Gemini: its endpoint for clients of OpenAI, where keys are bearers.
pub(crate) static GEMINI: Vendor = Vendor {
    embeds: embeddings::OPENAI,
    bound: Bound::Either,
    ..row(
        "gemini",
        "https://generativelanguage.googleapis.com",
        "/v1beta/openai",
        &[chat(&dialects::GOOGLE)],
    )
};

/// OpenRouter.
pub(crate) static OPENROUTER: Vendor =
    row("openrouter", "https://openrouter.ai", "/api/v1", &[chat(&dialects::OPENROUTER)]);

/// Vertex AI: its endpoint for clients of OpenAI.
pub(crate) static VERTEX_AI: Vendor = Vendor {
    embeds: embeddings::VERTEX,
    bound: Bound::Either,
    ..row("vertex", "", "", &[at("/endpoints/openapi/chat/completions", chat(&dialects::GOOGLE))])
};

/// Amazon Bedrock.
pub(crate) static BEDROCK: Vendor = Vendor {
    embeds: embeddings::BEDROCK,
    ..row(
        "bedrock",
        "",
        "",
        &[
            only(Models::Holding(&["claude"]), addressed(&converse::CLAUDE)),
            addressed(&converse::CONVERSE),
        ],
    )
};

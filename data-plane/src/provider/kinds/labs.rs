//! Who makes models, and serves them in a format or dialect of their own.

use sanmon_wire::model_list;

use super::embeddings;
use super::formats::MESSAGES;
use super::formats::{
    COHERE, COMPLETIONS, GEMINI, OPENAI, RESPONSES, V1_MESSAGES, at, chat, on_request,
};
use crate::provider::credentials::Auth;
use crate::provider::kind::{Kind, Listing, ROW, Speaks};
use sanmon_wire::chat as dialects;

/// Those who know only the older name.
const MAX_TOKENS: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

pub(super) const ROWS: &[Kind] = &[
    Kind {
        name: "openai",
        label: "OpenAI",
        base_url: "https://api.openai.com/v1",
        formats: OPENAI,
        chat: Some(Some("gpt-4o-mini")),
        embeddings: Some(Some("text-embedding-3-small")),
        ..ROW
    },
    Kind {
        name: "anthropic",
        label: "Anthropic",
        base_url: "https://api.anthropic.com",
        above_base: &["/v1"],
        auth: Auth::Header("x-api-key"),
        members: &["version", "beta"],
        formats: &[V1_MESSAGES],
        chat: Some(Some("claude-haiku-4-5")),
        lists: &[Listing::new("/v1/models?limit=1000", &model_list::ANTHROPIC)],
        ..ROW
    },
    Kind {
        name: "gemini",
        label: "Gemini",
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        // Otoroshi has the endpoint for OpenAI's clients here.
        above_base: &["/openai"],
        auth: Auth::Header("x-goog-api-key"),
        formats: GEMINI,
        chat: Some(Some("gemini-2.5-flash")),
        embeddings: Some(Some("gemini-embedding-001")),
        embeds: embeddings::GEMINI,
        lists: &[Listing::new("/models?pageSize=1000", &model_list::GEMINI)],
        ..ROW
    },
    Kind {
        name: "mistral",
        label: "Mistral",
        base_url: "https://api.mistral.ai/v1",
        below_base: "/v1",
        formats: &[chat(&dialects::MISTRAL)],
        chat: Some(Some("open-mistral-7b")),
        embeddings: Some(Some("mistral-embed")),
        embeds: embeddings::MISTRAL,
        max_tokens: "max_tokens",
        renames: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
        // Answered with 422 otherwise; usage is always in its last chunk.
        refuses: &["stream_options", "user", "logit_bias", "store"],
        stream_options: false,
        ..ROW
    },
    Kind {
        name: "cohere",
        label: "Cohere",
        base_url: "https://api.cohere.com",
        above_base: &["/v1", "/v2"],
        formats: COHERE,
        chat: Some(Some("command-r-plus-08-2024")),
        embeddings: Some(Some("embed-multilingual-v3.0")),
        embeds: embeddings::COHERE,
        lists: &[Listing::new("/v1/models?page_size=1000", &model_list::COHERE)],
        ..ROW
    },
    Kind {
        name: "deepseek",
        label: "DeepSeek",
        base_url: "https://api.deepseek.com",
        formats: &[
            chat(&dialects::DEEPSEEK),
            at("/beta/completions", COMPLETIONS),
            at("/anthropic/v1/messages", PLAIN_MESSAGES),
            on_request(RESPONSES),
        ],
        chat: Some(Some("deepseek-chat")),
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        ..ROW
    },
    Kind {
        name: "groq",
        label: "Groq",
        base_url: "https://api.groq.com/openai/v1",
        below_base: "/openai/v1",
        formats: &[chat(&dialects::GROQ), RESPONSES],
        chat: Some(Some("llama3-8b-8192")),
        ..ROW
    },
    Kind {
        name: "x-ai",
        label: "xAI",
        base_url: "https://api.x.ai/v1",
        below_base: "/v1",
        formats: &[chat(&dialects::XAI), COMPLETIONS, RESPONSES, on_request(PLAIN_MESSAGES)],
        chat: Some(Some("grok-beta")),
        embeddings: Some(Some("v1")),
        ..ROW
    },
    Kind {
        name: "perplexity",
        label: "Perplexity",
        base_url: "https://api.perplexity.ai",
        formats: &[chat(&dialects::PERPLEXITY), on_request(at("/v1/responses", RESPONSES))],
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        ..ROW
    },
    Kind {
        name: "voyage",
        label: "Voyage AI",
        base_url: "https://api.voyageai.com/v1",
        chat: None,
        embeddings: Some(Some("voyage-3.5")),
        embeds: embeddings::VOYAGE,
        lists: &[],
        ..ROW
    },
    Kind {
        name: "jina",
        label: "Jina",
        base_url: "https://api.jina.ai/v1",
        chat: None,
        embeddings: Some(Some("jina-embeddings-v3")),
        embeds: embeddings::JINA,
        lists: &[],
        ..ROW
    },
];

/// Messages where nobody counts tokens.
const PLAIN_MESSAGES: Speaks = Speaks { count_path: None, ..MESSAGES };

//! Servers of one's own, and the mock.

use sanmon_wire::model_list;

use super::embeddings;
use super::formats::{ANY_SERVER, FULL_SERVER, OLLAMA, chat, like_openai};
use crate::provider::kind::{Kind, Listing, ROW};
use sanmon_wire::chat as dialects;

/// Those who know only the older name.
const MAX_TOKENS: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

/// What servers of open models have.
const SERVER: Kind = Kind {
    formats: ANY_SERVER,
    embeddings: Some(None),
    // Not every server knows the newer name, and what it does not know bounds nothing.
    max_tokens: "max_tokens",
    ..ROW
};

pub(super) const ROWS: &[Kind] = &[
    Kind { name: "openai-compatible", label: "OpenAI compatible", ..SERVER },
    Kind {
        name: "vllm",
        label: "vLLM",
        base_url: "http://localhost:8000/v1",
        formats: FULL_SERVER,
        ..SERVER
    },
    Kind {
        name: "llama-cpp",
        label: "llama.cpp",
        base_url: "http://localhost:8080/v1",
        base64: false,
        ..SERVER
    },
    Kind {
        name: "lm-studio",
        label: "LM Studio",
        base_url: "http://localhost:1234/v1",
        formats: FULL_SERVER,
        base64: false,
        ..SERVER
    },
    Kind {
        name: "ollama",
        label: "Ollama",
        base_url: "http://localhost:11434",
        above_base: &["/api", "/v1"],
        formats: OLLAMA,
        chat: Some(Some("llama3.2")),
        embeddings: Some(Some("snowflake-arctic-embed:22m")),
        embeds: embeddings::OLLAMA,
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        base64: false,
        lists: &[Listing::new("/api/tags", &model_list::OLLAMA)],
        ..ROW
    },
    Kind {
        name: "ollama-openai",
        label: "Ollama (OpenAI compatible)",
        base_url: "http://localhost:11434/v1",
        formats: like_openai!(OLLAMA),
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        base64: false,
        ..ROW
    },
    Kind {
        name: "mock",
        label: "Mock",
        formats: &[chat(&dialects::OPENAI)],
        chat: Some(Some("mock")),
        embeddings: Some(Some("mock-embedding")),
        mock: true,
        ..ROW
    },
];

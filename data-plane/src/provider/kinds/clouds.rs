//! Who serves the models of many makers.

use sanmon_wire::model_list;

use super::embeddings;
use super::formats::{
    AZURE_V1, COMPLETIONS, CONVERSE, FOUNDRY_V1, MESSAGES, RESPONSES, VERTEX, at, chat,
    like_openai, on_request,
};
use crate::provider::credentials::Auth;
use crate::provider::kind::{Kind, Listing, ROW, Speaks};
use crate::provider::sites;
use sanmon_wire::chat as dialects;

/// Those who know only the older name.
const MAX_TOKENS: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

/// Members that say who calls Azure.
macro_rules! azure_members {
    ($($more:literal),*) => {
        &[
            "resource_name", "api_version", "api_key", "tenant_id", "client_id", "client_secret",
            "authority", "scope" $(, $more)*
        ]
    };
}

pub(super) const ROWS: &[Kind] = &[
    Kind {
        name: "azure-openai",
        label: "Azure OpenAI",
        auth: Auth::Azure,
        site: sites::azure_openai,
        members: azure_members!("deployment_id"),
        formats: AZURE_V1,
        embeddings: Some(None),
        ..ROW
    },
    Kind {
        name: "azure-ai-foundry",
        label: "Azure AI Foundry",
        auth: Auth::Azure,
        site: sites::azure_ai_foundry,
        members: azure_members!("version", "beta"),
        formats: FOUNDRY_V1,
        embeddings: Some(None),
        ..ROW
    },
    Kind {
        name: "bedrock",
        label: "Amazon Bedrock",
        auth: Auth::Aws,
        site: sites::bedrock,
        members: &["region", "access_key_id", "secret_access_key", "session_token"],
        formats: CONVERSE,
        embeddings: Some(None),
        embeds: embeddings::BEDROCK,
        lists: &[
            Listing::new("/foundation-models", &model_list::BEDROCK_MODELS),
            Listing::new("/inference-profiles?maxResults=1000", &model_list::BEDROCK_PROFILES),
        ],
        ..ROW
    },
    Kind {
        name: "vertex",
        label: "Vertex AI",
        auth: Auth::Google,
        site: sites::vertex,
        members: &[
            "project_id",
            "location",
            "region",
            "service_account",
            "api_key",
            "version",
            "beta",
        ],
        formats: VERTEX,
        chat: Some(Some("gemini-2.5-flash")),
        embeddings: Some(Some("gemini-embedding-001")),
        embeds: embeddings::VERTEX,
        ..ROW
    },
    Kind {
        name: "cloudflare",
        label: "Cloudflare Workers AI",
        base_url: "https://api.cloudflare.com/client/v4",
        site: sites::cloudflare,
        members: &["account_id", "model_name"],
        formats: &[chat(&dialects::COMPATIBLE), on_request(RESPONSES)],
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        base64: false,
        lists: &[Listing::new("/models/search?per_page=100", &model_list::CLOUDFLARE)],
        ..ROW
    },
    // `api-inference.huggingface.co`, which Otoroshi has, is gone; the router took its place.
    Kind {
        name: "huggingface",
        label: "Hugging Face",
        base_url: "https://router.huggingface.co",
        above_base: &["/v1"],
        site: sites::hugging_face,
        formats: &[
            at("/v1/chat/completions", chat(&dialects::COMPATIBLE)),
            on_request(at("/v1/responses", RESPONSES)),
        ],
        chat: Some(Some("google/gemma-2-2b-it")),
        embeddings: Some(None),
        embeds: embeddings::HUGGING_FACE,
        lists: &[Listing::new("/v1/models", &model_list::OPENAI)],
        ..ROW
    },
    Kind {
        name: "openrouter",
        label: "OpenRouter",
        base_url: "https://openrouter.ai/api/v1",
        formats: &[
            chat(&dialects::OPENROUTER),
            COMPLETIONS,
            RESPONSES,
            Speaks { count_path: None, ..MESSAGES },
        ],
        embeddings: Some(None),
        extras: &[("usage", r#"{"include":true}"#)],
        ..ROW
    },
    Kind {
        name: "scaleway",
        label: "Scaleway",
        base_url: "https://api.scaleway.ai/v1",
        formats: like_openai!(SCALEWAY),
        chat: Some(Some("llama-3.1-8b-instruct")),
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        ..ROW
    },
    Kind {
        name: "ovh-ai-endpoints",
        label: "OVH AI Endpoints",
        base_url: "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        site: sites::ovh,
        members: &["unified"],
        formats: like_openai!(COMPATIBLE),
        embeddings: Some(None),
        ..ROW
    },
    Kind {
        name: "ovh-ai-endpoints-unified",
        label: "OVH AI Endpoints (unified)",
        base_url: "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        formats: like_openai!(COMPATIBLE),
        embeddings: Some(None),
        ..ROW
    },
    Kind {
        name: "together-ai",
        label: "Together AI",
        base_url: "https://api.together.xyz/v1",
        formats: like_openai!(TOGETHER),
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        ..ROW
    },
    Kind {
        name: "fireworks-ai",
        label: "Fireworks AI",
        base_url: "https://api.fireworks.ai/inference/v1",
        formats: like_openai!(FIREWORKS),
        embeddings: Some(None),
        max_tokens: "max_tokens",
        renames: MAX_TOKENS,
        ..ROW
    },
];

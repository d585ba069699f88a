//! The kinds of providers: a row per vendor that speaks OpenAI's dialect. What differs between them
//! is data here, never a `match` on a name elsewhere.

use std::sync::LazyLock;

use sanmon_shared::catalogue::ProviderKindInfo;
use sanmon_wire::format::{Codec, Format};

/// A vendor.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// What `provider` says.
    pub name: &'static str,
    /// The vendor's name for people.
    pub label: &'static str,
    /// Base of its API; empty where a document must give it.
    pub base_url: &'static str,
    /// Appended to a given base URL that does not end with it, as documents of Otoroshi have it.
    pub below_base: &'static str,
    /// How the token travels.
    pub auth: Auth,
    /// The formats of chats that it speaks; what it does not speak is translated to the first.
    pub formats: &'static [Speaks],
    /// Default model of chats; `None` where it does not serve them.
    pub chat: Option<Option<&'static str>>,
    /// Default model of embeddings; `None` where it does not serve them.
    pub embeddings: Option<Option<&'static str>>,
    /// The member by which chat output is bounded, where the gateway has to bound it.
    pub max_tokens: &'static str,
    /// Members of chat bodies under other names.
    pub renames: &'static [(&'static str, &'static str)],
    /// Members of embedding bodies under other names.
    pub embedding_renames: &'static [(&'static str, &'static str)],
    /// Members of chat bodies that it refuses, so that they are left out.
    pub refuses: &'static [&'static str],
    /// Members, as JSON, that every chat body gets.
    pub extras: &'static [(&'static str, &'static str)],
    /// Whether it takes `stream_options`; who does not sends usage unasked.
    pub stream_options: bool,
    /// Whether it can answer `encoding_format: base64`; otherwise floats are asked and encoded here.
    pub base64: bool,
    /// Answered in process.
    pub mock: bool,
}

/// A format that a vendor speaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Speaks {
    /// Which.
    pub format: Format,
    /// Below the base; `{model}` stands for the model's name.
    pub path: &'static str,
    /// Where streams are asked for, if that is elsewhere.
    pub stream_path: Option<&'static str>,
    /// Where tokens are counted, if they are.
    pub count_path: Option<&'static str>,
    /// For which models.
    pub models: Models,
    /// Only where a document says that the server has it.
    pub on_request: bool,
}

/// The models of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Models {
    /// All.
    Any,
    /// Those whose names hold one of these.
    Holding(&'static [&'static str]),
    /// Those whose names begin with this, which is no part of the name in an address.
    Below(&'static str),
}

impl Models {
    /// The name of a model in an address; `None` when it is none of these.
    pub fn name<'m>(&self, model: &'m str) -> Option<&'m str> {
        match self {
            Self::Any => Some(model),
            Self::Holding(parts) => parts.iter().any(|part| model.contains(part)).then_some(model),
            Self::Below(prefix) => model.strip_prefix(prefix),
        }
    }
}

impl Speaks {
    /// The codec of the format.
    pub fn codec(&self) -> Option<&'static dyn Codec> {
        (self.format == Format::Chat).then_some(&sanmon_wire::chat::OPENAI as _)
    }
}

/// How a token travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// The token alone, in this header.
    Header(&'static str),
}

/// Vendors that know only the older name.
const MAX_TOKENS: &[(&str, &str)] = &[("max_completion_tokens", "max_tokens")];

const fn speaks(format: Format, path: &'static str) -> Speaks {
    Speaks {
        format,
        path,
        stream_path: None,
        count_path: None,
        models: Models::Any,
        on_request: false,
    }
}

const fn on_request(speaks: Speaks) -> Speaks {
    Speaks { on_request: true, ..speaks }
}

const CHAT: Speaks = speaks(Format::Chat, "/chat/completions");
const COMPLETIONS: Speaks = speaks(Format::Completions, "/completions");
const RESPONSES: Speaks = speaks(Format::Responses, "/responses");

/// Who speaks like OpenAI; not all have Responses.
const LIKE_OPENAI: &[Speaks] = &[CHAT, COMPLETIONS, on_request(RESPONSES)];

/// What most rows have.
const ROW: Kind = Kind {
    name: "",
    label: "",
    base_url: "",
    below_base: "",
    auth: Auth::Bearer,
    formats: LIKE_OPENAI,
    chat: Some(None),
    embeddings: None,
    max_tokens: "max_completion_tokens",
    renames: &[],
    embedding_renames: &[],
    refuses: &[],
    extras: &[],
    stream_options: true,
    base64: true,
    mock: false,
};

const fn row(name: &'static str, label: &'static str, base_url: &'static str) -> Kind {
    Kind { name, label, base_url, ..ROW }
}

const fn older(name: &'static str, label: &'static str, base_url: &'static str) -> Kind {
    Kind { name, label, base_url, max_tokens: "max_tokens", renames: MAX_TOKENS, ..ROW }
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind {
        chat: Some(Some("gpt-4o-mini")),
        embeddings: Some(Some("text-embedding-3-small")),
        ..row("openai", "OpenAI", "https://api.openai.com/v1")
    },
    Kind {
        embeddings: Some(None),
        // Not every server knows the newer name, and what it does not know bounds nothing.
        max_tokens: "max_tokens",
        ..row("openai-compatible", "OpenAI compatible", "")
    },
    Kind {
        chat: Some(Some("mock")),
        embeddings: Some(Some("mock-embedding")),
        mock: true,
        ..row("mock", "Mock", "")
    },
    Kind {
        chat: Some(Some("gpt-oss:120b")),
        embeddings: Some(None),
        ..row("cloud-temple", "Cloud Temple", "https://api.ai.cloud-temple.com/v1")
    },
    Kind {
        chat: Some(Some("llama-3.1-8b-instruct")),
        embeddings: Some(None),
        ..older("scaleway", "Scaleway", "https://api.scaleway.ai/v1")
    },
    Kind {
        chat: Some(Some("deepseek-chat")),
        embeddings: Some(None),
        ..older("deepseek", "DeepSeek", "https://api.deepseek.com")
    },
    Kind {
        chat: Some(Some("gemini-1.5-flash")),
        embeddings: Some(None),
        // Its OpenAI-compatible endpoint answers floats whatever `encoding_format` says.
        base64: false,
        ..row("gemini", "Gemini", "https://generativelanguage.googleapis.com/v1beta/openai")
    },
    // `api-inference.huggingface.co`, which Otoroshi has, is gone; the router took its place.
    Kind {
        chat: Some(Some("google/gemma-2-2b-it")),
        embeddings: Some(None),
        ..row("huggingface", "Hugging Face", "https://router.huggingface.co/v1")
    },
    Kind { embeddings: Some(None), ..row("azure-ai-foundry", "Azure AI Foundry", "") },
    Kind {
        embeddings: Some(None),
        ..row(
            "ovh-ai-endpoints",
            "OVH AI Endpoints",
            "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        )
    },
    Kind {
        embeddings: Some(None),
        ..row(
            "ovh-ai-endpoints-unified",
            "OVH AI Endpoints (unified)",
            "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        )
    },
    Kind {
        embeddings: Some(None),
        base64: false,
        ..older("ollama-openai", "Ollama (OpenAI compatible)", "http://localhost:11434/v1")
    },
    Kind {
        below_base: "/v1",
        chat: Some(Some("open-mistral-7b")),
        embeddings: Some(Some("mistral-embed")),
        max_tokens: "max_tokens",
        renames: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
        embedding_renames: &[("dimensions", "output_dimension")],
        // Answered with 422 otherwise; usage is always in its last chunk.
        refuses: &["stream_options", "user", "logit_bias", "store"],
        stream_options: false,
        ..row("mistral", "Mistral", "https://api.mistral.ai/v1")
    },
    Kind {
        below_base: "/openai/v1",
        chat: Some(Some("llama3-8b-8192")),
        ..row("groq", "Groq", "https://api.groq.com/openai/v1")
    },
    Kind {
        below_base: "/v1",
        chat: Some(Some("grok-beta")),
        embeddings: Some(Some("v1")),
        ..row("x-ai", "xAI", "https://api.x.ai/v1")
    },
    row("helicone", "Helicone", "https://ai-gateway.helicone.ai"),
    row("veniceai", "Venice AI", "https://api.venice.ai/api/v1"),
    older("xiaomi-mimo", "Xiaomi Mimo", "https://api.xiaomimimo.com/v1"),
    older("synthetic", "Synthetic", "https://api.synthetic.new/openai/v1"),
    older("apertis", "Apertis", "https://api.stima.tech/v1"),
    older("nano-gpt", "Nano GPT", "https://nano-gpt.com/api/v1"),
    older("poe", "Poe", "https://api.poe.com/v1"),
    older("chutes", "Chutes", "https://llm.chutes.ai/v1"),
    row("abliteration", "Abliteration", "https://api.abliteration.ai/v1"),
    older("llamagate", "LlamaGate", "https://api.llamagate.dev/v1"),
    row("gmi", "GMI", "https://api.gmi-serving.com/v1"),
    Kind {
        auth: Auth::Header("api-subscription-key"),
        ..older("sarvam", "Sarvam", "https://api.sarvam.ai/v1")
    },
    row("assemblyai", "AssemblyAI", "https://llm-gateway.assemblyai.com/v1"),
    row("minimax", "Minimax", "https://api.minimax.io/v1"),
    older("morph", "Morph", "https://api.morphllm.com/v1"),
    row("aiml", "AI/ML API", "https://api.aimlapi.com/v1"),
    older("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
    row("cometapi", "CometAPI", "https://api.cometapi.com/v1"),
    row("compactifai", "CompactifAI", "https://api.compactif.ai/v1"),
    older("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai"),
    row("empower", "Empower", "https://app.empower.dev/api/v1"),
    older("featherless-ai", "Featherless AI", "https://api.featherless.ai/v1"),
    Kind {
        embeddings: Some(None),
        ..older("fireworks-ai", "Fireworks AI", "https://api.fireworks.ai/inference/v1")
    },
    row("friendliai", "Friendli AI", "https://api.friendli.ai/serverless/v1"),
    row("galadriel", "Galadriel", "https://api.galadriel.com/v1"),
    row("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1"),
    row("lambda-ai", "Lambda AI", "https://api.lambda.ai/v1"),
    row("meta-llama", "Meta Llama API", "https://api.llama.com/compat/v1"),
    Kind {
        embeddings: Some(None),
        ..older("nebius", "Nebius AI Studio", "https://api.studio.nebius.ai/v1")
    },
    row("novita", "Novita AI", "https://api.novita.ai/v3/openai"),
    row("nscale", "Nscale", "https://inference.api.nscale.com/v1"),
    older("nvidia-nim", "Nvidia NIM", "https://integrate.api.nvidia.com/v1"),
    older("perplexity", "Perplexity", "https://api.perplexity.ai"),
    Kind {
        embeddings: Some(None),
        ..older("sambanova", "SambaNova", "https://api.sambanova.ai/v1")
    },
    Kind {
        embeddings: Some(None),
        ..older("together-ai", "Together AI", "https://api.together.xyz/v1")
    },
    row("zai", "Z.AI", "https://api.z.ai/api/paas/v4"),
    Kind {
        embeddings: Some(None),
        extras: &[("usage", r#"{"include":true}"#)],
        ..row("openrouter", "OpenRouter", "https://openrouter.ai/api/v1")
    },
];

/// Kinds that Otoroshi has and Sanmon does not yet, and what to take instead.
const LATER: &[(&str, &str)] = &[
    (
        "anthropic",
        "its own wire format is not there yet; \"openai-compatible\" with base_url \"https://api.anthropic.com/v1\" reaches its OpenAI-compatible endpoint",
    ),
    (
        "cohere",
        "its own wire format is not there yet; \"openai-compatible\" with base_url \"https://api.cohere.ai/compatibility/v1\" reaches its OpenAI-compatible endpoint",
    ),
    ("ollama", "its own wire format is not there yet; \"ollama-openai\" reaches the same server"),
    (
        "azure-openai",
        "not there yet; \"openai-compatible\" with base_url \"https://<resource>.openai.azure.com/openai/v1\" and the header \"api-key\": \"{api_key}\" reaches its v1 API",
    ),
    (
        "cloudflare",
        "its own wire format is not there yet; \"openai-compatible\" with base_url \"https://api.cloudflare.com/client/v4/accounts/<account>/ai/v1\" reaches its OpenAI-compatible endpoint",
    ),
    ("bedrock", "its own wire format is not there yet"),
    ("vertex", "its own wire format is not there yet; \"gemini\" reaches the same models"),
    ("alphaedge", "its own wire format is not there yet"),
    (
        "jlama",
        "models in the gateway's own process are not there; \"ollama-openai\" or \"openai-compatible\" reaches a local server",
    ),
    (
        "all-minilm-l6-v2",
        "models in the gateway's own process are not there; \"ollama-openai\" or \"openai-compatible\" reaches a local server",
    ),
    ("loadbalancer", "not there yet; a route's backend plugin takes several refs"),
    ("otoroshi", "not there yet; a route's backend plugin takes several refs"),
];

static INFOS: LazyLock<Vec<ProviderKindInfo>> = LazyLock::new(|| {
    KINDS
        .iter()
        .map(|kind| ProviderKindInfo {
            name: kind.name,
            label: kind.label,
            base_url: kind.base_url,
            default_model: kind.chat.flatten().or_else(|| kind.embeddings.flatten()),
            chat: kind.chat.is_some(),
            embeddings: kind.embeddings.is_some(),
        })
        .collect()
});

/// The catalogue of kinds.
pub fn kinds() -> &'static [ProviderKindInfo] {
    &INFOS
}

impl Kind {
    /// The kind with this name, in whatever case; the text of the error says what there is instead.
    pub fn find(name: &str) -> Result<&'static Self, String> {
        let same = |other: &str| other.eq_ignore_ascii_case(name.trim());
        if let Some(kind) = KINDS.iter().find(|kind| same(kind.name)) {
            return Ok(kind);
        }
        let reason = LATER.iter().find(|(name, _)| same(name)).map_or_else(
            || {
                "there is no such kind; \"openai-compatible\" takes the base_url of any server that \
                 speaks OpenAI's dialect"
                    .to_owned()
            },
            |(_, reason)| (*reason).to_owned(),
        );
        let names = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        Err(format!("{name:?}: {reason}. there are: {names}"))
    }
}

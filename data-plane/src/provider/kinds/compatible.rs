//! Vendors that speak like OpenAI and of whom little else is known: a row each.

use super::formats::like_openai;
use crate::provider::credentials::Auth;
use crate::provider::kind::{Kind, ROW, Speaks};

const FORMATS: &[Speaks] = like_openai!(COMPATIBLE);

const fn row(name: &'static str, label: &'static str, base_url: &'static str) -> Kind {
    Kind { name, label, base_url, formats: FORMATS, ..ROW }
}

/// One that knows only the older name of the bound of output.
const fn older(name: &'static str, label: &'static str, base_url: &'static str) -> Kind {
    Kind {
        max_tokens: "max_tokens",
        renames: &[("max_completion_tokens", "max_tokens")],
        ..row(name, label, base_url)
    }
}

pub(super) const ROWS: &[Kind] = &[
    Kind {
        chat: Some(Some("gpt-oss:120b")),
        embeddings: Some(None),
        ..row("cloud-temple", "Cloud Temple", "https://api.ai.cloud-temple.com/v1")
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
    Kind {
        embeddings: Some(None),
        ..older("sambanova", "SambaNova", "https://api.sambanova.ai/v1")
    },
    row("zai", "Z.AI", "https://api.z.ai/api/paas/v4"),
];

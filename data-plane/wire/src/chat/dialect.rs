//! Who speaks the format how. A dialect is a value: what a vendor knows of the format, and in which
//! words.

use crate::canonical::Effort;

use super::models::{self, Family};

/// The format in one vendor's words. Members say what its servers take; what they answer is read in
/// all dialects at once.
#[derive(Debug)]
pub struct Chat {
    /// What is known of its models.
    pub(super) models: &'static [Family],
    /// The member that bounds output.
    pub(super) max_tokens: &'static str,
    /// The role `developer`.
    pub(super) developer: bool,
    /// Texts as lists of parts; otherwise they are strings.
    pub(super) text_parts: bool,
    /// `name` of messages.
    pub(super) names: bool,
    /// Pictures.
    pub(super) images: bool,
    /// Sound, said and heard.
    pub(super) audio: bool,
    /// How files are given.
    pub(super) files: Files,
    /// How cache breakpoints are set.
    pub(super) cache: Cache,
    /// `strict` of functions.
    pub(super) strict: bool,
    /// Tools that take any text.
    pub(super) custom_tools: bool,
    /// The word by which some tool must be called; `None` where calls cannot be demanded.
    pub(super) required: Option<&'static str>,
    /// `tool_choice` of the type `allowed_tools`.
    pub(super) allowed_tools: bool,
    /// `parallel_tool_calls`.
    pub(super) parallel_tool_calls: bool,
    /// What it takes as ids of calls, and whether results name their tool.
    pub(super) calls: Calls,
    /// How thoughts of earlier turns are sent back.
    pub(super) history: History,
    /// How thinking is asked for.
    pub(super) thinking: Thinking,
    /// `response_format`: of the type `json_schema`.
    pub(super) json_schema: bool,
    /// `stream_options`; who does not know it sends usage unasked.
    pub(super) stream_options: bool,
    /// The member for seeds.
    pub(super) seed: Option<&'static str>,
    /// `n`.
    pub(super) n: bool,
    /// How log-probabilities are asked for.
    pub(super) logprobs: Logprobs,
    /// `logit_bias`.
    pub(super) logit_bias: bool,
    /// `top_k`.
    pub(super) top_k: bool,
    /// `frequency_penalty` and `presence_penalty`.
    pub(super) penalties: bool,
    /// `verbosity`.
    pub(super) verbosity: bool,
    /// `prediction`.
    pub(super) prediction: bool,
    /// The member for the end user.
    pub(super) user: Option<&'static str>,
    /// `safety_identifier`.
    pub(super) safety_identifier: bool,
    /// `metadata`.
    pub(super) metadata: bool,
    /// `service_tier`.
    pub(super) service_tier: bool,
    /// `store`.
    pub(super) store: bool,
    /// `prompt_cache_key`.
    pub(super) prompt_cache_key: bool,
    /// The only other members that it does not refuse; `None` where it ignores what it does not know.
    pub(super) others: Option<&'static [&'static str]>,
}

/// How files are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// Not at all.
    None,
    /// Parts of the type `file`.
    Parts,
    /// Mistral's parts of the type `document_url`.
    DocumentUrl,
}

/// How cache breakpoints are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// Not at all: the vendor caches by itself, or never.
    None,
    /// OpenAI's `prompt_cache_breakpoint`.
    Breakpoint,
    /// Anthropic's `cache_control`.
    Control,
}

/// How calls and results refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// By any id.
    AnyId,
    /// By ids of nine letters and digits; results name their tool (Mistral).
    NineLetters,
}

/// How thoughts of earlier turns are sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum History {
    /// Not at all.
    None,
    /// As text, in this member.
    Text(&'static str),
    /// As `reasoning_content`, and only beside calls, where it must not be missing (DeepSeek).
    BesideCalls,
    /// As `reasoning_details`, signatures included (OpenRouter).
    Details,
    /// As parts of the type `thinking` (Mistral).
    Parts,
    /// Not at all, but with Google's signatures of calls and texts.
    Google,
}

/// How thinking is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// With `reasoning_effort`, in these words.
    Effort(&'static [Effort]),
    /// With OpenRouter's `reasoning`.
    Object,
    /// With `thinking` and `reasoning_effort`, in these words (DeepSeek).
    Switch(&'static [Effort]),
}

/// How log-probabilities are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logprobs {
    /// Not at all.
    None,
    /// With `logprobs` and `top_logprobs`.
    Flag,
    /// With a number as `logprobs`.
    Number,
}

const EVERY: &[Effort] = &[
    Effort::None,
    Effort::Minimal,
    Effort::Low,
    Effort::Medium,
    Effort::High,
    Effort::Xhigh,
    Effort::Max,
];

/// OpenAI itself, and Azure.
pub static OPENAI: Chat = Chat {
    models: models::OPENAI,
    max_tokens: "max_completion_tokens",
    developer: true,
    text_parts: true,
    names: true,
    images: true,
    audio: true,
    files: Files::Parts,
    cache: Cache::Breakpoint,
    strict: true,
    custom_tools: true,
    required: Some("required"),
    allowed_tools: true,
    parallel_tool_calls: true,
    calls: Calls::AnyId,
    history: History::None,
    thinking: Thinking::Effort(EVERY),
    json_schema: true,
    stream_options: true,
    seed: Some("seed"),
    n: true,
    logprobs: Logprobs::Flag,
    logit_bias: true,
    top_k: false,
    penalties: true,
    verbosity: true,
    prediction: true,
    user: Some("user"),
    safety_identifier: true,
    metadata: true,
    service_tier: true,
    store: true,
    prompt_cache_key: true,
    others: None,
};

/// What most vendors and servers have taken over: the members that are older than OpenAI's own
/// models that think.
const COMMON: Chat = Chat {
    models: &[],
    max_tokens: "max_tokens",
    developer: false,
    text_parts: true,
    names: true,
    images: true,
    audio: false,
    files: Files::None,
    cache: Cache::None,
    strict: true,
    custom_tools: false,
    required: Some("required"),
    allowed_tools: false,
    parallel_tool_calls: true,
    calls: Calls::AnyId,
    history: History::None,
    thinking: Thinking::Effort(&[Effort::None, Effort::Low, Effort::Medium, Effort::High]),
    json_schema: true,
    stream_options: true,
    seed: Some("seed"),
    n: true,
    logprobs: Logprobs::Flag,
    logit_bias: true,
    top_k: true,
    penalties: true,
    verbosity: false,
    prediction: false,
    user: Some("user"),
    safety_identifier: false,
    metadata: false,
    service_tier: false,
    store: false,
    prompt_cache_key: false,
    others: None,
};

/// Servers of open models (vLLM, `SGLang`, llama.cpp, LM Studio), and vendors of whom nothing else is
/// known.
pub static COMPATIBLE: Chat = COMMON;

/// Mistral answers 422 to members that it does not know.
pub static MISTRAL: Chat = Chat {
    names: false,
    audio: true,
    files: Files::DocumentUrl,
    required: Some("any"),
    calls: Calls::NineLetters,
    history: History::Parts,
    thinking: Thinking::Effort(EVERY),
    stream_options: false,
    seed: Some("random_seed"),
    logit_bias: false,
    prediction: true,
    user: None,
    metadata: true,
    service_tier: true,
    prompt_cache_key: true,
    others: Some(&[
        "safe_prompt",
        "prompt_mode",
        "guardrails",
        "min_tokens",
        "repetition_penalty",
        "prompt_logprobs",
    ]),
    ..COMMON
};

/// DeepSeek sees text alone, and wants to be told its thoughts of this turn again.
pub static DEEPSEEK: Chat = Chat {
    text_parts: false,
    images: false,
    history: History::BesideCalls,
    thinking: Thinking::Switch(&[Effort::Low, Effort::High, Effort::Max]),
    json_schema: false,
    parallel_tool_calls: false,
    seed: None,
    n: false,
    logit_bias: false,
    top_k: false,
    user: Some("user_id"),
    ..COMMON
};

/// Groq answers 400 to some members that others have.
pub static GROQ: Chat = Chat {
    max_tokens: "max_completion_tokens",
    names: false,
    history: History::Text("reasoning"),
    n: false,
    logprobs: Logprobs::None,
    logit_bias: false,
    top_k: false,
    service_tier: true,
    metadata: true,
    ..COMMON
};

/// xAI.
pub static XAI: Chat = Chat {
    models: models::XAI,
    max_tokens: "max_completion_tokens",
    thinking: Thinking::Effort(&[Effort::Low, Effort::High]),
    logit_bias: false,
    top_k: false,
    service_tier: true,
    ..COMMON
};

/// OpenRouter speaks for many vendors, so it knows nearly everything.
pub static OPENROUTER: Chat = Chat {
    developer: true,
    files: Files::Parts,
    audio: true,
    cache: Cache::Control,
    history: History::Details,
    thinking: Thinking::Object,
    verbosity: true,
    prediction: true,
    metadata: true,
    ..COMMON
};

/// Perplexity searches, and calls no tools but its own on most models.
pub static PERPLEXITY: Chat = Chat {
    names: false,
    strict: false,
    thinking: Thinking::Effort(&[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High]),
    seed: None,
    n: false,
    logprobs: Logprobs::None,
    logit_bias: false,
    user: None,
    ..COMMON
};

/// Together, which counts log-probabilities with a number.
pub static TOGETHER: Chat = Chat { logprobs: Logprobs::Number, ..COMMON };

/// Fireworks.
pub static FIREWORKS: Chat = Chat { history: History::Text("reasoning_content"), ..COMMON };

/// Scaleway.
pub static SCALEWAY: Chat =
    Chat { n: false, logit_bias: false, top_k: false, user: None, ..COMMON };

/// Gemini behind Google's endpoint for OpenAI's clients: its signatures stand in `extra_content`.
pub static GOOGLE: Chat = Chat {
    names: false,
    audio: true,
    history: History::Google,
    logit_bias: false,
    top_k: false,
    ..COMMON
};

/// Ollama's `/v1`, which ignores which tool is to be called.
pub static OLLAMA: Chat = Chat {
    required: None,
    parallel_tool_calls: false,
    history: History::Text("reasoning"),
    n: false,
    logit_bias: false,
    top_k: false,
    user: None,
    ..COMMON
};

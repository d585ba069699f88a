//! What configs of `ai-proxy` and `ai-proxy-multi` hold.

use std::collections::BTreeMap;
use std::time::Duration;

use sanmon_shared::resources::Inert;
use sanmon_shared::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::provider::inline::{Vendor, vendors};
use crate::upstream::Keep;

/// Whose models are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AiProxyProvider)]
pub(in crate::plugin) enum VendorName {
    Openai,
    Deepseek,
    Aimlapi,
    Anthropic,
    OpenaiCompatible,
    AzureOpenai,
    Openrouter,
    Gemini,
    VertexAi,
    Bedrock,
}

impl VendorName {
    /// As configs write it.
    pub(in crate::plugin) const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Deepseek => "deepseek",
            Self::Aimlapi => "aimlapi",
            Self::Anthropic => "anthropic",
            Self::OpenaiCompatible => "openai-compatible",
            Self::AzureOpenai => "azure-openai",
            Self::Openrouter => "openrouter",
            Self::Gemini => "gemini",
            Self::VertexAi => "vertex-ai",
            Self::Bedrock => "bedrock",
        }
    }

    pub(super) fn vendor(self) -> &'static Vendor {
        match self {
            Self::Openai => &vendors::OPENAI,
            Self::Deepseek => &vendors::DEEPSEEK,
            Self::Aimlapi => &vendors::AIMLAPI,
            Self::Anthropic => &vendors::ANTHROPIC,
            Self::OpenaiCompatible => &vendors::OPENAI_COMPATIBLE,
            Self::AzureOpenai => &vendors::AZURE_OPENAI,
            Self::Openrouter => &vendors::OPENROUTER,
            Self::Gemini => &vendors::GEMINI,
            Self::VertexAi => &vendors::VERTEX_AI,
            Self::Bedrock => &vendors::BEDROCK,
        }
    }
}

/// Who calls the provider. May be empty, for a server that asks nobody.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyAuth)]
pub(in crate::plugin) struct Auth {
    /// Headers of every call.
    pub(super) header: BTreeMap<String, Secret>,
    /// Query parameters of every call; one of the endpoint's own goes over one of these.
    pub(super) query: BTreeMap<String, Secret>,
    /// Vertex AI: a service account, from which tokens are fetched.
    pub(super) gcp: Option<Gcp>,
    /// Bedrock: keys that sign calls.
    pub(super) aws: Option<Aws>,
}

impl Auth {
    /// Of nothing but headers and parameters.
    pub(in crate::plugin) fn plain(
        header: BTreeMap<String, Secret>,
        query: BTreeMap<String, Secret>,
    ) -> Self {
        Self { header, query, ..Self::default() }
    }
}

/// A service account of Google.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyGcp)]
pub(super) struct Gcp {
    /// Its JSON key; `GCP_SERVICE_ACCOUNT` of the data plane's environment when absent.
    pub(super) service_account_json: Option<Secret>,
    #[doc = "Seconds for which tokens are kept at most."]
    max_ttl: Inert,
    #[doc = "Seconds by which tokens are renewed before they end."]
    expire_early_secs: Inert,
}

/// Keys of AWS.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiProxyAws)]
pub(super) struct Aws {
    /// The id of the key.
    pub(super) access_key_id: Secret,
    /// The key.
    pub(super) secret_access_key: Secret,
    /// Of temporary credentials.
    #[serde(default)]
    pub(super) session_token: Option<Secret>,
}

/// Where a cloud has the models.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyProviderConf)]
pub(in crate::plugin) struct ProviderConf {
    /// Vertex AI: the project.
    pub(super) project_id: Option<String>,
    /// Vertex AI and Bedrock: the region.
    pub(super) region: Option<String>,
}

/// What goes over what the provider has usually.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyOverride)]
pub(in crate::plugin) struct Override {
    /// The address. One with a path is taken as it is; without a path the provider's own follows.
    #[schema(example = "https://llm.example.com/v1/chat/completions")]
    pub(super) endpoint: Option<String>,
    /// What is bounded, under the name that the provider has for it.
    pub(super) llm_options: LlmOptions,
    /// Members of bodies, at any depth, by the protocol in which the provider is asked.
    pub(super) request_body: RequestBody,
    /// Whether `request_body` goes over what bodies have, and not only where they lack it.
    pub(super) request_body_force_override: bool,
}

impl Override {
    /// Of nothing but the address.
    pub(in crate::plugin) fn at(endpoint: Option<String>) -> Self {
        Self { endpoint, ..Self::default() }
    }
}

/// What is bounded.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyLlmOptions)]
pub(super) struct LlmOptions {
    /// The most tokens of an answer, whatever requests say.
    #[schema(minimum = 1)]
    pub(super) max_tokens: Option<u64>,
}

/// Members of bodies.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schema(as = AiProxyRequestBody)]
pub(super) struct RequestBody {
    /// Of Anthropic Messages.
    #[schema(value_type = Object)]
    pub(super) anthropic_messages: Map<String, Value>,
    /// Of Bedrock's Converse.
    #[schema(value_type = Object)]
    pub(super) bedrock_converse: Map<String, Value>,
    /// Of Chat Completions.
    #[schema(value_type = Object)]
    pub(super) openai_chat: Map<String, Value>,
    /// Of Embeddings.
    #[schema(value_type = Object)]
    pub(super) openai_embeddings: Map<String, Value>,
    /// Of Responses.
    #[schema(value_type = Object)]
    pub(super) openai_responses: Map<String, Value>,
    /// Of what passes as it is.
    #[schema(value_type = Object)]
    pub(super) passthrough: Map<String, Value>,
}

/// What is logged.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = AiProxyLogging)]
pub(in crate::plugin) struct Logging {
    /// Models, tokens and times: the access log has them in any case.
    #[serde(rename = "summaries")]
    _summaries: bool,
    /// What was asked, up to 8 KiB of it, as `asked` of the access log. What was answered is not logged.
    pub(in crate::plugin) payloads: bool,
}

/// What both plugins have beside their instances, as it counts.
#[derive(Clone, Copy, Debug)]
pub(in crate::plugin) struct Common {
    pub(in crate::plugin) timeout: u64,
    pub(in crate::plugin) max_req_body_size: usize,
    pub(in crate::plugin) max_stream_duration_ms: Option<u64>,
    pub(in crate::plugin) max_response_bytes: Option<usize>,
    pub(in crate::plugin) keep: Keep,
    pub(in crate::plugin) ssl_verify: bool,
    pub(in crate::plugin) logs: bool,
}

/// How connections are kept.
pub(in crate::plugin) fn keep(on: bool, time: Option<u64>, connections: Option<usize>) -> Keep {
    let usual = Keep::default();
    Keep {
        time: time.map_or(usual.time, Duration::from_millis),
        connections: if on { connections.unwrap_or(usual.connections) } else { 0 },
    }
}

/// Milliseconds.
pub(in crate::plugin) const fn timeout() -> u64 {
    30_000
}

/// Bytes.
pub(in crate::plugin) const fn max_req_body_size() -> usize {
    64 * 1024 * 1024
}

/// On, unless the config says otherwise.
pub(in crate::plugin) const fn yes() -> bool {
    true
}

/// Declares a config with what both plugins have beside their instances. One schema cannot be put into
/// another, since each refuses members that it does not know.
macro_rules! config {
    ($(#[$about:meta])* $name:ident as $schema:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $name {
            $($own)*
            /// What is logged.
            #[serde(default)]
            logging: $crate::plugin::ai_proxy::config::Logging,
            /// Milliseconds for connecting, and for silence; of an answer that is not streamed, for all of
            /// it.
            #[serde(default = "crate::plugin::ai_proxy::config::timeout")]
            #[schema(minimum = 1, maximum = 600_000)]
            timeout: u64,
            /// Bytes of a request's body; larger ones are refused with 413.
            #[serde(default = "crate::plugin::ai_proxy::config::max_req_body_size")]
            #[schema(minimum = 1)]
            max_req_body_size: usize,
            /// Milliseconds of a streamed answer; an hour when absent.
            #[serde(default)]
            #[schema(minimum = 1)]
            max_stream_duration_ms: Option<u64>,
            /// Bytes of an answer; the gateway's own bound when absent.
            #[serde(default)]
            #[schema(minimum = 1)]
            max_response_bytes: Option<usize>,
            /// Whether connections are kept open for other requests.
            #[serde(default = "crate::plugin::ai_proxy::config::yes")]
            keepalive: bool,
            /// Milliseconds for which they are; 55 seconds when absent.
            #[serde(default)]
            #[schema(minimum = 1_000)]
            keepalive_timeout: Option<u64>,
            /// How many are, to one host; as many as are needed when absent.
            #[serde(default)]
            #[schema(minimum = 1)]
            keepalive_pool: Option<usize>,
            /// Whether certificates are verified. They are in any case: `false` is refused where there is
            /// a certificate.
            #[serde(default = "crate::plugin::ai_proxy::config::yes")]
            ssl_verify: bool,
            #[doc = "Milliseconds between flushes: streams are sent on as they come."]
            #[serde(default)]
            streaming_flush_interval_ms: sanmon_shared::resources::Inert,
        }

        impl $name {
            /// What both plugins have.
            fn common(&self) -> $crate::plugin::ai_proxy::config::Common {
                let (time, connections) = (self.keepalive_timeout, self.keepalive_pool);
                let sanmon_shared::resources::Inert = self.streaming_flush_interval_ms;
                $crate::plugin::ai_proxy::config::Common {
                    timeout: self.timeout,
                    max_req_body_size: self.max_req_body_size,
                    max_stream_duration_ms: self.max_stream_duration_ms,
                    max_response_bytes: self.max_response_bytes,
                    keep: $crate::plugin::ai_proxy::config::keep(self.keepalive, time, connections),
                    ssl_verify: self.ssl_verify,
                    logs: self.logging.payloads,
                }
            }
        }
    };
}
pub(in crate::plugin) use config;

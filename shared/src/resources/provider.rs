use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Inert, ProviderId};
use crate::resource::Resource;
use crate::secret::Secret;

/// An account at an LLM vendor, or a server of one's own: where chat requests go.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Generated when absent.
    #[schema(value_type = Option<String>)]
    pub id: ProviderId,
    /// Shown to people. Callers name the provider by its slug: `metadata.endpoint_name`, else
    /// `metadata.provider_name`, else this, in lower case with `_` between words.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The kind, as `/provider-kinds` lists it.
    #[schema(example = "openai")]
    pub provider: String,
    /// How it is reached.
    #[serde(default)]
    pub connection: Connection,
    /// Members that a request gets where it lacks them: `model` and others of the vendor's API.
    /// `allow_config_override: false` lets them win over the request's.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"model": "gpt-4o-mini"}))]
    pub options: Map<String, Value>,
    /// Which models may be used.
    #[serde(default)]
    pub models: ModelFilter,
    /// What happens to a request that cannot be put to the provider whole.
    #[serde(default)]
    pub fidelity: Fidelity,
    /// What happens to members that the model is known to refuse, `temperature` of reasoning models
    /// among them.
    #[serde(default)]
    pub parameters: ParameterPolicy,
    /// The provider that is asked when this one fails before its first content. It is asked for the
    /// model that the caller named where its `models.include` has that one, or where it is of the same
    /// kind and its options name no model; otherwise for its own.
    #[serde(default)]
    pub provider_fallback: Option<ProviderId>,
    /// Persistent memory.
    #[serde(default)]
    memory: Inert,
    /// Prompt contexts.
    #[serde(default)]
    context: Inert,
    /// Guardrails.
    #[serde(default)]
    guardrails: Inert,
    /// Whether a denial is an error.
    #[serde(default)]
    guardrails_fail_on_deny: Inert,
    /// Response cache.
    #[serde(default)]
    cache: Inert,
}

/// What happens to a request that cannot be put to its provider whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// It goes without what cannot be said, which the header `x-sanmon-fidelity` tells.
    #[default]
    Report,
    /// It is refused.
    Strict,
}

/// What happens to members that a model is known to refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterPolicy {
    /// They are left out, which the header `x-sanmon-fidelity` tells.
    #[default]
    Drop,
    /// The request is refused.
    Error,
    /// They are sent.
    Pass,
}

/// How a provider is reached. Times in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Connection {
    /// Base of the API; the vendor's when absent.
    #[schema(example = "https://api.openai.com/v1")]
    pub base_url: Option<String>,
    /// The same as `base_url`.
    pub base_domain: Option<String>,
    /// Credential, sent as the vendor wants it.
    pub token: Option<Secret>,
    /// Headers of every call, `{api_key}` and `{token}` standing for the token.
    pub headers: BTreeMap<String, Secret>,
    /// The whole call, its streamed answer excepted.
    #[schema(minimum = 1)]
    pub timeout: u64,
    /// Until the connection stands.
    #[schema(minimum = 1)]
    pub connect_timeout: u64,
    /// Silence between pieces of a streamed answer.
    #[schema(minimum = 1)]
    pub idle_timeout: u64,
    /// A whole streamed answer.
    #[schema(minimum = 1)]
    pub stream_timeout: u64,
    /// Lets the base be a link-local address or a cloud's metadata service, which are refused
    /// otherwise.
    pub allow_link_local: bool,
    /// Path of the model list, below the base.
    pub models_path: Option<String>,
    /// Whether it can stream.
    pub supports_streaming: bool,
    /// Members of the body under other names.
    pub param_mappings: BTreeMap<String, String>,
    /// Members that every body gets, over the request's.
    #[schema(value_type = Object)]
    pub additional_body_params: Map<String, Value>,
    /// Formats of chats that the server speaks (`chat`, `completions`, `responses`, `anthropic`), for
    /// kinds whose servers differ; what it does not speak is translated to the first. The kind's own
    /// when absent.
    #[schema(example = json!(["chat", "responses"]))]
    pub formats: Vec<String>,
    /// Whether it serves legacy completions; otherwise they are translated.
    pub supports_completion: bool,
    /// Tools can be used.
    supports_tools: Inert,
    /// Usage is summed over the pieces of a stream.
    acc_stream_consumptions: Inert,
    /// Azure: the resource, as its host names it.
    pub resource_name: Option<String>,
    /// Azure: the deployment, for calls of a dated `api_version`, whatever model they name. Without
    /// it the model is the deployment.
    pub deployment_id: Option<String>,
    /// Azure: `v1`, or the date of the older API.
    #[schema(example = "v1")]
    pub api_version: Option<String>,
    /// Azure: sent as `api-key`. Vertex: sent as `x-goog-api-key`.
    pub api_key: Option<Secret>,
    /// Azure: the tenant of the application that calls, with `client_id` and `client_secret`, from
    /// which tokens are fetched.
    pub tenant_id: Option<String>,
    /// Azure: the application's id.
    pub client_id: Option<String>,
    /// Azure: the application's secret.
    pub client_secret: Option<Secret>,
    /// Azure: where its tokens are fetched; `https://login.microsoftonline.com` when absent.
    pub authority: Option<String>,
    /// Azure: for what its tokens are asked; `https://cognitiveservices.azure.com/.default` when
    /// absent.
    pub scope: Option<String>,
    /// Bedrock: the region. Vertex: the same as `location`.
    #[schema(example = "eu-west-1")]
    pub region: Option<String>,
    /// Bedrock: signs calls, with `secret_access_key`. A `token` is sent as a Bedrock API key
    /// instead.
    pub access_key_id: Option<Secret>,
    /// Bedrock: signs calls.
    pub secret_access_key: Option<Secret>,
    /// Bedrock: of temporary credentials.
    pub session_token: Option<Secret>,
    /// Vertex: the project.
    pub project_id: Option<String>,
    /// Vertex: the location, `global` among them.
    #[schema(example = "global")]
    pub location: Option<String>,
    /// Vertex: the JSON key of a service account, from which tokens are fetched. A `token` is sent as
    /// it is instead.
    pub service_account: Option<Secret>,
    /// Anthropic: the header `anthropic-version`; `2023-06-01` when absent.
    pub version: Option<String>,
    /// Anthropic: the header `anthropic-beta`.
    pub beta: Option<String>,
    /// Cloudflare: the account.
    pub account_id: Option<String>,
    /// Cloudflare: the model, where a request names none.
    pub model_name: Option<String>,
    /// OVH: one address for all models, or one for each.
    pub unified: Option<bool>,
    /// Scripted behaviour of the kind `mock`.
    pub mock: Mock,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            base_url: None,
            base_domain: None,
            token: None,
            headers: BTreeMap::new(),
            timeout: 180_000,
            connect_timeout: 10_000,
            idle_timeout: 120_000,
            stream_timeout: 3_600_000,
            allow_link_local: false,
            models_path: None,
            supports_streaming: true,
            param_mappings: BTreeMap::new(),
            additional_body_params: Map::new(),
            formats: Vec::new(),
            supports_completion: true,
            supports_tools: Inert,
            acc_stream_consumptions: Inert,
            resource_name: None,
            deployment_id: None,
            api_version: None,
            api_key: None,
            tenant_id: None,
            client_id: None,
            client_secret: None,
            authority: None,
            scope: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            project_id: None,
            location: None,
            service_account: None,
            version: None,
            beta: None,
            account_id: None,
            model_name: None,
            unified: None,
            mock: Mock::default(),
        }
    }
}

/// What a provider of the kind `mock` answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Mock {
    /// The text of each answer; without it, one that names the model and the last message's length.
    pub answer: Option<String>,
    /// Pieces of a streamed answer.
    #[schema(minimum = 1, maximum = 10_000)]
    pub chunks: u32,
    /// Milliseconds before the answer and before each piece.
    #[schema(maximum = 60_000)]
    pub delay: u64,
    /// Answers with this status and an error instead.
    #[schema(minimum = 400, maximum = 599)]
    pub status: Option<u16>,
    /// Breaks a streamed answer after so many pieces.
    pub cut_after: Option<u32>,
}

impl Default for Mock {
    fn default() -> Self {
        Self { answer: None, chunks: 20, delay: 0, status: None, cut_after: None }
    }
}

/// Which models may be used: one of `include` must match the whole name (none: any may), and none
/// of `exclude`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ModelFilter {
    /// Regular expressions.
    #[schema(example = json!(["gpt-4o.*"]))]
    pub include: Vec<String>,
    /// Regular expressions.
    pub exclude: Vec<String>,
}

impl Resource for Provider {
    const KIND: &'static str = "provider";
    const PLURAL: &'static str = "providers";
    const TITLE: &'static str = "Provider";
    const ABOUT: &'static str = "LLM vendors' accounts and servers of one's own.";

    fn example() -> Value {
        json!({
            "name": "openai",
            "provider": "openai",
            "connection": {"token": "$env://OPENAI_API_KEY"},
            "options": {"model": "gpt-4o-mini"}
        })
    }
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Mock;
use crate::resources::Inert;
use crate::secret::Secret;

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
    /// Until the first content of a streamed answer; as long as `timeout` when absent.
    #[schema(minimum = 1)]
    pub first_token_timeout: Option<u64>,
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
            first_token_timeout: None,
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

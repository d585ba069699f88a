use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::SecretManagerId;
use crate::resource::Resource;
use crate::secret::Secret;

/// Keeps secrets that documents refer to: `$secret://main/openai/key` is `key` of `openai` with the manager
/// `main`. Data planes ask it; the control plane never does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SecretManager {
    /// Generated when absent. By what references name it; that of `$secret://vault/1/…`, as APISIX writes
    /// them, is `vault.1`.
    #[schema(value_type = Option<String>)]
    pub id: SecretManagerId,
    /// Shown to people.
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
    /// Seconds after which a data plane asks again for a secret that it has.
    #[serde(default = "refresh_seconds")]
    #[schema(minimum = 1, maximum = 86_400)]
    pub refresh_seconds: u64,
    /// Vault, or a server that speaks its API.
    pub vault: Option<Vault>,
    /// AWS Secrets Manager.
    pub aws: Option<Aws>,
    /// Google Cloud's Secret Manager.
    pub gcp: Option<Gcp>,
}

/// The KV engine of a Vault, in version 1 or 2. A reference ends with the name of the secret and the
/// key in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SecretManagerVault)]
pub struct Vault {
    /// Its address.
    #[schema(example = "https://vault.example.com:8200")]
    pub uri: String,
    /// Where the secrets are, below `/v1/`; the engine of version 2 is at `<mount>/data`.
    #[schema(example = "secret/data/llm")]
    pub prefix: String,
    /// Who asks.
    pub token: Secret,
    /// The namespace.
    pub namespace: Option<String>,
}

/// AWS Secrets Manager. A reference ends with the name of the secret, in which there may be slashes, and,
/// where it holds a JSON object, the key in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SecretManagerAws)]
pub struct Aws {
    /// The id of the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// Of temporary credentials.
    pub session_token: Option<Secret>,
    /// The region; `us-east-1` when absent.
    pub region: Option<String>,
    /// Its address; that of the region when absent.
    pub endpoint_url: Option<String>,
}

/// Google Cloud's Secret Manager. A reference ends with the name of the secret and, where it holds a
/// JSON object, the key in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SecretManagerGcp)]
pub struct Gcp {
    /// The service account that asks.
    pub auth_config: GcpAccount,
}

/// A service account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SecretManagerGcpAccount)]
pub struct GcpAccount {
    /// Its name.
    pub client_email: String,
    /// Its key, in PEM.
    pub private_key: Secret,
    /// The project that has the secrets.
    pub project_id: String,
    /// Where it fetches tokens; Google's own address when absent.
    pub token_uri: Option<String>,
    /// For what tokens are; `https://www.googleapis.com/auth/cloud-platform` when empty.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Where the secrets are; `https://secretmanager.googleapis.com/v1` when absent.
    pub entries_uri: Option<String>,
}

const fn refresh_seconds() -> u64 {
    300
}

impl Resource for SecretManager {
    const KIND: &'static str = "secret-manager";
    const PLURAL: &'static str = "secret-managers";
    const TITLE: &'static str = "SecretManager";
    const ABOUT: &'static str = "Where the secrets are kept that documents refer to.";

    fn example() -> Value {
        json!({
            "name": "our vault",
            "vault": {
                "uri": "https://vault.example.com:8200",
                "prefix": "secret/data/llm",
                "token": "$env://VAULT_TOKEN"
            }
        })
    }
}

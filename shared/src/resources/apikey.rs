use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{ApikeyId, ConsumerId, Inert, ThrottlingStrategy, yes};
use crate::resource::Resource;
use crate::secret::HashedSecret;

/// What an application shows to be let in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Apikey {
    /// Its id; generated when absent.
    #[schema(value_type = Option<String>)]
    pub client_id: ApikeyId,
    /// Generated when absent. The answer to the write that sets it shows it, and `bearer`, once.
    #[schema(value_type = Option<HashedSecret>)]
    pub client_secret: HashedSecret,
    /// Shown to people.
    #[serde(default)]
    pub client_name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Labels; plugins can ask for them.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Labels with values. `ai_models_include` and `ai_models_exclude` hold comma-separated regular
    /// expressions of models.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// A disabled key is refused.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whose key it is; the consumer's plugins are then its requests' too.
    #[serde(default)]
    pub consumer_ref: Option<ConsumerId>,
    /// What it may call: `group_<id>`, `route_<id>`, `service_<id>`; other values are groups. A key
    /// without any may call nothing.
    #[serde(default)]
    #[schema(example = json!(["group_default"]))]
    pub authorized_entities: Vec<String>,
    /// The same as pairs; both lists count.
    #[serde(default)]
    pub authorizations: Vec<Authorization>,
    /// One more group.
    #[serde(default)]
    pub authorized_group: Option<String>,
    /// Refused from then on, in milliseconds since 1970.
    #[serde(default)]
    pub valid_until: Option<i64>,
    /// Only GET, HEAD and OPTIONS.
    #[serde(default)]
    pub read_only: bool,
    /// The id alone is enough.
    #[serde(default)]
    pub allow_client_id_only: bool,
    /// Keeps the secret so that it can be opened again, which JWTs signed with it need.
    #[serde(default)]
    pub keep_secret: bool,
    /// Paths that it may or may not call.
    #[serde(default)]
    pub restrictions: Restrictions,
    /// A second secret, valid beside the first.
    #[serde(default)]
    pub rotation: Rotation,
    /// What its LLM requests may ask for.
    #[serde(default)]
    pub constraints: Constraints,
    /// Usable only on routes that declare routing constraints.
    #[serde(default)]
    pub constrained_services_only: bool,
    /// The most calls in 10 seconds, from the first of them on, unless `throttlingStrategy` says
    /// otherwise. Without it there is no such limit, nor where this and both other quotas are 10000000,
    /// as Otoroshi writes them by default.
    #[serde(default)]
    pub throttling_quota: Option<u64>,
    /// The most calls in a calendar day, in UTC. Without it there is no such limit.
    #[serde(default)]
    pub daily_quota: Option<u64>,
    /// The most calls in a calendar month, in UTC. Without it there is no such limit.
    #[serde(default)]
    pub monthly_quota: Option<u64>,
    /// How calls are counted against `throttlingQuota`.
    #[serde(default)]
    pub throttling_strategy: Option<ThrottlingStrategy>,
}

/// Something a key may call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Authorization {
    /// `group`, `route` or `service`.
    #[schema(example = "group")]
    pub kind: String,
    /// Its id.
    #[schema(example = "default")]
    pub id: String,
}

/// Paths that a key may or may not call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Restrictions {
    /// Without this they do not count.
    pub enabled: bool,
    /// With it, what matches `allowed` passes whatever the other lists say; and what matches none
    /// passes. Without it, what matches no list is refused with 404.
    pub allow_last: bool,
    /// These pass.
    pub allowed: Vec<Restriction>,
    /// These are refused with 403.
    pub forbidden: Vec<Restriction>,
    /// These are refused with 404.
    pub not_found: Vec<Restriction>,
}

impl Default for Restrictions {
    fn default() -> Self {
        Self {
            enabled: false,
            allow_last: true,
            allowed: Vec::new(),
            forbidden: Vec::new(),
            not_found: Vec::new(),
        }
    }
}

/// Some requests.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Restriction {
    /// A method, or `*`.
    #[serde(default = "any_method")]
    pub method: String,
    /// Regular expression of the whole path, or of host and path where it does not begin with `/`.
    pub path: String,
    /// Only there.
    #[serde(default)]
    pub authorized_entity: Option<RestrictionEntity>,
}

/// Where a restriction counts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RestrictionEntity {
    /// `group`, `route` or `service`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

fn any_method() -> String {
    "*".to_owned()
}

/// A second secret, valid beside the first until somebody makes it the first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Rotation {
    /// Whether `nextSecret` counts.
    pub enabled: bool,
    /// The second secret.
    pub next_secret: Option<HashedSecret>,
    /// Hours between rotations.
    rotation_every: Inert,
    /// Hours during which both secrets count.
    grace_period: Inert,
}

/// What a key's LLM requests may ask for; what they ask beyond it is refused with 403.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Constraints {
    /// Largest `max_tokens` or `max_completion_tokens`; a request without either gets it.
    #[schema(minimum = 1)]
    pub max_tokens: Option<u64>,
    /// Whether requests may carry `tools`.
    pub tools: Option<bool>,
    /// Whether requests may stream.
    pub stream: Option<bool>,
    /// Regular expressions of models: one must match the whole name (none: any may).
    pub models_include: Vec<String>,
    /// Regular expressions of models: none may match.
    pub models_exclude: Vec<String>,
}

impl Resource for Apikey {
    const KIND: &'static str = "apikey";
    const PLURAL: &'static str = "apikeys";
    const TITLE: &'static str = "Apikey";
    const ABOUT: &'static str = "What applications show to be let in.";
    const ID_FIELD: &'static str = "clientId";
    const NAME_FIELD: &'static str = "clientName";
    const ID_PREFIX: &'static str = "";

    fn example() -> Value {
        json!({"clientName": "my application", "authorizedEntities": ["group_default"]})
    }
}

use std::collections::BTreeMap;

use sanmon_shared::resources::Inert;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// How requests present API keys, and what happens with those that present none.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApikeysConfig)]
#[serde(default)]
pub struct Config {
    /// Without this nothing is refused; a good key is still known to those who ask for it.
    pub(super) validate: bool,
    /// Whether a request without a key is refused.
    pub(super) mandatory: bool,
    /// Whether the key is taken out of what the route's targets see. Providers never see it.
    pub(super) wipe_backend_request: bool,
    /// A logged-in user passes without a key.
    pass_with_user: Inert,
    /// Calls are counted. Without this they are only let pass while the key's quotas have something left.
    pub(super) update_quotas: bool,
    /// Where keys are looked for.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) extractors: ExtractorsConfig,
    /// Which keys the route is for: a request with another one goes to the next route.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) routing: RoutingConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            validate: true,
            mandatory: true,
            wipe_backend_request: true,
            pass_with_user: Inert,
            update_quotas: true,
            extractors: ExtractorsConfig::default(),
            routing: RoutingConfig::default(),
        }
    }
}

/// Where keys are looked for, in this order: the id alone, two headers, a JWT, basic, bearer.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApikeysExtractors)]
#[serde(default)]
pub(super) struct ExtractorsConfig {
    /// Id and secret as HTTP's basic authentication has them.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) basic: PlacesConfig,
    /// Id and secret in a header each.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) custom_headers: HeadersConfig,
    /// The id alone, for keys that allow it.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) client_id: PlacesConfig,
    /// A JWT that is signed with the secret of a key with `keepSecret`.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) jwt: TokenConfig,
    /// `otoapk_…`.
    #[serde(deserialize_with = "or_default")]
    #[schema(nullable)]
    pub(super) oto_bearer: PlacesConfig,
}

/// Where one form of a key is looked for. Names that are absent are the usual ones.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApikeysPlaces)]
#[serde(default)]
pub(super) struct PlacesConfig {
    /// Whether it is looked for.
    pub(super) enabled: bool,
    /// Header.
    pub(super) header_name: Option<String>,
    /// Query parameter.
    pub(super) query_name: Option<String>,
    /// Cookie.
    pub(super) cookie_name: Option<String>,
    /// Named segment of the route's path.
    pub(super) path_name: Option<String>,
}

impl Default for PlacesConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            header_name: None,
            query_name: None,
            cookie_name: None,
            path_name: None,
        }
    }
}

/// The two headers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApikeysHeaders)]
#[serde(default)]
pub(super) struct HeadersConfig {
    /// Whether they are looked for.
    pub(super) enabled: bool,
    /// Of the id; `Otoroshi-Client-Id` when absent.
    pub(super) client_id_header_name: Option<String>,
    /// Of the secret; `Otoroshi-Client-Secret` when absent.
    pub(super) client_secret_header_name: Option<String>,
}

impl Default for HeadersConfig {
    fn default() -> Self {
        Self { enabled: true, client_id_header_name: None, client_secret_header_name: None }
    }
}

/// JWTs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApikeysTokens)]
#[serde(default)]
pub(super) struct TokenConfig {
    /// Whether they are looked for.
    pub(super) enabled: bool,
    /// Whether they may be signed with the key's secret.
    pub(super) secret_signed: bool,
    /// Whether they may be signed with a key pair.
    keypair_signed: Inert,
    /// Whether the claims `httpPath`, `httpVerb` and `httpHost` have to be those of the request.
    pub(super) include_request_attrs: bool,
    /// The most seconds from `iat` to `exp`; both are then needed.
    pub(super) max_jwt_lifespan_sec: Option<u64>,
    /// Header.
    pub(super) header_name: Option<String>,
    /// Query parameter.
    pub(super) query_name: Option<String>,
    /// Cookie.
    pub(super) cookie_name: Option<String>,
    /// Named segment of the route's path.
    pub(super) path_name: Option<String>,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            secret_signed: true,
            keypair_signed: Inert,
            include_request_attrs: false,
            max_jwt_lifespan_sec: None,
            header_name: None,
            query_name: None,
            cookie_name: None,
            path_name: None,
        }
    }
}

/// Which keys a route is for. What is empty does not count.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApikeysRouting)]
#[serde(default)]
pub(super) struct RoutingConfig {
    /// Without this the rest does not count.
    pub(super) enabled: bool,
    /// The key has none of these tags.
    pub(super) none_tag_in: Vec<String>,
    /// The same, as Otoroshi writes it.
    #[serde(rename = "none_tagIn")]
    pub(super) none_tag_in_as_written: Vec<String>,
    /// The key has one of these tags.
    pub(super) one_tag_in: Vec<String>,
    /// The key has all of these tags.
    pub(super) all_tags_in: Vec<String>,
    /// The key has none of these metadata.
    pub(super) none_meta_in: BTreeMap<String, String>,
    /// The key has one of these metadata.
    pub(super) one_meta_in: BTreeMap<String, String>,
    /// The key has all of these metadata.
    pub(super) all_meta_in: BTreeMap<String, String>,
    /// The key has metadata of none of these names.
    pub(super) none_meta_keys_in: Vec<String>,
    /// The key has metadata of one of these names.
    pub(super) one_meta_key_in: Vec<String>,
    /// The key has metadata of all of these names.
    pub(super) all_meta_keys_in: Vec<String>,
}

/// `null` is what an export says of a member that was never set.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

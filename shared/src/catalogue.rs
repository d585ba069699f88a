//! What the control plane must know of the data plane's plugins and providers. The data plane
//! implements it, the binary injects it, and so a config is checked by the code that will run it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;

/// When in a request's life a plugin acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// While a route is looked for: may say that this route is not the one.
    Match,
    /// May answer at once, before anybody is asked who they are: CORS preflights.
    Preflight,
    /// Who calls, and may they?
    Authorize,
    /// Changes the request on its way to the backend.
    Request,
    /// Answers instead of the route's targets.
    Backend,
    /// Changes the head of the answer.
    Response,
}

/// A kind of plugin, as the catalogue shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PluginKindInfo {
    /// What a slot's `plugin` says.
    #[schema(example = "openai-chat-completions")]
    pub name: &'static str,
    /// Other names that mean the same, such as the long ids of Otoroshi.
    pub aliases: &'static [&'static str],
    /// What it does, in a sentence.
    pub about: &'static str,
    /// When it acts.
    pub phases: &'static [Phase],
    /// JSON Schema of a slot's `config`.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// Configs that build.
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<Value>,
}

/// A kind of provider: what `provider` of a provider or an embedding model may say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProviderKindInfo {
    /// What `provider` says.
    #[schema(example = "openai")]
    pub name: &'static str,
    /// The vendor's name for people.
    pub label: &'static str,
    /// Used when `connection.base_url` is absent; empty where it must be given.
    pub base_url: &'static str,
    /// Used when neither the request nor `options.model` names a model.
    pub default_model: Option<&'static str>,
    /// Serves chat completions.
    pub chat: bool,
    /// Serves embeddings.
    pub embeddings: bool,
}

/// Looks a document up as it will be once the write is committed.
pub trait Lookup {
    /// The document, secrets sealed.
    fn get(&self, plural: &str, id: &str) -> Option<Value>;
}

/// Plugins, provider kinds, and whether a document can be built.
pub trait PluginCatalogue: Send + Sync + 'static {
    /// Every kind of plugin.
    fn plugins(&self) -> &[PluginKindInfo];

    /// The kind with this name or alias.
    fn plugin(&self, name: &str) -> Option<&PluginKindInfo>;

    /// Every kind of provider.
    fn providers(&self) -> &[ProviderKindInfo];

    /// Builds `document` as a data plane would and drops it again; every problem with its pointer.
    ///
    /// `document` has passed its schema, its references exist, and its secrets are sealed. What
    /// only a data plane's own environment can tell (an unset variable) is no problem here.
    fn check(&self, plural: &str, document: &Value, lookup: &dyn Lookup) -> Vec<Problem>;

    /// Whether documents that refer to this one have to be checked again after the change.
    fn concerns_referrers(&self, plural: &str, before: &Value, after: &Value) -> bool;
}

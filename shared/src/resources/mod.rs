//! The kinds of documents, one file each. Member names follow Otoroshi's entities, so that documents
//! written for it are taken as printed. The types read leniently; the admin API checks strictly,
//! against the schemas derived from them.

mod admin;
mod apikey;
mod backend;
mod consumer;
mod consumer_group;
mod embedding_model;
mod global_plugin;
mod inert;
mod plugin;
mod plugin_config;
mod prompt;
mod prompt_context;
mod prompt_template;
mod provider;
mod route;
mod secret_manager;
mod service;
mod throttling;
mod vars;

pub use admin::{Admin, Role};
pub use apikey::{
    Apikey, Authorization, Constraints, Restriction, RestrictionEntity, Restrictions, Rotation,
};
pub use backend::{Backend, BackendEntity, BalancingKind, Client, LoadBalancing, PassHost, Target};
pub use consumer::Consumer;
pub use consumer_group::ConsumerGroup;
pub use embedding_model::{EmbeddingConfig, EmbeddingModel};
pub use global_plugin::GlobalPlugin;
pub use inert::Inert;
pub use plugin::{PluginInstance, PluginSlot};
pub use plugin_config::PluginConfig;
pub use prompt::Prompt;
pub use prompt_context::{PromptContext, PromptMessage, PromptRole};
pub use prompt_template::PromptTemplate;
pub use provider::{
    Algorithm, Balancing, Breaker, Connection, Fidelity, HashOn, HashSource, HealthyWhen, Hedge,
    Mock, ModelFilter, ParameterPolicy, Price, Probe, ProbeKind, Provider, ProviderOptions, Retry,
    RetryBudget, RetryOn, SemanticChoice, Sticky, Target as ProviderTarget, TargetCondition,
    TimeoutOverrides, UnhealthyWhen,
};
pub use route::{Frontend, Route};
pub use secret_manager::{
    Aws as SecretManagerAws, Gcp as SecretManagerGcp, GcpAccount, SecretManager,
    Vault as SecretManagerVault,
};
pub use service::Service;
pub use throttling::ThrottlingStrategy;
pub use vars::Vars;

use crate::id::Id;

/// Id of a [`Route`].
pub type RouteId = Id<Route>;
/// Id of a [`Service`].
pub type ServiceId = Id<Service>;
/// Id of a [`BackendEntity`].
pub type BackendId = Id<BackendEntity>;
/// Id of a [`PluginInstance`].
pub type PluginId = Id<PluginInstance>;
/// Id of a [`GlobalPlugin`].
pub type GlobalPluginId = Id<GlobalPlugin>;
/// Id of a [`Provider`].
pub type ProviderId = Id<Provider>;
/// Id of an [`EmbeddingModel`].
pub type EmbeddingModelId = Id<EmbeddingModel>;
/// Id of a [`Prompt`].
pub type PromptId = Id<Prompt>;
/// Id of a [`PromptContext`].
pub type PromptContextId = Id<PromptContext>;
/// Id of a [`PromptTemplate`].
pub type PromptTemplateId = Id<PromptTemplate>;
/// Id of an [`Apikey`]: its `clientId`.
pub type ApikeyId = Id<Apikey>;
/// Id of a [`Consumer`].
pub type ConsumerId = Id<Consumer>;
/// Id of a [`ConsumerGroup`].
pub type ConsumerGroupId = Id<ConsumerGroup>;
/// Id of a [`SecretManager`].
pub type SecretManagerId = Id<SecretManager>;
/// Id of an [`Admin`].
pub type AdminId = Id<Admin>;

/// `true`, for members that are on unless they say otherwise.
const fn yes() -> bool {
    true
}

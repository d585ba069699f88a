//! Who is called for chats: how it is reached, what it is asked, and what stands in for it.

mod balancing;
mod connection;
mod mock;
mod options;
mod probe;
mod resilience;
mod targets;
mod timeouts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

pub use balancing::{Algorithm, Balancing, HashOn, HashSource, SemanticChoice, Sticky};
pub use connection::Connection;
pub use mock::Mock;
pub use options::ProviderOptions;
pub use probe::{HealthyWhen, Probe, ProbeKind, UnhealthyWhen};
pub use resilience::{Breaker, Hedge, Retry, RetryBudget, RetryOn};
pub use targets::{Price, Target, TargetCondition};
pub use timeouts::TimeoutOverrides;

use super::{Inert, ProviderId};
use crate::resource::Resource;

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
    #[schema(value_type = ProviderOptions, example = json!({"model": "gpt-4o-mini"}))]
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
    /// Who is called instead of itself: of the kind `loadbalancer`, which has nothing else. The same as
    /// `options.refs`; both lists count.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// How one of the targets is chosen.
    #[serde(default)]
    pub balancing: Balancing,
    /// When another target, credential or fallback is tried after a failure. Nothing is tried again
    /// once content was answered.
    #[serde(default)]
    pub retry: Retry,
    /// When failures take it, or of the kind `loadbalancer` its targets, out for a while. Where all are
    /// out, all are asked.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// Asks now and then whether it is well.
    #[serde(default)]
    pub probe: Option<Probe>,
    /// An operator keeps it from being asked, whatever it is a target or fallback of, until this is
    /// taken back.
    #[serde(default)]
    pub hold: bool,
    /// Why.
    #[serde(default)]
    pub hold_reason: Option<String>,
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
    /// It is refused, unless only labels (`metadata`) would be left out.
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

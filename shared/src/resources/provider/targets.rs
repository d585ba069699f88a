use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TimeoutOverrides;
use crate::resources::ProviderId;

/// A provider that another one sends requests to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ProviderTarget)]
pub struct Target {
    /// Who it is. It may itself have targets; who would come back to itself is refused.
    #[serde(rename = "ref")]
    pub provider: ProviderId,
    /// What explanations call it, and tells it from other targets of the same provider where requests
    /// are to come back to it: consistent hashes, sticky conversations. Its id when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Its part of the requests of its priority: twice the weight is twice as many. 0 for none.
    #[serde(default = "one")]
    pub weight: u32,
    /// Targets with a larger number are asked first; a priority is exhausted before the next.
    #[serde(default)]
    pub priority: i32,
    /// The model that it is asked for, whatever the caller names. Without it, the one that the caller
    /// names if the target's `models` let it; otherwise the target's own default.
    #[serde(default)]
    pub model: Option<String>,
    /// The value of `balancing.selector_expr` for which it is; any when absent.
    #[serde(default)]
    pub selector_expected: Option<String>,
    /// What requests have to be like for it to be asked: all of these.
    #[serde(default)]
    pub conditions: Vec<TargetCondition>,
    /// What it costs, for the choice of the cheapest.
    #[serde(default)]
    pub price: Option<Price>,
    /// How many tokens the context of its model has. Requests that are too long for a model go on to
    /// those with more, where `retry.on` has `context_length`.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub context_window: Option<u64>,
    /// For the choice `semantic`: up to 64 prompts that it is for.
    #[serde(default)]
    #[schema(max_items = 64, example = json!([]))]
    pub examples: Vec<String>,
    /// For the choice `semantic`: how like one of them a prompt has to be, from -1 to 1.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    pub threshold: Option<f64>,
    /// Its own timeouts, over those of its connection.
    #[serde(default)]
    pub timeouts: TimeoutOverrides,
}

impl Target {
    /// One of weight 1, for all requests.
    pub fn of(provider: ProviderId) -> Self {
        Self {
            provider,
            name: None,
            weight: 1,
            priority: 0,
            model: None,
            selector_expected: None,
            conditions: Vec::new(),
            price: None,
            context_window: None,
            examples: Vec::new(),
            threshold: None,
            timeouts: TimeoutOverrides::default(),
        }
    }
}

const fn one() -> u32 {
    1
}

/// What a request has to be like.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TargetCondition {
    /// A text with expressions: metadata of the key, headers, members of the body.
    #[schema(example = "${apikey.metadata.plan}")]
    pub value: String,
    /// It is one of these.
    #[serde(default)]
    #[schema(example = json!(["gold"]))]
    pub one_of: Vec<String>,
    /// It matches this regular expression as a whole.
    #[serde(default)]
    pub matches: Option<String>,
}

/// What a million tokens cost. All targets of a balancer have the same currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// Of the input.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub input: f64,
    /// Of the output, which counts three times when prices are compared.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub output: f64,
}

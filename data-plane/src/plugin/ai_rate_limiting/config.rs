use std::sync::Arc;

use actix_web::http::StatusCode;
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{AiRateLimiting, Limit};
use crate::limit::{Cost, Measure, Part, Providers, Rule, Subject, rule_id};
use crate::plugin::apisix_limits::{
    NumberConfig, Policy, Window, no_redis_of_its_own, rejected_code, unavailable, yes,
};
use crate::plugin::apisix_text::ApisixText;
use crate::plugin::{BuildContext, Plugin as _};

/// How many tokens, in which time, for which instances; or for whoever a rule tells apart.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiRateLimitingConfig)]
pub struct Config {
    /// Tokens of each instance in a window, unless `instances` has its name.
    #[serde(default)]
    limit: Option<NumberConfig>,
    /// Seconds from the first request of a window to its end.
    #[serde(default)]
    time_window: Option<NumberConfig>,
    /// What instances with these names may use.
    #[serde(default)]
    instances: Vec<InstanceConfig>,
    /// Limits for whoever their keys tell apart, instead of all others. Those whose key has no value do
    /// not apply; one has to.
    #[serde(default)]
    rules: Vec<RuleConfig>,
    /// What is counted.
    #[serde(default)]
    limit_strategy: Strategy,
    /// With `expression`: arithmetic over what the provider counts.
    #[serde(default)]
    #[schema(example = "prompt_tokens + 4 * completion_tokens")]
    cost_expr: Option<String>,
    /// Whether answers say how the limits stand.
    #[serde(default = "yes")]
    show_limit_quota_header: bool,
    /// The status of refusals.
    #[serde(default = "unavailable")]
    #[schema(minimum = 200, maximum = 599)]
    rejected_code: u16,
    /// What refusals say.
    #[serde(default)]
    #[schema(min_length = 1)]
    rejected_msg: Option<String>,
    /// Where counters are kept.
    #[serde(default)]
    policy: Policy,
    /// Whether requests pass while Redis is away, or a number has no value.
    #[serde(default)]
    allow_degradation: bool,
    /// Refused: limits are counted in the gateway's own Redis.
    #[serde(default)]
    redis_host: Option<Value>,
    /// Refused: limits are counted in the gateway's own Redis.
    #[serde(default)]
    redis_cluster_nodes: Option<Value>,
    /// Refused: limits are counted in the gateway's own Redis.
    #[serde(default)]
    redis_sentinels: Option<Value>,
}

/// What one instance may use.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiRateLimitingInstance)]
pub(super) struct InstanceConfig {
    /// Its name.
    name: String,
    /// Tokens in a window.
    limit: NumberConfig,
    /// Seconds from the first request of a window to its end.
    time_window: NumberConfig,
}

/// What somebody may use.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AiRateLimitingRule)]
pub(super) struct RuleConfig {
    /// Tokens in a window.
    count: NumberConfig,
    /// Seconds from the first request of a window to its end.
    time_window: NumberConfig,
    /// Who is told apart.
    #[schema(example = "${http_user}")]
    key: String,
    /// In the names of headers; by default the place of the rule in the list, from 1.
    #[serde(default)]
    header_prefix: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AiRateLimitingStrategy)]
enum Strategy {
    /// Input and output.
    #[default]
    TotalTokens,
    /// Input.
    PromptTokens,
    /// Output.
    CompletionTokens,
    /// What `cost_expr` says.
    Expression,
}

/// What every limit of a config has.
struct Common<'a> {
    config: &'a Config,
    owner: &'a str,
    status: Option<StatusCode>,
}

impl Config {
    pub(super) fn build(&self, context: &BuildContext<'_>) -> Result<AiRateLimiting, Vec<Problem>> {
        let mut problems = Vec::new();
        self.check(&mut problems);
        let status = rejected_code(self.rejected_code, &mut problems);
        let common = Common { config: self, owner: context.owner, status };
        let mut limits = Vec::new();
        if let (Some(limit), Some(time)) = (&self.limit, &self.time_window) {
            let names = self.instances.iter().map(|instance| instance.name.as_str().into());
            let rest = Providers::AllBut(names.collect());
            let window = Window::build(limit, time, ["limit", "time_window"], &mut problems);
            limits.extend(window.and_then(|window| {
                common.limit("each", (limit, time), [Part::Provider], rest, window)
            }));
        }
        for (index, instance) in self.instances.iter().enumerate() {
            let InstanceConfig { name, limit, time_window } = instance;
            let mut inner = Vec::new();
            let window = Window::build(limit, time_window, ["limit", "time_window"], &mut inner);
            let only = Providers::Only(name.as_str().into());
            limits.extend(
                window.and_then(|window| common.limit("instance", instance, [], only, window)),
            );
            let at = join_pointer("/instances", &index.to_string());
            problems.extend(inner.into_iter().map(|problem| problem.under(&at)));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let mut inner = Vec::new();
            limits.extend(rule.build(index, &common, &mut inner));
            let at = join_pointer("/rules", &index.to_string());
            problems.extend(inner.into_iter().map(|problem| problem.under(&at)));
        }
        if let Err(problem) = self.measure() {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(AiRateLimiting {
            limits: limits.into(),
            keyed: !self.rules.is_empty(),
            degrades: self.allow_degradation,
            shown: self.show_limit_quota_header,
        })
    }

    /// What its members say of each other.
    fn check(&self, problems: &mut Vec<Problem>) {
        let by_instance = self.limit.is_some() || !self.instances.is_empty();
        match (&self.limit, &self.time_window) {
            (Some(_), None) => {
                let text = "property \"time_window\" is required when \"limit\" is set";
                problems.push(Problem::at("/time_window", text));
            }
            (None, Some(_)) => {
                let text = "property \"limit\" is required when \"time_window\" is set";
                problems.push(Problem::at("/limit", text));
            }
            _ => {}
        }
        if by_instance && !self.rules.is_empty() {
            let text = "there are either \"rules\", or \"limit\" and \"instances\"";
            problems.push(Problem::at("/rules", text));
        }
        if !by_instance && self.time_window.is_none() && self.rules.is_empty() {
            problems.push(Problem::at("", "it limits nothing"));
        }
        let redis = [
            ("redis_host", &self.redis_host),
            ("redis_cluster_nodes", &self.redis_cluster_nodes),
            ("redis_sentinels", &self.redis_sentinels),
        ];
        no_redis_of_its_own(redis, problems);
    }

    fn measure(&self) -> Result<Measure, Problem> {
        Ok(match (self.limit_strategy, &self.cost_expr) {
            (Strategy::TotalTokens, _) => Measure::Total,
            (Strategy::PromptTokens, _) => Measure::Input,
            (Strategy::CompletionTokens, _) => Measure::Output,
            (Strategy::Expression, None) => {
                let text = "\"limit_strategy\": \"expression\" needs one";
                return Err(Problem::at("/cost_expr", text));
            }
            (Strategy::Expression, Some(text)) => {
                let problem = |text| Problem::at("/cost_expr", text);
                Measure::Cost(Cost::compile(text).map_err(problem)?)
            }
        })
    }
}

impl Common<'_> {
    /// Its counters are named after what it says, and begin anew when that changes. None where it counts
    /// nothing that is known, which is told once for all limits.
    fn limit(
        &self,
        kind: &str,
        says: impl Serialize,
        by: impl IntoIterator<Item = Part>,
        providers: Providers,
        window: Window,
    ) -> Option<Limit> {
        let config = self.config;
        let says = (kind, says, config.limit_strategy, &config.cost_expr, config.policy);
        let id = rule_id(self.owner, AiRateLimiting::NAME, None, &says);
        let rule = Rule {
            providers,
            status: self.status,
            message: config.rejected_msg.as_deref().map(Into::into),
            place: config.policy.place(config.allow_degradation),
            told: config.show_limit_quota_header,
            ..Rule::new(id, config.measure().ok()?, Subject::of(by))
        };
        Some(Limit { rule: Arc::new(rule), window, key: None })
    }
}

impl RuleConfig {
    fn build(
        &self,
        index: usize,
        common: &Common<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Limit> {
        let names = ["count", "time_window"];
        let window = Window::build(&self.count, &self.time_window, names, problems);
        let key = ApisixText::compile(&self.key);
        let key = key.map_err(|text| problems.push(Problem::at("/key", text))).ok()?;
        let prefix = self.header_prefix.clone().unwrap_or_else(|| (index + 1).to_string());
        let limit = common.limit("rule", (index, self), [], Providers::Any, window?)?;
        Some(Limit { key: Some((key, prefix.into())), ..limit })
    }
}

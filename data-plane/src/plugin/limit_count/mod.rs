//! `limit-count`: how many requests may come in a window (APISIX's plugin of this name). The first of
//! them opens the window. What a limit refuses is not charged.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::apisix_limits::{
    NumberConfig, Policy, Window, no_redis_of_its_own, rejected_code, unavailable, yes,
};
use super::apisix_text::{ApisixText, Variable};
use super::{BuildContext, Plugin, Step};
use crate::error::GatewayError;
use crate::exchange::{AnswerHead, Exchange};
use crate::limit::{Measure, Rule, Subject, rule_id};

/// The plugin.
pub struct LimitCount {
    rule: Arc<Rule>,
    window: Window,
    key: Key,
    /// Where a number has no value, the request passes.
    degrades: bool,
    shown: bool,
}

/// For whom requests are counted apart.
enum Key {
    Variable(Variable),
    Text(ApisixText),
    Constant(Box<str>),
}

/// How many requests, in which time, for whom.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = LimitCountConfig)]
pub struct Config {
    /// Requests in a window.
    count: NumberConfig,
    /// Seconds from the first request of a window to its end.
    time_window: NumberConfig,
    /// What `key` is.
    #[serde(default)]
    key_type: KeyType,
    /// For whom requests are counted apart; the caller's address where it has no value.
    #[serde(default = "remote_addr")]
    key: String,
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
    /// Whether requests pass while Redis is away, or `count` has no value.
    #[serde(default)]
    allow_degradation: bool,
    /// Whether answers say how the limit stands.
    #[serde(default = "yes")]
    show_limit_quota_header: bool,
    /// Routes with the same group share counters.
    #[serde(default)]
    #[schema(min_length = 1)]
    group: Option<String>,
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

/// What a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LimitCountKeyType)]
enum KeyType {
    /// The name of a variable: `remote_addr`, `consumer_name`, `http_x_team`.
    #[default]
    Var,
    /// A text of variables: `$remote_addr $consumer_name`.
    VarCombination,
    /// The same for all requests.
    Constant,
}

fn remote_addr() -> String {
    "remote_addr".to_owned()
}

impl Plugin for LimitCount {
    const NAME: &'static str = "limit-count";
    const ABOUT: &'static str = "Limits how many requests come in a window.";
    const PHASES: &'static [Phase] = &[Phase::Request, Phase::Response];
    const DERIVES: bool = true;
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({"count": 2, "time_window": 60}),
            json!({
                "count": 100, "time_window": 60, "key_type": "var_combination",
                "key": "$consumer_name $http_x_team", "rejected_code": 429, "policy": "redis",
                "group": "team"
            }),
        ]
    }

    fn build(config: Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let names = ["count", "time_window"];
        let window = Window::build(&config.count, &config.time_window, names, &mut problems);
        let key = match config.key_type {
            KeyType::Var => Variable::named(config.key.trim()).map(Key::Variable),
            KeyType::VarCombination => ApisixText::compile(&config.key).map(Key::Text),
            KeyType::Constant => Ok(Key::Constant(config.key.as_str().into())),
        };
        let key = key.map_err(|text| problems.push(Problem::at("/key", text))).ok();
        let status = rejected_code(config.rejected_code, &mut problems);
        let redis = [
            ("redis_host", &config.redis_host),
            ("redis_cluster_nodes", &config.redis_cluster_nodes),
            ("redis_sentinels", &config.redis_sentinels),
        ];
        no_redis_of_its_own(redis, &mut problems);
        let (Some(window), Some(key), true) = (window, key, problems.is_empty()) else {
            return Err(problems);
        };
        let id = match &config.group {
            Some(group) => rule_id("group", Self::NAME, Some(group), &config),
            None => rule_id(context.owner, Self::NAME, None, &config),
        };
        let rule = Rule {
            status,
            message: config.rejected_msg.as_deref().map(Into::into),
            place: config.policy.place(config.allow_degradation),
            told: config.show_limit_quota_header,
            ..Rule::new(id, Measure::Requests, Subject::default())
        };
        Ok(Self {
            rule: Arc::new(rule),
            window,
            key,
            degrades: config.allow_degradation,
            shown: config.show_limit_quota_header,
        })
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        Step::Done(self.claim(exchange))
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        const NAMES: [HeaderName; 3] = [
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
            HeaderName::from_static("x-ratelimit-reset"),
        ];
        let mut counted = exchange.limits.counted();
        let own = counted.find(|(claim, _)| Arc::ptr_eq(&claim.rule, &self.rule));
        let Some((claim, counted)) = own.filter(|_| self.shown) else { return };
        let reset = u64::try_from(counted.reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
        for (name, value) in NAMES.into_iter().zip([claim.quota.limit, counted.remaining, reset]) {
            head.headers.insert(name, HeaderValue::from(value));
        }
    }
}

impl LimitCount {
    fn claim(&self, exchange: &mut Exchange) -> Result<(), GatewayError> {
        let quota = match self.window.of(exchange) {
            Ok(quota) => quota,
            Err(_) if self.degrades => return Ok(()),
            Err(error) => return Err(error),
        };
        let key = self.key.of(exchange);
        exchange.limits.add_for(&self.rule, quota, key);
        Ok(())
    }
}

impl Key {
    fn of(&self, exchange: &Exchange) -> String {
        let found = match self {
            Self::Variable(variable) => variable.value(exchange).map(Into::into),
            Self::Text(text) => {
                let resolved = text.resolve(exchange);
                (resolved.found > 0).then_some(resolved.text)
            }
            Self::Constant(text) => return text.to_string(),
        };
        found.unwrap_or_else(|| exchange.client.to_string())
    }
}

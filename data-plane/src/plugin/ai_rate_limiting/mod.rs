//! `ai-rate-limiting`: how many tokens each instance, or whoever a rule tells apart, may use in a window
//! (APISIX's plugin of this name). Tokens are reserved before a request and settled after it, instead of
//! charged when it is over: what a limit promises holds for requests at once too.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::counters::Counted;
use serde_json::{Value, json};

use super::apisix_limits::Window;
use super::apisix_text::ApisixText;
use super::{BuildContext, Plugin, Step};
use crate::error::{Code, GatewayError};
use crate::exchange::{AnswerHead, Exchange};
use crate::limit::Rule;

pub use config::Config;

/// The plugin.
pub struct AiRateLimiting {
    limits: Box<[Limit]>,
    /// Whether they are `rules`, one of which has to apply.
    keyed: bool,
    /// Where a number has no value, the request passes.
    degrades: bool,
    shown: bool,
}

/// One limit.
struct Limit {
    rule: Arc<Rule>,
    window: Window,
    /// For whom a rule counts apart, and what its headers are called after.
    key: Option<(ApisixText, Box<str>)>,
}

impl Plugin for AiRateLimiting {
    const NAME: &'static str = "ai-rate-limiting";
    const ABOUT: &'static str = "Limits how many tokens each instance may use in a window.";
    const PHASES: &'static [Phase] = &[Phase::Request, Phase::Response];
    const DERIVES: bool = true;
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({"limit": 300, "time_window": 30, "limit_strategy": "prompt_tokens"}),
            json!({"instances": [
                {"name": "openai", "limit": 1_000, "time_window": 60},
                {"name": "deepseek", "limit": 5_000, "time_window": 60}
            ], "rejected_code": 429, "rejected_msg": "too many tokens"}),
            json!({"rules": [
                {"key": "${http_user}", "count": "${http_count ?? 1000}", "time_window": 60},
                {"key": "$remote_addr", "count": 10_000, "time_window": 3_600, "header_prefix": "Hour"}
            ]}),
        ]
    }

    fn build(config: Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        config.build(context)
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        Step::Done(self.claim(exchange))
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        if !self.shown {
            return;
        }
        let record = exchange.account.record();
        let provider = record.provider.borrow();
        for (claim, counted) in exchange.limits.counted() {
            let limit = self.limits.iter().find(|limit| Arc::ptr_eq(&limit.rule, &claim.rule));
            let Some(limit) = limit else { continue };
            let names = ["Limit", "Remaining", "Reset"].map(|what| {
                if let Some((_, prefix)) = &limit.key {
                    return format!("X-AI-{prefix}-RateLimit-{what}");
                }
                let instance = instance(provider.as_deref().unwrap_or_default());
                format!("X-AI-RateLimit-{what}-{instance}")
            });
            write(head, names, claim.quota.limit, counted);
        }
    }
}

/// The name of an instance is the end of its provider's id.
fn instance(provider: &str) -> &str {
    provider.rsplit_once('/').map_or(provider, |(_, name)| name)
}

fn write(head: &mut AnswerHead, names: [String; 3], limit: u64, counted: Counted) {
    let reset = u64::try_from(counted.reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
    for (name, value) in names.into_iter().zip([limit, counted.remaining, reset]) {
        // What an instance is called may be no name of a header.
        if let Ok(name) = HeaderName::try_from(name) {
            head.headers.insert(name, HeaderValue::from(value));
        }
    }
}

impl AiRateLimiting {
    fn claim(&self, exchange: &mut Exchange) -> Result<(), GatewayError> {
        let mut applies = !self.keyed;
        for limit in &self.limits {
            let subject = match &limit.key {
                None => None,
                Some((key, _)) => {
                    let resolved = key.resolve(exchange);
                    if resolved.found == 0 && key.has_variables() {
                        continue;
                    }
                    Some(resolved.text)
                }
            };
            let quota = match limit.window.of(exchange) {
                Ok(quota) => quota,
                Err(_) if self.degrades => continue,
                Err(error) => return Err(error),
            };
            applies = true;
            match subject {
                Some(subject) => exchange.limits.add_for(&limit.rule, quota, subject),
                None => exchange.limits.add(&limit.rule, quota),
            }
        }
        if applies || self.degrades {
            return Ok(());
        }
        let text = "none of the rules that limit this route applies to the request";
        Err(GatewayError::new(Code::Internal, text))
    }
}

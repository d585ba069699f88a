//! `rate-limit`: what requests may use, of requests, tokens, cost or places, in which time, and for whom
//! that is counted apart. See [`crate::limit`] for what holds.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::counters::Quota;
use sanmon_shared::problem::join_pointer;
use serde_json::{Value, json};

use super::{BuildContext, Plugin, Step};
use crate::exchange::Exchange;
use crate::limit::Rule;

pub use config::Config;

/// The plugin.
pub struct RateLimit(Box<[(Arc<Rule>, Quota)]>);

impl Plugin for RateLimit {
    const NAME: &'static str = "rate-limit";
    const ABOUT: &'static str = "Limits requests, tokens, cost, or requests at once.";
    const PHASES: &'static [Phase] = &[Phase::Request];
    const DERIVES: bool = true;
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({"rules": [{"limit": 60, "per": "minute", "by": ["key"]}]}),
            json!({"rules": [
                {"id": "bursts", "limit": 10, "per": "1s", "burst": 20, "by": ["client"]},
                {
                    "count": "tokens", "limit": 1_000_000, "per": "day", "algorithm": "window",
                    "by": ["consumer", "model"]
                },
                {"count": "concurrency", "limit": 20, "by": ["provider"]},
                {
                    "count": "cost", "cost": "input_tokens + 4 * output_tokens", "limit": 100_000,
                    "per": "hour", "by": ["header:x-team", "${req.query.project:none}"]
                }
            ]}),
        ]
    }

    fn build(config: Config, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut rules = Vec::with_capacity(config.rules.len());
        let mut ids: Vec<&str> = Vec::new();
        for (index, rule) in config.rules.iter().enumerate() {
            let at = join_pointer("/rules", &index.to_string());
            if let Some(id) = rule.id() {
                if ids.contains(&id) {
                    let text = format!("another rule has the id {id:?}");
                    problems.push(Problem::at(join_pointer(&at, "id"), text));
                }
                ids.push(id);
            }
            match rule.build(context, Self::NAME) {
                Ok(rule) => rules.push(rule),
                Err(inner) => problems.extend(inner.into_iter().map(|p| p.under(&at))),
            }
        }
        if config.rules.is_empty() {
            problems.push(Problem::at("/rules", "it limits nothing"));
        }
        if problems.is_empty() { Ok(Self(rules.into())) } else { Err(problems) }
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        for (rule, quota) in &self.0 {
            exchange.limits.add(rule, *quota);
        }
        Step::NEXT
    }
}

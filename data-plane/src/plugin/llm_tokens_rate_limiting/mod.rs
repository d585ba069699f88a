//! `llm-tokens-rate-limiting`: how many tokens a group of requests may use in a window (Otoroshi's
//! `LlmTokensRateLimitingValidator`). Which group a request is of, an expression says; groups are the
//! same on every route. Streams count too, and what requests at once may use is reserved before.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::counters::{Quota, Span};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{BuildContext, Plugin, Step};
use crate::error::{Code, GatewayError};
use crate::exchange::{AnswerHead, Exchange};
use crate::expression::{Scope, Template};
use crate::limit::{Measure, Rule, Subject};

/// The plugin.
pub struct LlmTokensRateLimiting {
    rule: Arc<Rule>,
    window: Number,
    quota: Number,
    group: Template,
}

/// How many tokens, in which time, for whom. All of them are texts that may hold expressions; empty ones
/// are as if absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = LlmTokensRateLimitingConfig)]
pub struct Config {
    /// Milliseconds from the first request of a window to its end; by default `10000`.
    #[schema(example = "10000")]
    window_millis: Option<String>,
    /// Tokens in a window, of input and output; by default `1000`.
    #[schema(example = "1000")]
    throttling_quota: Option<String>,
    /// Who counts together; by default `${route.id}`.
    #[schema(example = "${route.id}")]
    group_expr: Option<String>,
}

/// A number, or an expression that gives one.
enum Number {
    Fixed(u64),
    Expression(Template),
}

impl Plugin for LlmTokensRateLimiting {
    const NAME: &'static str = "llm-tokens-rate-limiting";
    const ALIASES: &'static [&'static str] = &[
        "cp:otoroshi_plugins.com.cloud.apim.otoroshi.extensions.aigateway.plugins.LlmTokensRateLimitingValidator",
    ];
    const ABOUT: &'static str = "Limits how many tokens a group of requests may use in a window.";
    const PHASES: &'static [Phase] = &[Phase::Request, Phase::Response];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({
                "window_millis": "10000", "throttling_quota": "1000", "group_expr": "${route.id}"
            }),
            json!({
                "window_millis": "60000",
                "throttling_quota": "${apikey.metadata.tokens_per_minute:5000}",
                "group_expr": "${apikey.id}"
            }),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let text = |text: Option<String>, default: &str| {
            text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let mut number = |given: Option<String>, default: &str, name: &str| {
            Number::of(&text(given, default))
                .map_err(|problem| problems.push(problem.under(&format!("/{name}"))))
                .ok()
        };
        let window = number(config.window_millis, "10000", "window_millis");
        let quota = number(config.throttling_quota, "1000", "throttling_quota");
        let group = template(&text(config.group_expr, "${route.id}"))
            .map_err(|problem| problems.push(problem.under("/group_expr")))
            .ok();
        let (Some(window), Some(quota), Some(group)) = (window, quota, group) else {
            return Err(problems);
        };
        let rule = Rule {
            message: Some("too many tokens used".into()),
            ..Rule::new(Self::NAME, Measure::Total, Subject::default())
        };
        Ok(Self { rule: Arc::new(rule), window, quota, group })
    }

    fn request<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        Step::Done(self.claim(exchange))
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        const NAMES: [HeaderName; 4] = [
            HeaderName::from_static("x-llm-ratelimit-max-tokens"),
            HeaderName::from_static("x-llm-ratelimit-window-millis"),
            HeaderName::from_static("x-llm-ratelimit-consumed-tokens"),
            HeaderName::from_static("x-llm-ratelimit-remaining-tokens"),
        ];
        let mut counted = exchange.limits.counted();
        let own = counted.find(|(claim, _)| Arc::ptr_eq(&claim.rule, &self.rule));
        let Some((claim, counted)) = own else { return };
        let Quota { limit, span: Span::Window(per) } = claim.quota else { return };
        let millis = u64::try_from(per.as_millis()).unwrap_or(u64::MAX);
        let used = limit.saturating_sub(counted.remaining);
        for (name, value) in NAMES.into_iter().zip([limit, millis, used, counted.remaining]) {
            head.headers.insert(name, HeaderValue::from(value));
        }
    }
}

impl LlmTokensRateLimiting {
    fn claim(&self, exchange: &mut Exchange) -> Result<(), GatewayError> {
        let scope = Scope::new(exchange, b"");
        let per = Duration::from_millis(self.window.evaluate(&scope)?);
        let quota = Quota { limit: self.quota.evaluate(&scope)?, span: Span::Window(per) };
        let group = self.group.evaluate(&scope)?;
        exchange.limits.add_for(&self.rule, quota, group);
        Ok(())
    }
}

impl Number {
    fn of(text: &str) -> Result<Self, Problem> {
        match text.trim().parse() {
            Ok(0) => Err(Problem::at("", "it is at least 1")),
            Ok(number) => Ok(Self::Fixed(number)),
            Err(_) if !text.contains("${") => {
                Err(Problem::at("", format!("{text:?} is no whole number")))
            }
            Err(_) => Ok(Self::Expression(template(text)?)),
        }
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Result<u64, GatewayError> {
        match self {
            Self::Fixed(number) => Ok(*number),
            Self::Expression(template) => {
                let text = template.evaluate(scope)?;
                let number = text.trim().parse().ok().filter(|number| *number > 0);
                number.ok_or_else(|| {
                    GatewayError::new(Code::Internal, "a limit of this route has no value")
                        .detail(format!("{:?} gives {text:?}", template.source()))
                })
            }
        }
    }
}

fn template(text: &str) -> Result<Template, Problem> {
    let template = Template::compile(text)?;
    if template.reads_body() {
        return Err(Problem::at("", "limits cannot look at the body"));
    }
    Ok(template)
}

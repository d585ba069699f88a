//! What the limits of APISIX's plugins have in common: numbers that may be texts with variables, windows
//! that the first request opens, where counters are, and how a refusal looks.

use std::time::Duration;

use actix_web::http::StatusCode;
use sanmon_shared::Problem;
use sanmon_shared::counters::{Quota, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::apisix_text::ApisixText;
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::limit::{Place, WhenUnavailable};

/// Larger numbers are no whole numbers everywhere.
const LARGEST: u64 = (1 << 53) - 1;

/// A whole number, or a text with variables that makes one of a request: `${http_count ?? 10}`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ApisixNumber)]
pub(super) enum NumberConfig {
    /// The number.
    Number(u64),
    /// The text.
    Text(String),
}

/// Where counters are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ApisixLimitPolicy)]
pub(super) enum Policy {
    /// In each data plane.
    #[default]
    Local,
    /// In the Redis that the data planes have in common.
    Redis,
    /// The same.
    RedisCluster,
    /// The same.
    RedisSentinel,
}

/// A number, compiled.
#[derive(Debug)]
pub(super) enum Number {
    Fixed(u64),
    Text(ApisixText),
}

impl NumberConfig {
    pub(super) fn build(&self) -> Result<Number, String> {
        match self {
            Self::Number(0) => Err("it is at least 1".to_owned()),
            Self::Number(number) => Ok(Number::Fixed(*number)),
            Self::Text(text) => match text.trim().parse() {
                Ok(number) => Self::Number(number).build(),
                Err(_) if !text.contains('$') => Err(format!("{text:?} is no number")),
                Err(_) => Ok(Number::Text(ApisixText::compile(text)?)),
            },
        }
    }
}

impl Number {
    /// For a request; an error where its variables make no number.
    pub(super) fn of(&self, exchange: &Exchange) -> Result<u64, GatewayError> {
        match self {
            Self::Fixed(number) => Ok(*number),
            Self::Text(text) => {
                let text = text.resolve(exchange).text;
                let number = text.trim().parse().ok();
                number.filter(|number| (1..=LARGEST).contains(number)).ok_or_else(|| {
                    GatewayError::new(Code::Internal, "a limit of this route has no value")
                        .detail(format!("{text:?} is no number from 1 to {LARGEST}"))
                })
            }
        }
    }
}

/// How much in how many seconds.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) limit: Number,
    pub(super) seconds: Number,
}

impl Window {
    /// `names` are the members of both, for problems.
    pub(super) fn build(
        limit: &NumberConfig,
        seconds: &NumberConfig,
        names: [&str; 2],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let [limit, seconds] = [(limit, names[0]), (seconds, names[1])].map(|(number, name)| {
            let problem = |text| problems.push(Problem::at(format!("/{name}"), text));
            number.build().map_err(problem).ok()
        });
        Some(Self { limit: limit?, seconds: seconds? })
    }

    /// For a request.
    pub(super) fn of(&self, exchange: &Exchange) -> Result<Quota, GatewayError> {
        let seconds = self.seconds.of(exchange)?;
        let span = Span::Window(Duration::from_secs(seconds));
        Ok(Quota { limit: self.limit.of(exchange)?, span })
    }
}

impl Policy {
    /// `degrades`: requests pass while Redis is away, instead of being refused.
    pub(super) fn place(self, degrades: bool) -> Place {
        match (self, degrades) {
            (Self::Local, _) => Place::Local,
            (_, true) => Place::Shared(WhenUnavailable::Allow),
            (_, false) => Place::Shared(WhenUnavailable::Refuse),
        }
    }
}

/// The status of refusals.
pub(super) fn rejected_code(code: u16, problems: &mut Vec<Problem>) -> Option<StatusCode> {
    let status = (200..=599).contains(&code).then(|| StatusCode::from_u16(code).ok()).flatten();
    if status.is_none() {
        problems.push(Problem::at("/rejected_code", "it is a status from 200 to 599"));
    }
    status
}

/// Members that say where a Redis is: ours is that of the gateway.
pub(super) fn no_redis_of_its_own(
    members: [(&'static str, &Option<Value>); 3],
    problems: &mut Vec<Problem>,
) {
    for (name, _) in members.into_iter().filter(|(_, value)| value.is_some()) {
        let text = "a plugin has no Redis of its own: limits are counted in that of the gateway, \
                    which its settings name; leave this out";
        problems.push(Problem::at(format!("/{name}"), text));
    }
}

/// The status of refusals where a config says none.
pub(super) const fn unavailable() -> u16 {
    503
}

/// Of members that are on unless they say otherwise.
pub(super) const fn yes() -> bool {
    true
}

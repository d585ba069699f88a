use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use sanmon_shared::Problem;
use sanmon_shared::counters::{Quota, Span};
use sanmon_shared::problem::join_pointer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::expression::Template;
use crate::limit::{
    Cost, Guess, Measure, Part, Place, Providers, Rule, Subject, WhenUnavailable, rule_id,
};
use crate::plugin::BuildContext;

/// What requests may use.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = RateLimitConfig)]
pub struct Config {
    /// All of them hold; a request that one of them refuses is charged by none.
    #[schema(min_items = 1)]
    pub(super) rules: Vec<RuleConfig>,
}

/// One limit.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[schema(as = RateLimitRule)]
pub(super) struct RuleConfig {
    /// Names its counters, which then outlive changes of the rule. Without it they begin anew.
    id: Option<String>,
    /// What callers are told that is limited; by default what is counted.
    name: Option<String>,
    /// What is counted.
    count: Count,
    /// With `cost`: arithmetic over `input_tokens`, `output_tokens`, `total_tokens`, `cached_tokens`,
    /// `cache_creation_input_tokens` and `reasoning_tokens`.
    #[schema(example = "input_tokens + 4 * output_tokens")]
    cost: Option<String>,
    /// How much.
    #[schema(minimum = 1)]
    limit: u64,
    /// In which time: seconds, or `10s`, `5m`, `2h`, `second`, `minute`, `hour`, `day`, `month`. Needed
    /// but for `concurrency`.
    per: Option<Per>,
    /// How it refills.
    algorithm: Algorithm,
    /// With `gcra`: how much may be used at once; by default the limit.
    #[schema(minimum = 1)]
    burst: Option<u64>,
    /// For whom it counts apart, all of these together: `key`, `consumer`, `route`, `provider`, `model`,
    /// `client` (its address), `header:<name>`, or a text with `${…}`. By default for nobody: all
    /// requests that pass this plugin count together.
    #[schema(example = json!(["key", "model"]))]
    by: Vec<String>,
    /// Only requests of this provider: its id, or the name of an instance.
    provider: Option<String>,
    /// Who counts.
    counted: Counted,
    /// What happens while the data planes' common Redis does not answer in 50 ms.
    when_unavailable: Unavailable,
    /// What the output of a request counts until it is known.
    reserve: Reserve,
    /// The status of refusals; by default 429.
    #[schema(minimum = 400, maximum = 599)]
    status: Option<u16>,
    /// What refusals say.
    message: Option<String>,
    /// Whether answers do not say how the limit stands.
    hidden: bool,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitCount)]
enum Count {
    /// Requests.
    #[default]
    Requests,
    /// Input tokens, cached ones included.
    InputTokens,
    /// Output tokens, reasoning included.
    OutputTokens,
    /// Both.
    Tokens,
    /// What `cost` says.
    Cost,
    /// Requests under way.
    Concurrency,
}

/// How a limit refills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitAlgorithm)]
enum Algorithm {
    /// Evenly, all the time.
    #[default]
    Gcra,
    /// All at once when a window ends. The first request opens it; those of `day` and `month` are the
    /// calendar's, in UTC.
    Window,
}

/// A time.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RateLimitPer)]
enum Per {
    /// Seconds.
    Seconds(u64),
    /// With its unit.
    Text(String),
}

/// Who counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitCounted)]
enum Counted {
    /// All data planes together, where they have a Redis in common; else each on its own.
    #[default]
    Shared,
    /// Each data plane on its own.
    Local,
}

/// What happens while the data planes' Redis does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitWhenUnavailable)]
enum Unavailable {
    /// Each data plane counts on its own.
    #[default]
    Local,
    /// Requests pass uncounted.
    Allow,
    /// Requests are refused with 503.
    Refuse,
}

/// What the output of a request counts until it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitReserve)]
enum Reserve {
    /// As much as it may become (`max_tokens`), or what others used where nothing bounds it.
    #[default]
    Declared,
    /// What others used.
    Learned,
}

impl RuleConfig {
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Checks and compiles it; problems point into it.
    pub(super) fn build(
        &self,
        context: &BuildContext<'_>,
        plugin: &str,
    ) -> Result<(Arc<Rule>, Quota), Vec<Problem>> {
        let mut problems = Vec::new();
        let span = self.span().map_err(|problem| problems.push(problem)).ok();
        let measure = self.measure().map_err(|problem| problems.push(problem)).ok();
        let subject = self.subject(&mut problems);
        if self.limit == 0 {
            problems.push(Problem::at("/limit", "it is at least 1"));
        }
        let status = self.status.map(StatusCode::from_u16).transpose();
        let status = status.ok().filter(|status| {
            status.is_none_or(|status| status.is_client_error() || status.is_server_error())
        });
        let Some(status) = status else {
            problems.push(Problem::at("/status", "it is no status of an error"));
            return Err(problems);
        };
        let (Some(span), Some(measure), true) = (span, measure, problems.is_empty()) else {
            return Err(problems);
        };
        let when = match self.when_unavailable {
            Unavailable::Local => WhenUnavailable::Local,
            Unavailable::Allow => WhenUnavailable::Allow,
            Unavailable::Refuse => WhenUnavailable::Refuse,
        };
        let id = rule_id(context.owner, plugin, self.id(), self);
        let base = Rule::new(id, measure, Subject::of(subject));
        let rule = Rule {
            name: self.name.as_deref().map_or(base.name, Into::into),
            guess: match self.reserve {
                Reserve::Declared => Guess::Declared,
                Reserve::Learned => Guess::Learned,
            },
            providers: match &self.provider {
                Some(provider) => Providers::Only(provider.as_str().into()),
                None => Providers::Any,
            },
            place: match self.counted {
                Counted::Shared => Place::Shared(when),
                Counted::Local => Place::Local,
            },
            status,
            message: self.message.as_deref().map(Into::into),
            told: !self.hidden,
            ..base
        };
        Ok((Arc::new(rule), Quota { limit: self.limit, span }))
    }

    fn measure(&self) -> Result<Measure, Problem> {
        if self.cost.is_some() && self.count != Count::Cost {
            return Err(Problem::at("/cost", "only \"count\": \"cost\" has one"));
        }
        Ok(match self.count {
            Count::Requests => Measure::Requests,
            Count::InputTokens => Measure::Input,
            Count::OutputTokens => Measure::Output,
            Count::Tokens => Measure::Total,
            Count::Concurrency => Measure::Concurrency,
            Count::Cost => {
                let text = self.cost.as_deref().unwrap_or_default();
                Measure::Cost(Cost::compile(text).map_err(|text| Problem::at("/cost", text))?)
            }
        })
    }

    fn span(&self) -> Result<Span, Problem> {
        let window = self.algorithm == Algorithm::Window;
        if self.count == Count::Concurrency {
            return match (&self.per, self.burst) {
                (Some(_), _) => Err(Problem::at("/per", "requests at once have no time")),
                (None, Some(_)) => Err(Problem::at("/burst", "requests at once have no burst")),
                (None, None) => Ok(Span::Concurrent),
            };
        }
        if self.burst.is_some() && window {
            return Err(Problem::at("/burst", "only \"algorithm\": \"gcra\" has one"));
        }
        if self.burst == Some(0) {
            return Err(Problem::at("/burst", "it is at least 1"));
        }
        let per = self.per.as_ref().ok_or_else(|| Problem::at("/per", "it is needed"))?;
        let text = match per {
            Per::Seconds(_) => "",
            Per::Text(text) => text.trim(),
        };
        match (text, window) {
            ("day", true) => return Ok(Span::Day),
            ("month", true) => return Ok(Span::Month),
            ("month", false) => {
                let text = "months differ: they need \"algorithm\": \"window\"";
                return Err(Problem::at("/per", text));
            }
            _ => {}
        }
        let per = per.duration().ok_or_else(|| {
            Problem::at("/per", "it is no time: write seconds, or \"10s\", \"5m\", \"2h\", \"day\"")
        })?;
        if window {
            return Ok(Span::Window(per));
        }
        Ok(Span::Rolling { per, burst: self.burst.unwrap_or(self.limit) })
    }

    fn subject(&self, problems: &mut Vec<Problem>) -> Vec<Part> {
        let mut parts = Vec::with_capacity(self.by.len());
        for (index, text) in self.by.iter().enumerate() {
            let at = join_pointer("/by", &index.to_string());
            match part(text.trim()) {
                Ok(part) => parts.push(part),
                Err(problem) => problems.push(Problem::at(at, problem)),
            }
        }
        parts
    }
}

fn part(text: &str) -> Result<Part, String> {
    Ok(match text {
        "key" => Part::Key,
        "consumer" => Part::Consumer,
        "route" => Part::Route,
        "provider" => Part::Provider,
        "model" => Part::Model,
        "client" => Part::Client,
        _ => match text.strip_prefix("header:") {
            Some(name) => Part::Header(
                HeaderName::from_str(name).map_err(|_| "it is no name of a header".to_owned())?,
            ),
            None if text.contains("${") => {
                let template = Template::compile(text).map_err(|problem| problem.message)?;
                if template.reads_body() {
                    return Err("limits cannot look at the body".to_owned());
                }
                Part::Expression(template)
            }
            None => {
                return Err(format!(
                    "{text:?} is none of key, consumer, route, provider, model, client, \
                     header:<name>, and has no ${{…}}"
                ));
            }
        },
    })
}

impl Per {
    fn duration(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Seconds(seconds) => *seconds,
            Self::Text(text) => match text.trim() {
                "second" => 1,
                "minute" => 60,
                "hour" => 3_600,
                "day" => 86_400,
                text => {
                    let unit = text.chars().last()?;
                    let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
                    number.checked_mul(match unit {
                        's' => 1,
                        'm' => 60,
                        'h' => 3_600,
                        'd' => 86_400,
                        _ => return None,
                    })?
                }
            },
        };
        // Longer than a year is a mistake, and nothing would fit.
        (1..=31_622_400).contains(&seconds).then(|| Duration::from_secs(seconds))
    }
}

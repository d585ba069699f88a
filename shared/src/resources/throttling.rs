//! How often an API key may be used: its quotas, and the strategies of throttling, which are named and
//! configured as Otoroshi has them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Apikey, Inert};
use crate::counters::{Quota, Span};
use crate::quotas::Period;

/// Otoroshi's window of throttling, in milliseconds.
const WINDOW: u64 = 10_000;

/// What Otoroshi writes into keys that nobody limited.
const UNLIMITED: [Option<u64>; 3] = [Some(10_000_000); 3];

/// How calls are counted against `throttlingQuota`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThrottlingStrategy {
    /// Which one.
    id: StrategyName,
    /// Of `FixedWindowStrategyConfig`: the length of the window in milliseconds.
    #[serde(default = "window")]
    #[schema(minimum = 1, default = 10_000)]
    window_duration_ms: u64,
    /// Of `LocalTokensBucketStrategyConfig`: the most calls at once, whatever `throttlingQuota` is.
    #[serde(default = "capacity")]
    #[schema(minimum = 1, default = 300)]
    capacity: u64,
    /// Of the same: after how many milliseconds so many calls more are there.
    #[serde(default = "refill")]
    #[schema(minimum = 1, default = 50)]
    refill_request_interval_ms: u64,
    /// Of the same: how many.
    #[serde(default = "refill")]
    #[schema(minimum = 1, default = 50)]
    refill_requested_tokens: u64,
    #[serde(default)]
    #[doc = "Keys are counted by their ids."]
    bucket_key: Inert,
    #[serde(default)]
    #[doc = "The key's own quotas count."]
    quota: Inert,
}

/// The strategies that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum StrategyName {
    /// A window of ten seconds, which the first call opens.
    #[serde(rename = "LegacyThrottlingStrategyConfig")]
    Legacy,
    /// A bucket that refills evenly.
    #[serde(rename = "LocalTokensBucketStrategyConfig")]
    TokenBucket,
    /// A window of any length, which the first call opens.
    #[serde(rename = "FixedWindowStrategyConfig")]
    FixedWindow,
    /// As the first: where data planes have a Redis in common all quotas are counted there.
    #[serde(rename = "DistributedRedisThrottlingStrategyConfig")]
    Redis,
    /// The same.
    #[serde(rename = "LuaDistributedRedisThrottlingStrategyConfig")]
    RedisLua,
}

const fn window() -> u64 {
    WINDOW
}

const fn capacity() -> u64 {
    300
}

const fn refill() -> u64 {
    50
}

/// So many calls in a window of so many milliseconds.
fn windowed(limit: Option<u64>, millis: u64) -> Option<Quota> {
    let span = Span::Window(Duration::from_millis(millis));
    limit.map(|limit| Quota { limit, span })
}

impl ThrottlingStrategy {
    /// What of this strategy limits calls, `throttling_quota` being what the key says.
    fn quota(&self, throttling_quota: Option<u64>) -> Option<Quota> {
        match self.id {
            StrategyName::Legacy | StrategyName::Redis | StrategyName::RedisLua => {
                windowed(throttling_quota, WINDOW)
            }
            StrategyName::FixedWindow => windowed(throttling_quota, self.window_duration_ms),
            StrategyName::TokenBucket => {
                let per = Duration::from_millis(self.refill_request_interval_ms);
                let span = Span::Rolling { per, burst: self.capacity };
                Some(Quota { limit: self.refill_requested_tokens, span })
            }
        }
    }
}

impl Apikey {
    /// How often it may be used, for each period for which something limits it.
    pub fn quotas(&self) -> Vec<(Period, Quota)> {
        let counts = [self.throttling_quota, self.daily_quota, self.monthly_quota];
        let [calls, day, month] = if counts == UNLIMITED { [None; 3] } else { counts };
        let strategy = self.throttling_strategy.as_ref();
        let window =
            strategy.map_or_else(|| windowed(calls, WINDOW), |strategy| strategy.quota(calls));
        let of = |limit: Option<u64>, span| limit.map(|limit| Quota { limit, span });
        [
            (Period::Window, window),
            (Period::Day, of(day, Span::Day)),
            (Period::Month, of(month, Span::Month)),
        ]
        .into_iter()
        .filter_map(|(period, quota)| Some((period, quota?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn quotas(members: &Value) -> Vec<(Period, Quota)> {
        let mut key = json!({"clientId": "k", "clientSecret": "sha256:00"});
        for (name, value) in members.as_object().unwrap() {
            key[name] = value.clone();
        }
        key["clientSecret"] =
            json!(crate::secret::HashedSecret::store("k", "0123456789abcdef", None));
        serde_json::from_value::<Apikey>(key).unwrap().quotas()
    }

    #[test]
    fn strategies_say_how_calls_are_counted() {
        let window =
            |limit, millis| Quota { limit, span: Span::Window(Duration::from_millis(millis)) };
        let of = |strategy: Value| {
            quotas(&json!({"throttlingQuota": 7, "throttlingStrategy": strategy}))
        };
        for (strategy, quota) in [
            (json!(null), window(7, 10_000)),
            (json!({"id": "LegacyThrottlingStrategyConfig"}), window(7, 10_000)),
            (
                json!({"id": "DistributedRedisThrottlingStrategyConfig", "bucketKey": "b"}),
                window(7, 10_000),
            ),
            (json!({"id": "LuaDistributedRedisThrottlingStrategyConfig"}), window(7, 10_000)),
            (json!({"id": "FixedWindowStrategyConfig"}), window(7, 10_000)),
            (json!({"id": "FixedWindowStrategyConfig", "windowDurationMs": 500}), window(7, 500)),
            (
                json!({"id": "LocalTokensBucketStrategyConfig", "capacity": 3,
                    "refillRequestIntervalMs": 2_000, "refillRequestedTokens": 2}),
                Quota { limit: 2, span: Span::Rolling { per: Duration::from_secs(2), burst: 3 } },
            ),
        ] {
            assert_eq!(of(strategy.clone()), [(Period::Window, quota)], "{strategy}");
        }
    }

    #[test]
    fn keys_that_nobody_limited_have_no_quotas() {
        assert!(quotas(&json!({})).is_empty());
        let most = 10_000_000;
        let mut all = json!({"throttlingQuota": most, "dailyQuota": most, "monthlyQuota": most});
        assert!(quotas(&all).is_empty());
        all["dailyQuota"] = json!(5);
        let periods: Vec<Period> = quotas(&all).iter().map(|(period, _)| *period).collect();
        assert_eq!(periods, [Period::Window, Period::Day, Period::Month]);
        let bucket = json!({"throttlingStrategy": {"id": "LocalTokensBucketStrategyConfig"}});
        let span = Span::Rolling { per: Duration::from_millis(50), burst: 300 };
        assert_eq!(quotas(&bucket), [(Period::Window, Quota { limit: 50, span })]);
    }
}

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When another attempt follows a failure. Times in milliseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Retry {
    /// So many attempts at most, the first one included; until all were tried when absent.
    #[schema(minimum = 1)]
    pub attempts: Option<u32>,
    /// None begins that long after the request.
    #[schema(minimum = 1)]
    pub deadline: Option<u64>,
    /// None follows one that took longer.
    #[schema(minimum = 1)]
    pub within: Option<u64>,
    /// After which failures. When absent: all but `context_length` and `unauthorized`. A request that
    /// is wrong is never tried again.
    #[schema(example = json!(["timeout", "rate_limited", "server"]))]
    pub on: Option<Vec<RetryOn>>,
    /// After these statuses too, whatever they mean.
    #[schema(example = json!([404]))]
    pub statuses: Vec<u16>,
    /// What attempts after the first may add to the load.
    pub budget: RetryBudget,
    /// A second attempt beside one whose first content does not come; the first to answer counts.
    pub hedge: Option<Hedge>,
}

/// A failure before the first content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// Nobody listens there.
    Connect,
    /// The name has no address.
    Dns,
    /// No TLS connection.
    Tls,
    /// No answer, or no content, in time.
    Timeout,
    /// The connection broke.
    Reset,
    /// Too many requests or tokens (429).
    RateLimited,
    /// There is no money left.
    Quota,
    /// The provider failed (5xx).
    Server,
    /// The provider has too much to do (503, 529).
    Overloaded,
    /// What it answered is no answer, or an error with a status of success.
    Invalid,
    /// A stream without any content.
    Empty,
    /// The request is longer than the model's context: targets with a larger `context_window` follow.
    ContextLength,
    /// The provider refuses the credential (401, 403).
    Unauthorized,
}

/// What attempts after the first may add to the load, over a sliding window.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RetryBudget {
    /// So many in a hundred requests.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// And so many within the window in any case.
    pub floor: u32,
    /// The window, in milliseconds.
    #[schema(minimum = 10)]
    pub window: u64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20, floor: 10, window: 10_000 }
    }
}

/// A second attempt beside a slow one, paid from the retry budget.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hedge {
    /// It begins when there was no content for so long, in milliseconds.
    #[schema(minimum = 1)]
    pub after: u64,
    /// So many beside the first.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 3)]
    pub attempts: u32,
}

const fn one() -> u32 {
    1
}

/// When failures take a provider out, for each of its credentials and models.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Breaker {
    /// Without this it is never out.
    pub enabled: bool,
    /// After so many failures in a row.
    #[schema(minimum = 1)]
    pub consecutive_failures: u32,
    /// When this part of the attempts of the last half minute failed, between 0 and 1; 0 for never.
    #[schema(minimum = 0, maximum = 1)]
    pub failure_ratio: f64,
    /// That many attempts have to have been made before the ratio counts.
    #[schema(minimum = 1)]
    pub minimum_attempts: u32,
    /// How long it is out, in milliseconds; then one request tries it.
    #[schema(minimum = 1)]
    pub cooldown: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive_failures: 5,
            failure_ratio: 0.2,
            minimum_attempts: 20,
            cooldown: 30_000,
        }
    }
}

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Times, in milliseconds, that hold instead of those of a provider; what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TimeoutOverrides {
    /// Until the connection stands.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub connect: Option<NonZeroU64>,
    /// Until the first content of a streamed answer.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub first_token: Option<NonZeroU64>,
    /// Silence between pieces of a streamed answer.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub idle: Option<NonZeroU64>,
    /// The whole call, a streamed answer excepted, of which it is the head.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub total: Option<NonZeroU64>,
    /// A whole streamed answer.
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub stream: Option<NonZeroU64>,
}

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::resources::EmbeddingModelId;

/// How one of the targets is chosen.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Balancing {
    /// The way; `round_robin` when absent.
    pub algorithm: Option<Algorithm>,
    /// For `consistent_hash`: what of a request is hashed, all of these together. Where a request has
    /// none of them, and when there are none, its caller's address is.
    pub hash_on: Vec<HashOn>,
    /// For `semantic`: who tells how like their examples a prompt is, and how like it has to be.
    pub semantic: Option<SemanticChoice>,
    /// Keeps a conversation where its beginning is in the provider's prompt cache.
    pub sticky: Option<Sticky>,
    /// A member of the request, or of the target's options where the request lacks it:
    /// `JsonPointer(/a/b)`, `JsonPath($.a.b)` or `a.b`. Targets whose `selector_expected` is another
    /// text are not asked. `*` for none.
    pub selector_expr: Option<String>,
}

/// A way of choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// In turn, by weight: exact over a cycle.
    RoundRobin,
    /// By chance, by weight.
    Random,
    /// The one of two, drawn by weight, with less under way for its weight.
    LeastBusy,
    /// The one whose first content came soonest of late; now and then another, to see how that does.
    BestResponseTime,
    /// The one that costs least.
    Cheapest,
    /// The same one for the same value of `hash_on`.
    ConsistentHash,
    /// The one whose `examples` are most like what is asked: the last message of a user, which is
    /// embedded for it. Priorities only tell who comes first of those that are equal.
    Semantic,
}

/// How targets are chosen by what is asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SemanticChoice {
    /// Makes vectors of prompts and examples.
    pub embedding_model: EmbeddingModelId,
    /// Its model; its own default when absent.
    #[serde(default)]
    pub model: Option<String>,
    /// How long choosing may take, in milliseconds.
    #[serde(default = "three_seconds")]
    #[schema(minimum = 1, maximum = 60_000)]
    pub timeout: u64,
    /// How like one of its examples a prompt has to be for a target, as the cosine of the angle between
    /// them; where the target says nothing else.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    pub threshold: f64,
    /// The target, by its name, that is asked where no other is like the prompt, there is no prompt, or it
    /// could not be embedded; the first when absent.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Tells callers in headers how like each target was, and which was picked.
    #[serde(default)]
    pub debugging: bool,
}

const fn three_seconds() -> u64 {
    3_000
}

/// What of a request is hashed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HashOn {
    /// Where it is found.
    pub source: HashSource,
    /// Its name, where there are several: of a header, a parameter, a cookie, a member of the body.
    #[serde(default)]
    pub name: Option<String>,
}

/// Where a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HashSource {
    /// The API key's id.
    Key,
    /// The id of the key's consumer.
    Consumer,
    /// The caller's address.
    Client,
    /// The host.
    Host,
    /// The path.
    Path,
    /// Path and query.
    Uri,
    /// The query.
    QueryString,
    /// A header.
    Header,
    /// A parameter of the query.
    Query,
    /// A cookie.
    Cookie,
    /// A member of the body.
    Body,
}

/// Keeps a conversation at one target.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Sticky {
    /// For so long after its last request, in milliseconds.
    #[schema(minimum = 1)]
    pub ttl: u64,
}

impl Default for Sticky {
    fn default() -> Self {
        // As long as providers keep prompts, mostly.
        Self { ttl: 300_000 }
    }
}

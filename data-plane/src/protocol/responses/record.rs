use sanmon_wire::json::Json;
use serde::{Deserialize, Serialize};

use crate::exchange::Exchange;
use crate::protocol::llm::Bound;

/// What is known of an answer whose id a caller has.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    /// Whose it is; nobody else learns that it exists.
    pub(super) owner: Box<str>,
    /// Until then, in milliseconds since 1970.
    pub(super) expires_at: i64,
    /// The provider that keeps it; then there is nothing else of it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<Box<str>>,
    /// Which of the provider's credentials it was made with: no other one finds it.
    #[serde(default)]
    pub(super) credential: usize,
    /// The answer, as its caller got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Json>,
    /// The items before it, those of earlier answers included: a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<Json>,
}

impl Record {
    /// Who keeps it, where that is its provider.
    pub(super) fn kept_by(&self) -> Option<Bound> {
        let provider = self.provider.clone()?;
        Some(Bound { provider, credential: self.credential })
    }

    /// About what it takes in memory.
    pub(super) fn size(&self) -> usize {
        let text = |json: &Option<Json>| json.as_ref().map_or(0, |json| json.text().len());
        512 + self.owner.len() + text(&self.response) + text(&self.input)
    }
}

/// For whom an exchange's answers are kept: the key, and where there is none, the route.
pub(super) fn owner(exchange: &Exchange) -> Box<str> {
    match &exchange.key {
        Some(key) => format!("apikey:{}", key.id),
        None => format!("route:{}", exchange.matched.route.id),
    }
    .into()
}

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

const SCORES: HeaderName = HeaderName::from_static("x-ai-semantic-scores");
const PICKED: HeaderName = HeaderName::from_static("x-ai-semantic-picked-instance");

/// How a target was chosen by what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    /// The id of the pool.
    pub(crate) pool: Arc<str>,
    /// As what the pool knows the target; none where nobody was like what was asked.
    pub(crate) picked: Option<Arc<str>>,
    /// Who made vectors, and the model.
    pub(crate) embedder: Option<(Arc<str>, Box<str>)>,
    /// Of what was asked.
    pub(crate) tokens: Option<u64>,
    /// Why nothing is known of what was asked.
    pub(crate) failed: Option<&'static str>,
    /// How long it took.
    pub(crate) took: Duration,
    /// Where callers are told: how like each target was, and which was picked.
    pub(crate) told: Option<(HeaderValue, HeaderValue)>,
}

impl Meant {
    /// Of the pool with this id, before anything is known.
    pub(crate) fn of(pool: &Arc<str>) -> Self {
        Self {
            pool: Arc::clone(pool),
            picked: None,
            embedder: None,
            tokens: None,
            failed: None,
            took: Duration::ZERO,
            told: None,
        }
    }

    /// Tells the caller.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        if let Some((scores, picked)) = &self.told {
            headers.insert(SCORES, scores.clone());
            headers.insert(PICKED, picked.clone());
        }
    }
}

//! Everything a request may read, frozen. The next snapshot shares all that did not change.

mod apikey;
mod edit;
mod live;

use std::sync::Arc;

use rpds::HashTrieMapSync;
use sanmon_shared::Head;
use sanmon_shared::resources::{ApikeyId, EmbeddingModelId, ProviderId};

pub use apikey::Apikey;
pub use edit::Edit;
pub use live::Live;

use crate::provider::Provider;

/// One revision of the configuration, compiled.
pub struct Snapshot {
    /// Which one.
    pub head: Head,
    providers: HashTrieMapSync<ProviderId, Arc<Provider>>,
    embedding_models: HashTrieMapSync<EmbeddingModelId, Arc<Provider>>,
    apikeys: HashTrieMapSync<ApikeyId, Arc<Apikey>>,
}

/// A route that matches a request, and how.
#[derive(Clone)]
pub struct Matched {
    /// How many bytes of the path the route's own prefix takes: what `strip_path` removes.
    pub prefix: usize,
}

impl Snapshot {
    /// The provider with this id.
    pub fn provider(&self, id: &ProviderId) -> Option<&Arc<Provider>> {
        self.providers.get(id)
    }

    /// The embedding model with this id.
    pub fn embedding_model(&self, id: &EmbeddingModelId) -> Option<&Arc<Provider>> {
        self.embedding_models.get(id)
    }

    /// The API key with this id.
    pub fn apikey(&self, id: &str) -> Option<&Arc<Apikey>> {
        self.apikeys.get(id)
    }
}

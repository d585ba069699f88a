//! Everything a request may read, frozen. The next snapshot shares all that did not change.

mod apikey;
mod backend;
pub(crate) mod compile;
mod edit;
mod live;
mod map;
mod pipeline;
mod route;

use std::sync::Arc;

use sanmon_shared::Head;
use sanmon_shared::report::Refusal;
use sanmon_shared::resources::{
    ApikeyId, BackendId, EmbeddingModelId, GlobalPluginId, PluginId, ProviderId, RouteId, ServiceId,
};

pub use apikey::Apikey;
pub use backend::{Backend, Target, Timeouts};
pub use edit::Edit;
pub use live::Live;
pub use pipeline::{Answerer, Pipeline, missing};
pub use route::{BackendChoice, Route, Service};

pub(crate) use map::{Map, Set};
use route::{Globals, NamedPlugin};

use crate::error::{Code, GatewayError};
use crate::provider::Provider;
use crate::router::{Captures, RouteQuery, Router};

/// One revision of the configuration, compiled.
#[derive(Clone)]
pub struct Snapshot {
    /// Which one.
    pub head: Head,
    router: Router,
    routes: Map<RouteId, Arc<Route>>,
    services: Map<ServiceId, Arc<Service>>,
    backends: Map<BackendId, Arc<Backend>>,
    plugins: Map<PluginId, Arc<NamedPlugin>>,
    globals: Arc<Globals>,
    providers: Map<ProviderId, Arc<Provider>>,
    embedding_models: Map<EmbeddingModelId, Arc<Provider>>,
    apikeys: Map<ApikeyId, Arc<Apikey>>,
}

/// A route that matches a request, and how.
#[derive(Clone)]
pub struct Matched {
    /// The route.
    pub route: Arc<Route>,
    /// How many bytes of the path the route's own prefix takes: what `strip_path` removes.
    pub prefix: usize,
    /// Whether it only matched by its `access-control-request-method`.
    pub preflight: bool,
    /// The names in its path.
    pub(crate) captures: Option<Arc<Captures>>,
}

impl Matched {
    /// The segment of `path` for which the route's path has `:name` or `$name<…>`.
    pub fn param<'a>(&self, path: &'a str, name: &str) -> Option<&'a str> {
        self.captures.as_ref()?.get(path, name)
    }
}

impl Snapshot {
    /// The configuration without any document.
    pub fn empty(head: Head) -> Self {
        Self {
            head,
            router: Router::default(),
            routes: Map::default(),
            services: Map::default(),
            backends: Map::default(),
            plugins: Map::default(),
            globals: Arc::default(),
            providers: Map::default(),
            embedding_models: Map::default(),
            apikeys: Map::default(),
        }
    }

    /// Begins the next snapshot.
    pub fn edit(self: &Arc<Self>) -> Edit {
        Edit::of(self)
    }

    /// The routes of a request, the most specific first. What plugins of the match phase say of
    /// them is still to be asked: [`Pipeline::accepts`].
    pub fn candidates<'a>(&'a self, query: RouteQuery<'a>) -> impl Iterator<Item = Matched> + 'a {
        self.router.candidates(query)
    }

    /// The 404 of a request for which no candidate was left; says which host and path, and what of
    /// them no route has.
    pub fn no_route(&self, query: RouteQuery<'_>) -> GatewayError {
        GatewayError::new(Code::RouteNotFound, self.router.why_not(query))
    }

    /// What could not be built and so is served in its last good form, or not at all.
    pub fn refusals(&self) -> Vec<Refusal> {
        Vec::new()
    }

    /// The route with this id.
    pub fn route(&self, id: &str) -> Option<&Arc<Route>> {
        self.routes.get(id)
    }

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

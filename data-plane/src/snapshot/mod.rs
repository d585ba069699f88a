//! Everything a request may read, frozen. The next snapshot shares all that did not change.

mod apikey;
mod backend;
mod by_secret;
pub(crate) mod compile;
mod constraints;
mod consumer;
mod edit;
#[cfg(test)]
pub(crate) mod for_test;
mod live;
mod map;
mod naming;
mod pipeline;
mod restrictions;
mod route;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sanmon_shared::reference::Managed;
use sanmon_shared::report::Refusal;
use sanmon_shared::resources::{
    ApikeyId, BackendId, ConsumerGroupId, ConsumerId, EmbeddingModelId, GlobalPluginId, PluginId,
    PromptContextId, PromptId, PromptTemplateId, ProviderId, RouteId, SecretManagerId, ServiceId,
};
use sanmon_shared::secret::sha256;
use sanmon_shared::{Head, Kind};

pub use apikey::Apikey;
pub use backend::{Backend, HostHeader, Target, Timeouts};
pub use constraints::Constraints;
pub use consumer::{Consumer, ConsumerGroup};
pub use edit::Edit;
pub use live::Live;
pub use pipeline::{Answerer, Pipeline, missing};
pub use restrictions::{Restricted, Restrictions, Verdict};
pub use route::{BackendChoice, Route, Service};

pub(crate) use map::{Map, Set};
pub(crate) use route::{GlobalPlugin, NamedPlugin};

use by_secret::BySecret;
use naming::Namings;

use crate::error::{Code, GatewayError};
use crate::plugin::Slots;
use crate::prompts::{Prompt, PromptContext, PromptTemplate};
use crate::provider::Provider;
use crate::router::{Body, Captures, RouteQuery, Router};
use crate::secrets::Manager;

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
    globals: Map<GlobalPluginId, Arc<GlobalPlugin>>,
    /// The enabled ones, in order.
    global_slots: Arc<Slots>,
    providers: Map<ProviderId, Arc<Provider>>,
    embedding_models: Map<EmbeddingModelId, Arc<Provider>>,
    prompts: Map<PromptId, Arc<Prompt>>,
    prompt_contexts: Map<PromptContextId, Arc<PromptContext>>,
    prompt_templates: Map<PromptTemplateId, Arc<PromptTemplate>>,
    apikeys: Map<ApikeyId, Arc<Apikey>>,
    /// Keys of consumers, which are found by their secrets alone.
    by_secret: BySecret,
    consumers: Map<ConsumerId, Arc<Consumer>>,
    consumer_groups: Map<ConsumerGroupId, Arc<ConsumerGroup>>,
    secret_managers: Map<SecretManagerId, Arc<Manager>>,
    /// Which documents name secrets of managers.
    namings: Namings,
    /// Which routes name a service.
    routes_of: Map<ServiceId, Set<RouteId>>,
    /// What could not be built, by kind and id.
    refusals: Map<(Kind, Arc<str>), Arc<Refusal>>,
}

/// A route that matches a request, and how.
#[derive(Clone)]
pub struct Matched {
    /// The route.
    pub route: Arc<Route>,
    /// How many bytes of the path the route's own prefix takes: with that of its domain.
    pub prefix: usize,
    /// Whether it only matched by its `access-control-request-method`.
    pub preflight: bool,
    /// Whether its body has yet to say whether it matches.
    pub(crate) open: bool,
    /// How many bytes of the path are removed on the way to targets.
    pub(crate) stripped: usize,
    /// The names in its path.
    pub(crate) captures: Option<Arc<Captures>>,
}

impl Matched {
    /// Whether a request that left it open matches by its body.
    pub(crate) fn is_met_by(&self, query: &RouteQuery<'_>, body: &Body<'_>) -> bool {
        let conditions = self.route.conditions.as_ref();
        !self.open || conditions.is_none_or(|conditions| conditions.met_by(query, body))
    }

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
            globals: Map::default(),
            global_slots: Arc::default(),
            providers: Map::default(),
            embedding_models: Map::default(),
            prompts: Map::default(),
            prompt_contexts: Map::default(),
            prompt_templates: Map::default(),
            apikeys: Map::default(),
            by_secret: BySecret::default(),
            consumers: Map::default(),
            consumer_groups: Map::default(),
            secret_managers: Map::default(),
            namings: Namings::default(),
            routes_of: Map::default(),
            refusals: Map::default(),
        }
    }

    /// Begins the next snapshot.
    pub fn edit(self: &Arc<Self>) -> Edit {
        Edit::of(self)
    }

    /// The routes of a request, the most specific first. What plugins of the match phase say of
    /// them is still to be asked: [`Pipeline::accepts`]; and of those that are open, the body.
    pub fn candidates<'a>(&'a self, query: RouteQuery<'a>) -> impl Iterator<Item = Matched> + 'a {
        self.router.candidates(query)
    }

    /// The routes whose host and path match a request, whatever else they expect of it.
    pub(crate) fn nearby<'a>(
        &'a self,
        query: RouteQuery<'a>,
    ) -> impl Iterator<Item = Matched> + 'a {
        self.router.nearby(query)
    }

    /// The 404 of a request for which no candidate was left; says which host and path, and what of
    /// them no route has.
    pub fn no_route(&self, query: RouteQuery<'_>) -> GatewayError {
        GatewayError::new(Code::RouteNotFound, self.router.why_not(query))
    }

    /// What could not be built and so is served in its last good form, or not at all.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals: Vec<Refusal> =
            self.refusals.values().map(|refusal| Refusal::clone(refusal)).collect();
        refusals.sort_unstable_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
        refusals
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

    /// The prompt with this id.
    pub fn prompt(&self, id: &PromptId) -> Option<&Arc<Prompt>> {
        self.prompts.get(id)
    }

    /// The prompt context with this id.
    pub fn prompt_context(&self, id: &PromptContextId) -> Option<&Arc<PromptContext>> {
        self.prompt_contexts.get(id)
    }

    /// The prompt template with this id.
    pub fn prompt_template(&self, id: &PromptTemplateId) -> Option<&Arc<PromptTemplate>> {
        self.prompt_templates.get(id)
    }

    /// The API key with this id.
    pub fn apikey(&self, id: &str) -> Option<&Arc<Apikey>> {
        self.apikeys.get(id)
    }

    /// The keys of consumers with this secret, in the order of their ids; nearly always one or none.
    pub fn apikeys_by_secret<'a>(
        &'a self,
        secret: &'a [u8],
    ) -> impl Iterator<Item = &'a Arc<Apikey>> {
        let ids = self.by_secret.get(&sha256(secret));
        let keys = ids.iter().filter_map(|id| self.apikeys.get(id));
        keys.filter(move |key| key.is_secret(secret))
    }

    /// The consumer with this id.
    pub fn consumer(&self, id: &ConsumerId) -> Option<&Arc<Consumer>> {
        self.consumers.get(id)
    }

    /// Who keeps a secret.
    pub(crate) fn secret_manager(&self, secret: &Managed) -> Option<&Arc<Manager>> {
        self.secret_managers.get(secret.manager())
    }

    /// Whether a document names this secret.
    pub(crate) fn names(&self, secret: &Managed) -> bool {
        self.namings.names(secret)
    }

    /// The group of consumers with this id.
    pub fn consumer_group(&self, id: &ConsumerGroupId) -> Option<&Arc<ConsumerGroup>> {
        self.consumer_groups.get(id)
    }
}

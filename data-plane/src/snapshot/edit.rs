use std::collections::BTreeSet;
use std::sync::Arc;

use sanmon_shared::reference::Managed;
use sanmon_shared::report::Refusal;
use sanmon_shared::resources;
use sanmon_shared::{Change, Document, Head, Id, Problem, Resource};

use super::naming::{Noting, Place};
use super::shared::Shared;
use super::{
    Apikey, Backend, Consumer, ConsumerGroup, GlobalPlugin, Map, NamedPlugin, Route, Service, Set,
    Snapshot, compile,
};
use crate::plugin::{BuildContext, Slots};
use crate::prompts::{Prompt, PromptContext, PromptTemplate};
use crate::provider::Provider;
use crate::router::Domain;
use crate::secrets::Manager;

/// The next snapshot in the making: cost follows the changes, not the configuration.
pub struct Edit {
    next: Snapshot,
    shared: Shared,
    globals_changed: bool,
    /// Secrets of managers that documents were built with here.
    named: BTreeSet<Managed>,
    managers_changed: bool,
}

/// What a change brings, to be built.
struct Incoming<'a> {
    id: &'a Arc<str>,
    document: Option<&'a Document>,
    context: &'a BuildContext<'a>,
}

impl<'a> Incoming<'a> {
    /// Reads and builds the document; none where it was deleted.
    fn build<R: Resource, T>(
        &self,
        build: impl FnOnce(&R, &BuildContext<'a>) -> Result<T, Vec<Problem>>,
    ) -> Result<Option<T>, Vec<Problem>> {
        self.document
            .map(|document| build(&compile::read_text(document.get())?, self.context))
            .transpose()
    }
}

/// Puts what was built in the place of what was there, or takes that away.
fn put<R, T>(map: &mut Map<Id<R>, Arc<T>>, id: &Arc<str>, built: Option<T>) {
    match built {
        Some(built) => map.insert_mut(Id::new(Arc::clone(id)), Arc::new(built)),
        None => {
            map.remove_mut(&**id);
        }
    }
}

impl Edit {
    pub(super) fn of(snapshot: &Arc<Snapshot>) -> Self {
        let next = Snapshot::clone(snapshot);
        Self {
            next,
            shared: Shared::default(),
            globals_changed: false,
            named: BTreeSet::new(),
            managers_changed: false,
        }
    }

    /// Builds what a change brings, in place of what was there. What cannot be built keeps its last
    /// good form and is among the refusals of the finished snapshot, until a later change repairs
    /// or deletes it. Kinds that are not known, and those that only the control plane needs, are
    /// passed over. The order of changes does not show.
    pub fn apply(&mut self, change: &Change, revision: u64, context: &BuildContext<'_>) {
        let noting = Noting::new(context.elsewhere);
        let context = BuildContext { owner: &change.id, elsewhere: &noting, ..*context };
        let incoming =
            Incoming { id: &change.id, document: change.after.as_ref(), context: &context };
        let applied = match change.kind.as_str() {
            resources::Route::PLURAL => self.route(&incoming),
            resources::Service::PLURAL => self.service(&incoming),
            resources::BackendEntity::PLURAL => self.backend(&incoming),
            resources::PluginInstance::PLURAL => self.plugin(&incoming),
            resources::GlobalPlugin::PLURAL => self.global_plugin(&incoming),
            resources::Provider::PLURAL => self.provider(&incoming),
            resources::EmbeddingModel::PLURAL => self.embedding_model(&incoming),
            resources::Prompt::PLURAL => self.prompt(&incoming),
            resources::PromptContext::PLURAL => self.prompt_context(&incoming),
            resources::PromptTemplate::PLURAL => self.prompt_template(&incoming),
            resources::Apikey::PLURAL => self.apikey(&incoming),
            resources::Consumer::PLURAL => self.consumer(&incoming),
            resources::ConsumerGroup::PLURAL => self.consumer_group(&incoming),
            resources::SecretManager::PLURAL => self.secret_manager(&incoming),
            _ => return,
        };
        let place = (change.kind.clone(), Arc::clone(&change.id));
        let named = noting.named();
        self.named.extend(named.iter().cloned());
        self.next.namings.put(&place, change.after.as_ref(), revision, named);
        match applied {
            Ok(()) if self.next.refusals.is_empty() => {}
            Ok(()) => {
                self.next.refusals.remove_mut(&place);
            }
            Err(problems) => {
                let refusal = Refusal {
                    kind: change.kind.as_str().to_owned(),
                    id: change.id.to_string(),
                    revision,
                    reason: reason(&problems),
                };
                self.next.refusals.insert_mut(place, Arc::new(refusal));
            }
        }
    }

    /// The secrets of managers on which what was built here depends: those that its documents name,
    /// and all where managers are not what they were.
    pub(crate) fn named(&self) -> Vec<Managed> {
        if self.managers_changed {
            return self.next.namings.secrets().cloned().collect();
        }
        self.named.iter().filter(|secret| self.next.names(secret)).cloned().collect()
    }

    /// Every secret counts as named here.
    pub(crate) fn name_all(&mut self) {
        self.managers_changed = true;
    }

    /// Who keeps a secret.
    pub(crate) fn secret_manager_of(&self, secret: &Managed) -> Option<&Arc<Manager>> {
        self.next.secret_manager(secret)
    }

    /// Builds the documents that name these secrets once more.
    pub(crate) fn rebuild(&mut self, secrets: &[Managed], context: &BuildContext<'_>) {
        let namings = &self.next.namings;
        let places: BTreeSet<Place> =
            secrets.iter().flat_map(|secret| namings.places(secret)).cloned().collect();
        for place in places {
            let Some(naming) = self.next.namings.get(&place).cloned() else { continue };
            let (kind, id) = place;
            let after = Some(Arc::clone(&naming.document));
            self.apply(&Change { kind, id, before: None, after }, naming.revision, context);
        }
    }

    /// The snapshot, and everything in it that could not be built.
    pub fn finish(mut self, head: Head) -> (Snapshot, Vec<Refusal>) {
        self.next.head = head;
        if self.globals_changed {
            let mut globals: Vec<_> = self.next.globals.iter().collect();
            globals.sort_unstable_by_key(|(id, global)| (global.order, id.as_str()));
            let slots = globals.into_iter().filter_map(|(_, global)| global.slot.clone());
            self.next.global_slots = Arc::new(Slots::of(slots.collect()));
        }
        let refusals = self.next.refusals();
        (self.next, refusals)
    }

    fn route(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let shared = &mut self.shared;
        let built = incoming.build(|route, context| Route::build_shared(route, context, shared))?;
        let id = Id::new(Arc::clone(incoming.id));
        let before = self.next.routes.get(&id).cloned();
        if let Some(before) = &before {
            self.unroute(before);
        }
        let service_before = before.and_then(|route| route.service.clone());
        let service = built.as_ref().and_then(|route| route.service.clone());
        if service_before != service {
            if let Some(routes) =
                service_before.as_ref().and_then(|service| self.next.routes_of.get_mut(service))
            {
                routes.remove_mut(&id);
            }
            if let Some(service) = service {
                if !self.next.routes_of.contains_key(&service) {
                    self.next.routes_of.insert_mut(service.clone(), Set::default());
                }
                if let Some(routes) = self.next.routes_of.get_mut(&service) {
                    routes.insert_mut(id.clone());
                }
            }
            if let Some(service) = service_before
                && self.next.routes_of.get(&service).is_some_and(Set::is_empty)
            {
                self.next.routes_of.remove_mut(&service);
            }
        }
        match built {
            Some(route) => {
                let route = Arc::new(route);
                self.next.routes.insert_mut(id, Arc::clone(&route));
                self.reroute(&route);
            }
            None => {
                self.next.routes.remove_mut(&id);
            }
        }
        Ok(())
    }

    fn service(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let shared = &mut self.shared;
        let built =
            incoming.build(|service, context| Service::build_shared(service, context, shared))?;
        let before = self.next.services.get(&**incoming.id).cloned();
        let same = match (&before, &built) {
            (Some(a), Some(b)) => a.enabled == b.enabled && a.domains == b.domains,
            (a, b) => a.is_none() && b.is_none(),
        };
        let routes = self.next.routes_of.get(&**incoming.id).filter(|_| !same).cloned();
        let routes: Vec<Arc<Route>> = routes
            .iter()
            .flat_map(Set::iter)
            .filter_map(|id| self.next.routes.get(id).cloned())
            .collect();
        for route in &routes {
            self.unroute(route);
        }
        put(&mut self.next.services, incoming.id, built);
        for route in &routes {
            self.reroute(route);
        }
        Ok(())
    }

    fn backend(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(|entity: &resources::BackendEntity, context| {
            Backend::build(&entity.backend, context)
                .map_err(|inner| inner.into_iter().map(|p| p.under("/backend")).collect())
        })?;
        put(&mut self.next.backends, incoming.id, built);
        Ok(())
    }

    fn plugin(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(NamedPlugin::build)?;
        put(&mut self.next.plugins, incoming.id, built);
        Ok(())
    }

    fn global_plugin(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(GlobalPlugin::build)?;
        put(&mut self.next.globals, incoming.id, built);
        self.globals_changed = true;
        Ok(())
    }

    fn provider(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(Provider::build)?;
        put(&mut self.next.providers, incoming.id, built);
        Ok(())
    }

    fn embedding_model(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(Provider::build_embedding)?;
        put(&mut self.next.embedding_models, incoming.id, built);
        Ok(())
    }

    fn prompt(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(Prompt::build)?;
        put(&mut self.next.prompts, incoming.id, built);
        Ok(())
    }

    fn prompt_context(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(PromptContext::build)?;
        put(&mut self.next.prompt_contexts, incoming.id, built);
        Ok(())
    }

    fn prompt_template(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(PromptTemplate::build)?;
        put(&mut self.next.prompt_templates, incoming.id, built);
        Ok(())
    }

    fn apikey(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let shared = &mut self.shared;
        let built = incoming.build(|key, context| Apikey::build_shared(key, context, shared))?;
        if let Some(before) = self.next.apikeys.get(&**incoming.id) {
            self.next.by_secret.remove(before);
        }
        match built {
            // The map's key is the key's own id: one text for both.
            Some(key) => {
                self.next.by_secret.insert(&key);
                self.next.apikeys.insert_mut(key.id.clone(), Arc::new(key));
            }
            None => {
                self.next.apikeys.remove_mut(&**incoming.id);
            }
        }
        Ok(())
    }

    fn consumer(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let shared = &mut self.shared;
        let built = incoming
            .build(|consumer, context| Consumer::build_shared(consumer, context, shared))?;
        put(&mut self.next.consumers, incoming.id, built);
        Ok(())
    }

    fn consumer_group(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let shared = &mut self.shared;
        let built =
            incoming.build(|group, context| ConsumerGroup::build_shared(group, context, shared))?;
        put(&mut self.next.consumer_groups, incoming.id, built);
        Ok(())
    }

    fn secret_manager(&mut self, incoming: &Incoming<'_>) -> Result<(), Vec<Problem>> {
        let built = incoming.build(Manager::build)?;
        put(&mut self.next.secret_managers, incoming.id, built);
        self.managers_changed = true;
        Ok(())
    }

    fn reroute(&mut self, route: &Arc<Route>) {
        let router = &mut self.next.router;
        each_domain(&self.next.services, route, |domain| router.insert(domain, route));
    }

    fn unroute(&mut self, route: &Route) {
        let router = &mut self.next.router;
        each_domain(&self.next.services, route, |domain| router.remove(domain, route));
    }
}

/// The domains under which a route answers: its own, or those of its service, or any host.
///
/// A route whose service is missing answers under the domains that are its own (with 503), and where
/// it has none of its own nobody can know which they were: nowhere.
fn each_domain(
    services: &Map<resources::ServiceId, Arc<Service>>,
    route: &Route,
    mut visit: impl FnMut(&Domain),
) {
    let mut visit = |domain: &Domain| match &*route.paths {
        [] => visit(domain),
        paths => paths.iter().for_each(|path| visit(&path.below(domain))),
    };
    let service = match &route.service {
        None => None,
        Some(id) => Some(services.get(id)),
    };
    if !route.enabled || service.flatten().is_some_and(|service| !service.enabled) {
        return;
    }
    let any = [Domain::any()];
    let inherited: &[Domain] = match service {
        Some(None) => &[],
        Some(Some(service)) if !service.domains.is_empty() => &service.domains,
        Some(Some(_)) | None => &any,
    };
    if route.domains.is_empty() {
        inherited.iter().for_each(&mut visit);
    }
    for domain in &route.domains {
        if domain.is_relative() {
            for host in inherited {
                visit(&domain.below(host));
            }
        } else {
            visit(domain);
        }
    }
}

/// Problems in one line, for a report.
fn reason(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems
        .iter()
        .map(|problem| match problem.pointer.as_str() {
            "" => problem.message.clone(),
            pointer => format!("{pointer}: {}", problem.message),
        })
        .collect();
    texts.join("; ")
}

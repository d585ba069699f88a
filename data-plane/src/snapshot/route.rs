use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, BackendId, RouteId, ServiceId};

use super::Backend;
use super::shared::Shared;
use crate::plugin::{AnyPlugin, BuildContext, PathFilter, Slot, SlotPlugin, Slots, plugin};
use crate::router::{Conditions, Domain};

/// A route, compiled.
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Its name.
    pub name: Box<str>,
    /// Its labels; none where it has none, as most routes.
    pub(crate) about: Option<Arc<About>>,
    /// Groups by which API keys are authorised on it.
    pub groups: Arc<[Box<str>]>,
    /// The service from which it inherits.
    pub service: Option<ServiceId>,
    /// Whether the matched prefix is removed on the way to targets.
    pub strip_path: bool,
    /// Its own slots.
    pub slots: Arc<Slots>,
    /// Where requests go that no plugin answers; none where the service is to say so.
    pub backend: Option<BackendChoice>,
    pub(crate) enabled: bool,
    pub(crate) domains: Box<[Domain]>,
    /// Paths below each of its domains; none where the domains say all.
    pub(crate) paths: Box<[Domain]>,
    /// Among routes with the same domain and path, the larger goes first.
    pub(crate) priority: i32,
    pub(crate) conditions: Option<Box<Conditions>>,
}

/// The labels of a route, which its plugins may speak of.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct About {
    pub(crate) tags: Box<[Box<str>]>,
    /// Labels with values.
    pub(crate) metadata: BTreeMap<Box<str>, Box<str>>,
}

impl About {
    fn of(document: &resources::Route) -> Option<Self> {
        let (tags, metadata) = (&document.tags, &document.metadata);
        (!tags.is_empty() || !metadata.is_empty()).then(|| Self {
            tags: tags.iter().map(|tag| tag.as_str().into()).collect(),
            metadata: metadata
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
        })
    }
}

/// A service, compiled.
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// Slots that its routes pass before their own.
    pub slots: Arc<Slots>,
    /// For its routes that have none.
    pub backend: Option<BackendChoice>,
    pub(crate) enabled: bool,
    pub(crate) domains: Box<[Domain]>,
    /// How many segments of a path are those of its domains, where they are removed on the way to
    /// targets; 0 where they stay.
    pub(crate) stripped: usize,
}

/// Where the backend of a route or service is.
#[derive(Clone)]
pub enum BackendChoice {
    /// In its own document.
    Own(Arc<Backend>),
    /// Stored apart, looked up in the snapshot when a request comes.
    Stored(BackendId),
}

impl BackendChoice {
    fn build(
        (own, stored): (Option<&resources::Backend>, Option<&BackendId>),
        context: &BuildContext<'_>,
        shared: &mut Shared,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let own = own.and_then(|document| {
            Backend::build(document, context)
                .map_err(|inner| problems.extend(inner.into_iter().map(|p| p.under("/backend"))))
                .ok()
        });
        match (stored, own) {
            (Some(id), _) => Some(Self::Stored(id.clone())),
            (None, Some(backend)) => Some(Self::Own(shared.backend(backend))),
            (None, None) => None,
        }
    }
}

/// Builds slots; problems point into the document that has them as `plugins`.
fn slots(
    document: &[resources::PluginSlot],
    context: &BuildContext<'_>,
    shared: &mut Shared,
    problems: &mut Vec<Problem>,
) -> Arc<Slots> {
    shared
        .slots(document, context)
        .map_err(|inner| problems.extend(inner.into_iter().map(|p| p.under("/plugins"))))
        .unwrap_or_default()
}

impl Route {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::Route,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::build_shared(document, context, &mut Shared::default())
    }

    /// The same, taking from `shared` what others have already.
    pub(super) fn build_shared(
        document: &resources::Route,
        context: &BuildContext<'_>,
        shared: &mut Shared,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let frontend = &document.frontend;
        let mut domains = Domain::list(&frontend.domains, "/frontend/domains", &mut problems);
        if let Some(domain) = &frontend.domain {
            domains.extend(Domain::one(domain, "/frontend/domain", &mut problems));
        }
        for domain in &domains {
            if domain.is_relative() && document.service_ref.is_none() {
                problems.push(Problem::at(
                    "/frontend/domains",
                    format!("{domain}: a path without host needs a \"service_ref\" with hosts"),
                ));
            }
        }
        let mut paths = Vec::with_capacity(frontend.paths.len());
        for (index, path) in frontend.paths.iter().enumerate() {
            match Domain::of_path(path) {
                Ok(path) => paths.push(path),
                Err(error) => problems
                    .push(Problem::at(join_pointer("/frontend/paths", &index.to_string()), error)),
            }
        }
        let route = Self {
            id: document.id.clone(),
            name: document.name.as_str().into(),
            about: About::of(document).map(|about| shared.about(about)),
            groups: shared.groups(&document.groups),
            service: document.service_ref.clone(),
            strip_path: frontend.strip_path,
            slots: slots(&document.plugins, context, shared, &mut problems),
            backend: BackendChoice::build(
                (document.backend.as_ref(), document.backend_ref.as_ref()),
                context,
                shared,
                &mut problems,
            ),
            enabled: document.enabled,
            domains: domains.into(),
            paths: paths.into(),
            priority: frontend.priority,
            conditions: Conditions::build(frontend, &mut problems),
        };
        if problems.is_empty() { Ok(route) } else { Err(problems) }
    }
}

impl Service {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::Service,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::build_shared(document, context, &mut Shared::default())
    }

    /// The same, taking from `shared` what others have already.
    pub(super) fn build_shared(
        document: &resources::Service,
        context: &BuildContext<'_>,
        shared: &mut Shared,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let domains = Domain::list(&document.domains, "/domains", &mut problems);
        for domain in domains.iter().filter(|domain| domain.is_relative()) {
            problems.push(Problem::at("/domains", format!("{domain}: a service needs hosts")));
        }
        let service = Self {
            id: document.id.clone(),
            slots: slots(&document.plugins, context, shared, &mut problems),
            backend: BackendChoice::build(
                (document.backend.as_ref(), document.backend_ref.as_ref()),
                context,
                shared,
                &mut problems,
            ),
            enabled: document.enabled,
            stripped: stripped(document, &domains, &mut problems),
            domains: domains.into(),
        };
        if problems.is_empty() { Ok(service) } else { Err(problems) }
    }
}

/// How many segments the paths of a service's domains have, where they are to be removed.
fn stripped(
    document: &resources::Service,
    domains: &[Domain],
    problems: &mut Vec<Problem>,
) -> usize {
    let mut lengths = domains.iter().map(|domain| domain.path.segments.len());
    let Some(first) = lengths.next().filter(|_| document.strip_path) else { return 0 };
    if lengths.any(|length| length != first) {
        let text = "the domains have paths of different lengths, so none can be removed";
        problems.push(Problem::at("/strip_path", text));
    }
    first
}

/// A stored plugin, compiled.
pub(crate) struct NamedPlugin {
    /// None while it is disabled: slots that name it are skipped.
    pub(crate) plugin: Option<Arc<dyn AnyPlugin>>,
}

/// A global plugin, compiled.
pub(crate) struct GlobalPlugin {
    pub(crate) order: i32,
    /// None while it is disabled.
    pub(crate) slot: Option<Slot>,
}

impl NamedPlugin {
    /// Checks and compiles it; problems point into the document.
    pub(crate) fn build(
        document: &resources::PluginInstance,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let built = plugin(&document.plugin, &document.config, context)?;
        Ok(Self { plugin: document.enabled.then_some(built) })
    }
}

impl GlobalPlugin {
    /// Checks and compiles it; problems point into the document.
    pub(crate) fn build(
        document: &resources::GlobalPlugin,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let d = document;
        let paths = PathFilter::build(&d.include, &d.exclude, &d.includes, &d.excludes);
        let (plugin, paths) = match (plugin(&d.plugin, &d.config, context), paths) {
            (Ok(plugin), Ok(paths)) => (plugin, paths),
            (plugin, paths) => {
                return Err(plugin.err().into_iter().chain(paths.err()).flatten().collect());
            }
        };
        let slot = Slot { plugin: SlotPlugin::Own(plugin), paths };
        Ok(Self { order: d.order, slot: d.enabled.then_some(slot) })
    }
}

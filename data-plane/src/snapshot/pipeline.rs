use std::sync::Arc;

use sanmon_shared::catalogue::Phase;

use super::{Backend, BackendChoice, Consumer, ConsumerGroup, Matched, Route, Service, Snapshot};
use crate::error::{Code, GatewayError};
use crate::exchange::Exchange;
use crate::plugin::{AnyPlugin, Slot, SlotPlugin, Slots};
use crate::protocol::Protocol;
use crate::router::Domain;

/// What a request passes: global plugins, those of the service, those of the route, and, once it is
/// known who calls, those of the consumer's group and of the consumer. Of a kind of plugin that
/// several of these have, only the slots of the last one that has it act; global ones act in any case.
/// Holds its parts itself, so that the exchange stays free to be changed by them.
#[derive(Clone)]
pub struct Pipeline {
    snapshot: Arc<Snapshot>,
    globals: Arc<Slots>,
    service: Option<Arc<Service>>,
    route: Arc<Route>,
    consumer: Option<Arc<Consumer>>,
    group: Option<Arc<ConsumerGroup>>,
}

/// Who answers a request.
pub enum Answerer<'a> {
    /// A plugin of the backend phase.
    Plugin(&'a dyn Protocol),
    /// The route's targets.
    Targets(&'a Arc<Backend>),
}

impl Pipeline {
    /// What requests of a route pass. 503 where its service is not there.
    pub fn of(snapshot: &Arc<Snapshot>, matched: &Matched) -> Result<Self, GatewayError> {
        let route = Arc::clone(&matched.route);
        let service = match &route.service {
            None => None,
            Some(id) => {
                let service = snapshot.services.get(id);
                Some(Arc::clone(service.ok_or_else(|| missing("service", id.as_str()))?))
            }
        };
        let globals = Arc::clone(&snapshot.global_slots);
        let snapshot = Arc::clone(snapshot);
        Ok(Self { snapshot, globals, service, route, consumer: None, group: None })
    }

    /// How many bytes of the path the service removes on the way to targets.
    pub fn stripped(&self, path: &str) -> Option<usize> {
        let segments = self.service.as_ref()?.stripped.checked_sub(1)?;
        // Domains of its own do not stand below those of the service.
        if !self.route.domains.iter().all(Domain::is_relative) {
            return None;
        }
        let rest = path.strip_prefix('/')?;
        Some(rest.match_indices('/').nth(segments).map_or(path.len(), |(at, _)| at + 1))
    }

    /// From now on the plugins of this consumer and its group act too. 503 where the group is not
    /// there: without its plugins the consumer might do more than it may.
    pub fn join(&mut self, consumer: Arc<Consumer>) -> Result<(), GatewayError> {
        self.group = match &consumer.group {
            None => None,
            Some(id) => {
                let group = self.snapshot.consumer_group(id);
                Some(Arc::clone(group.ok_or_else(|| missing("consumer group", id.as_str()))?))
            }
        };
        self.consumer = Some(consumer);
        Ok(())
    }

    /// The plugins of a phase that act on this path, in order. An error stands for one that is not
    /// there: the request ends with it.
    pub fn plugins<'a>(
        &'a self,
        phase: Phase,
        path: &'a str,
    ) -> impl Iterator<Item = Result<&'a dyn AnyPlugin, GatewayError>> {
        let globals = self.globals.of_phase(phase).iter();
        let globals = globals.filter_map(move |slot| self.plugin(slot, phase, path));
        let sources = self.sources();
        let others = sources.into_iter().enumerate().flat_map(move |(rank, slots)| {
            let slots = slots.map_or(&[][..], |slots| slots.of_phase(phase));
            slots.iter().filter_map(move |slot| {
                let found = self.plugin(slot, phase, path)?;
                let stronger = sources.iter().skip(rank + 1).flatten();
                let overruled = |plugin: &dyn AnyPlugin| {
                    let mut slots = stronger.flat_map(|slots| slots.all());
                    slots.any(|slot| self.is_called(slot, plugin.name(), path))
                };
                if found.as_ref().is_ok_and(|plugin| overruled(*plugin)) {
                    None
                } else {
                    Some(found)
                }
            })
        });
        globals.chain(others)
    }

    /// The slots of each source, the strongest last.
    fn sources(&self) -> [Option<&Slots>; 4] {
        [
            self.service.as_ref().map(|service| &*service.slots),
            Some(&*self.route.slots),
            self.group.as_ref().map(|group| &*group.slots),
            self.consumer.as_ref().map(|consumer| &*consumer.slots),
        ]
    }

    /// Whether a slot has the plugin of this name, and acts on this path.
    fn is_called(&self, slot: &Slot, name: &str, path: &str) -> bool {
        let plugin = match &slot.plugin {
            SlotPlugin::Own(plugin) => Some(plugin),
            SlotPlugin::Named(id) => {
                self.snapshot.plugins.get(id).and_then(|named| named.plugin.as_ref())
            }
        };
        plugin.is_some_and(|plugin| plugin.name() == name) && slot.paths.admits(path)
    }

    fn plugin<'a>(
        &'a self,
        slot: &'a Slot,
        phase: Phase,
        path: &str,
    ) -> Option<Result<&'a dyn AnyPlugin, GatewayError>> {
        let plugin = match &slot.plugin {
            SlotPlugin::Own(plugin) => plugin,
            SlotPlugin::Named(id) => match self.snapshot.plugins.get(id) {
                // It may be one that lets nobody pass: without it, nobody does.
                None if slot.paths.admits(path) => {
                    return Some(Err(missing("plugin", id.as_str())));
                }
                None => return None,
                Some(named) => named.plugin.as_ref()?,
            },
        };
        (plugin.phases().contains(phase) && slot.paths.admits(path)).then(|| Ok(&**plugin))
    }

    /// Whether the plugins of the match phase take this request for their route's, and somebody
    /// answers where it only came for its `access-control-request-method`.
    pub fn accepts(&self, exchange: &Exchange) -> bool {
        let path = exchange.path();
        // A plugin that is missing ends the request later, with the right error.
        let declined =
            self.plugins(Phase::Match, path).flatten().any(|plugin| !plugin.matches(exchange));
        let mut preflight = self.plugins(Phase::Preflight, path).flatten();
        let unanswered = exchange.matched.preflight
            && !preflight.any(|plugin| plugin.preflight(exchange).is_some());
        !declined && !unanswered
    }

    /// Who answers: the first backend plugin that acts on this path; else the targets, unless the
    /// route has backend plugins for other paths (404), or has no backend at all (503).
    pub fn answerer<'a>(&'a self, path: &'a str) -> Result<Answerer<'a>, GatewayError> {
        if let Some(plugin) = self.plugins(Phase::Backend, path).next() {
            return plugin?.backend().map(Answerer::Plugin).ok_or_else(no_backend);
        }
        if self.has_backend_plugins() {
            return Err(no_backend());
        }
        let inherited = self.service.as_ref().and_then(|service| service.backend.as_ref());
        match self.route.backend.as_ref().or(inherited) {
            Some(BackendChoice::Own(backend)) => Ok(Answerer::Targets(backend)),
            Some(BackendChoice::Stored(id)) => self
                .snapshot
                .backends
                .get(id)
                .map(Answerer::Targets)
                .ok_or_else(|| missing("backend", id.as_str())),
            None => Err(no_backend()),
        }
    }

    /// Of the route, its service, or the caller. Global ones say nothing of what a route is for.
    fn has_backend_plugins(&self) -> bool {
        let slots = self.sources().into_iter().flatten();
        slots.flat_map(|slots| slots.of_phase(Phase::Backend)).any(|slot| {
            let plugin = match &slot.plugin {
                SlotPlugin::Own(plugin) => Some(plugin),
                SlotPlugin::Named(id) => {
                    self.snapshot.plugins.get(id).and_then(|named| named.plugin.as_ref())
                }
            };
            plugin.is_some_and(|plugin| plugin.phases().contains(Phase::Backend))
        })
    }
}

fn no_backend() -> GatewayError {
    GatewayError::new(Code::NoBackend, "nothing on this route answers this path")
}

/// The error of a request that needs something that was deleted by force or could not be built.
pub fn missing(kind: &str, id: &str) -> GatewayError {
    let message = "something that this route refers to is missing";
    GatewayError::new(Code::ReferenceMissing, message).detail(format!("no {kind} {id:?}"))
}

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, ApikeyId, ConsumerId};
use sanmon_shared::secret::{HashedSecret, Revealed};

use super::Route;
use super::constraints::Constraints;
use super::restrictions::Restrictions;
use super::shared::Shared;
use crate::limit::{Claims, KeyQuota};
use crate::plugin::BuildContext;

/// An API key, ready to be checked. There may be millions: what most keys have alike is shared, and
/// what most keys lack stands apart.
pub struct Apikey {
    /// Its client id.
    pub id: ApikeyId,
    /// None where it is the id.
    name: Option<Box<str>>,
    secret: HashedSecret,
    valid_until: i64,
    access: Arc<Access>,
    extras: Option<Arc<Extras>>,
    flags: Flags,
}

#[derive(Clone, Copy)]
struct Flags {
    enabled: bool,
    read_only: bool,
    client_id_only: bool,
    constrained_only: bool,
}

/// What a key may call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Access {
    groups: Box<[Box<str>]>,
    routes: Box<[Box<str>]>,
    services: Box<[Box<str>]>,
}

/// What most keys lack.
#[derive(Default)]
struct Extras {
    consumer: Option<ConsumerId>,
    tags: Box<[Box<str>]>,
    metadata: BTreeMap<Box<str>, Box<str>>,
    next: Option<HashedSecret>,
    /// The secret, and the next one, of keys that keep them.
    secrets: Vec<Revealed>,
    policy: Option<Arc<Policy>>,
}

/// Compiled expressions: large, and the same for many keys.
#[derive(Default)]
pub(super) struct Policy {
    restrictions: Option<Restrictions>,
    constraints: Constraints,
    /// How often it may be used.
    quotas: Box<[KeyQuota]>,
}

impl Apikey {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::Apikey,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::build_shared(document, context, &mut Shared::default())
    }

    /// The same, taking from `shared` what other keys have already.
    pub(super) fn build_shared(
        document: &resources::Apikey,
        context: &BuildContext<'_>,
        shared: &mut Shared,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let extras = Extras::build(document, context, shared, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            id: document.client_id.clone(),
            name: name(document),
            secret: document.client_secret.clone(),
            valid_until: document.valid_until.unwrap_or(i64::MAX),
            access: shared.access(Access::of(document)),
            extras: extras.map(Arc::new),
            flags: Flags {
                enabled: document.enabled,
                read_only: document.read_only,
                client_id_only: document.allow_client_id_only,
                constrained_only: document.constrained_services_only,
            },
        })
    }

    /// Whether this is its bearer form, or that of its next secret. Takes the same time either way.
    pub fn is_bearer(&self, bearer: &[u8]) -> bool {
        self.secret.is_bearer(bearer) | self.next().is_some_and(|next| next.is_bearer(bearer))
    }

    /// Whether this is its secret, or the next one. Takes the same time either way.
    pub fn is_secret(&self, secret: &[u8]) -> bool {
        self.secret.is_secret(secret) | self.next().is_some_and(|next| next.is_secret(secret))
    }

    /// The secrets themselves, to verify what was signed with them; only of keys that keep them.
    pub fn secrets(&self) -> &[Revealed] {
        self.extras.as_ref().map_or(&[], |extras| &extras.secrets)
    }

    fn next(&self) -> Option<&HashedSecret> {
        self.extras.as_ref()?.next.as_ref()
    }

    /// Whether it is enabled and not expired at this time, in milliseconds since 1970.
    pub fn is_valid_at(&self, millis: i64) -> bool {
        self.flags.enabled && millis < self.valid_until
    }

    /// Whether its id alone is enough.
    pub fn allows_client_id_only(&self) -> bool {
        self.flags.client_id_only
    }

    /// Whether it may only read.
    pub fn is_read_only(&self) -> bool {
        self.flags.read_only
    }

    /// Whether it is usable only on routes that declare routing constraints.
    pub fn needs_constrained_route(&self) -> bool {
        self.flags.constrained_only
    }

    /// Whose key it is.
    pub fn consumer(&self) -> Option<&ConsumerId> {
        self.extras.as_ref()?.consumer.as_ref()
    }

    /// SHA-256 of its secret, and of the next one.
    pub(super) fn hashes(&self) -> impl Iterator<Item = [u8; 32]> {
        [Some(&self.secret), self.next()].into_iter().flatten().map(HashedSecret::hash)
    }

    /// Whether it says what it may call.
    pub fn names_what_it_may_call(&self) -> bool {
        *self.access != Access::default()
    }

    /// Whether it is authorised on a route: by the route, its service, or one of its groups.
    pub fn may_call(&self, route: &Route) -> bool {
        let id = route.id.as_str();
        let Access { groups, routes, services } = &*self.access;
        groups.iter().any(|group| route.groups.contains(group))
            || routes.iter().any(|other| **other == *id)
            || route
                .service
                .as_ref()
                .is_some_and(|service| services.iter().any(|other| **other == *service.as_str()))
    }

    /// Its name, its id where it has none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }

    /// Its labels.
    pub fn tags(&self) -> &[Box<str>] {
        self.extras.as_ref().map_or(&[], |extras| &extras.tags)
    }

    /// Its labels with values.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.extras.as_ref()?.metadata.get(name).map(|value| &**value)
    }

    /// All of its labels with values, by name.
    pub fn all_metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        let extras = self.extras.iter().flat_map(|extras| &extras.metadata);
        extras.map(|(name, value)| (&**name, &**value))
    }

    /// Which paths it may call, where it says.
    pub fn restrictions(&self) -> Option<&Restrictions> {
        self.policy()?.restrictions.as_ref()
    }

    /// What its LLM requests may ask for, where it says.
    pub fn constraints(&self) -> Option<&Constraints> {
        self.policy().map(|policy| &policy.constraints)
    }

    /// Adds how often it may be used to what limits a request.
    pub(crate) fn claim(&self, limits: &mut Claims) {
        for KeyQuota { rule, quota, .. } in self.quotas() {
            limits.add_quota(rule, *quota);
        }
    }

    /// How often it may be used.
    pub(crate) fn quotas(&self) -> impl Iterator<Item = &KeyQuota> {
        self.policy().into_iter().flat_map(|policy| &policy.quotas)
    }

    fn policy(&self) -> Option<&Policy> {
        self.extras.as_ref()?.policy.as_deref()
    }
}

fn name(document: &resources::Apikey) -> Option<Box<str>> {
    let name = document.client_name.as_str();
    (!name.is_empty() && name != document.client_id.as_str()).then(|| name.into())
}

impl Access {
    fn of(document: &resources::Apikey) -> Self {
        let entities =
            document.authorized_entities.iter().map(|entity| match entity.split_once('_') {
                Some((
                    kind @ ("group" | "route" | "route-composition" | "api" | "service"),
                    id,
                )) => (kind, id),
                _ => ("group", entity.as_str()),
            });
        let pairs = document.authorizations.iter().map(|a| (a.kind.as_str(), a.id.as_str()));
        let group = document.authorized_group.iter().map(|group| ("group", group.as_str()));
        let (mut groups, mut routes, mut services) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, id) in entities.chain(pairs).chain(group) {
            match kind {
                // What is a route here may have been one of these where the key is from.
                "route" | "route-composition" | "api" => routes.push(Box::from(id)),
                "service" => {
                    services.push(Box::from(id));
                    routes.push(Box::from(id));
                }
                _ => groups.push(Box::from(id)),
            }
        }
        let once = |mut list: Vec<Box<str>>| {
            list.sort_unstable();
            list.dedup();
            list.into_boxed_slice()
        };
        Self { groups: once(groups), routes: once(routes), services: once(services) }
    }
}

impl Extras {
    fn build(
        document: &resources::Apikey,
        context: &BuildContext<'_>,
        shared: &mut Shared,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let rotation = &document.rotation;
        let next = rotation.next_secret.as_ref().filter(|_| rotation.enabled);
        let stands = [(&document.client_secret, "/clientSecret")];
        let follows = next.map(|next| (next, "/rotation/nextSecret"));
        let mut secrets = Vec::new();
        for (secret, at) in stands.into_iter().chain(follows) {
            let (Some(sealed), Some(seal)) = (secret.sealed(), context.seal) else { continue };
            if !document.keep_secret {
                continue;
            }
            match sealed.reveal(seal, context.elsewhere) {
                Ok(secret) => secrets.push(secret),
                Err(error) => problems.push(Problem::at(at, error.to_string())),
            }
        }
        let policy = Policy::build(document, shared, problems);
        let plain = document.consumer_ref.is_none()
            && document.tags.is_empty()
            && document.metadata.is_empty()
            && next.is_none()
            && secrets.is_empty()
            && policy.is_none();
        (!plain).then(|| Self {
            consumer: document.consumer_ref.clone(),
            tags: document.tags.iter().map(|tag| tag.as_str().into()).collect(),
            metadata: document
                .metadata
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
            next: next.cloned(),
            secrets,
            policy,
        })
    }
}

impl Policy {
    fn build(
        document: &resources::Apikey,
        shared: &mut Shared,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Self>> {
        const LISTS: [&str; 2] = ["ai_models_include", "ai_models_exclude"];
        let lists = LISTS.map(|name| document.metadata.get(name).map_or("", String::as_str));
        let c = &document.constraints;
        let open = c.max_tokens.is_none()
            && c.tools.is_none()
            && c.stream.is_none()
            && c.models_include.is_empty()
            && c.models_exclude.is_empty();
        let quotas = document.quotas();
        let open = open && quotas.is_empty();
        if open && !document.restrictions.enabled && lists.iter().all(|list| list.is_empty()) {
            return None;
        }
        let mut key =
            serde_json::to_string(&(&document.restrictions, c, lists)).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = write!(key, "{quotas:?}");
        if let Some(policy) = shared.policies.get(key.as_str()) {
            return Some(Arc::clone(policy));
        }
        let before = problems.len();
        let constraints = Constraints::build(c, problems);
        let [include, exclude] = LISTS.map(|name| {
            let expressions = document.metadata.get(name).map_or("", String::as_str).split(',');
            let list: Vec<String> =
                expressions.map(str::trim).filter(|e| !e.is_empty()).map(str::to_owned).collect();
            (list, join_pointer("/metadata", name))
        });
        let policy = Arc::new(Self {
            restrictions: Restrictions::build(&document.restrictions, problems),
            constraints: constraints.and_models(&include, &exclude, problems),
            quotas: quotas.into_iter().map(KeyQuota::new).collect(),
        });
        if problems.len() > before {
            return None;
        }
        shared.policies.insert(key, Arc::clone(&policy));
        Some(policy)
    }
}

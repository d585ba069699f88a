use regex::Regex;
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources;

use super::{Route, compile};

/// Paths that a key may or may not call.
#[derive(Debug)]
pub struct Restrictions {
    allow_last: bool,
    allowed: Box<[Rule]>,
    forbidden: Box<[Rule]>,
    not_found: Box<[Rule]>,
}

/// What restrictions say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Passes,
    /// It is refused with 403.
    Forbidden,
    /// It is answered as if nothing were there: 404.
    Hidden,
}

#[derive(Debug)]
struct Rule {
    /// None: any.
    method: Option<Box<str>>,
    path: Regex,
    with_host: bool,
    entity: Option<(Entity, Box<str>)>,
}

#[derive(Debug)]
enum Entity {
    Group,
    Route,
    Service,
}

/// What of a request restrictions are about.
#[derive(Clone, Copy)]
pub struct Restricted<'a> {
    /// The method.
    pub method: &'a str,
    /// The host, as [`crate::router::host`] gives it.
    pub host: &'a str,
    /// The whole path.
    pub path: &'a str,
    /// The route.
    pub route: &'a Route,
}

impl Restrictions {
    /// None where they do not count. Problems point into the key.
    pub(super) fn build(
        document: &resources::Restrictions,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let mut rules = |list: &[resources::Restriction], at: &str| {
            let mut rules = Vec::with_capacity(list.len());
            for (index, rule) in list.iter().enumerate() {
                let at = join_pointer(at, &index.to_string());
                rules.extend(Rule::build(rule, &at, problems));
            }
            rules.into_boxed_slice()
        };
        let restrictions = Self {
            allow_last: document.allow_last,
            allowed: rules(&document.allowed, "/restrictions/allowed"),
            forbidden: rules(&document.forbidden, "/restrictions/forbidden"),
            not_found: rules(&document.not_found, "/restrictions/notFound"),
        };
        document.enabled.then_some(restrictions)
    }

    /// What they say of a request.
    ///
    /// With `allowLast`: what `allowed` names passes, whatever the other lists say; then `notFound`
    /// hides and `forbidden` forbids; the rest passes. Without it, the rest is hidden: a closed list.
    pub fn judge(&self, request: &Restricted<'_>) -> Verdict {
        let named = |rules: &[Rule]| rules.iter().any(|rule| rule.matches(request));
        if named(&self.allowed) {
            Verdict::Passes
        } else if named(&self.not_found) {
            Verdict::Hidden
        } else if named(&self.forbidden) {
            Verdict::Forbidden
        } else if self.allow_last {
            Verdict::Passes
        } else {
            Verdict::Hidden
        }
    }
}

impl Rule {
    fn build(
        document: &resources::Restriction,
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let path = compile::whole(&document.path)
            .map_err(|error| problems.push(Problem::at(format!("{at}/path"), error)))
            .ok();
        let entity = document.authorized_entity.as_ref().map(|entity| {
            let kind = match entity.kind.as_str() {
                "group" => Some(Entity::Group),
                "route" | "api" | "route-composition" => Some(Entity::Route),
                "service" => Some(Entity::Service),
                _ => None,
            };
            kind.map(|kind| (kind, Box::from(entity.id.as_str()))).ok_or(())
        });
        let entity = entity.transpose().map_err(|()| {
            let at = format!("{at}/authorized_entity/kind");
            problems.push(Problem::at(at, "neither \"group\" nor \"route\" nor \"service\""));
        });
        let method = document.method.trim();
        Some(Self {
            method: (method != "*" && !method.is_empty())
                .then(|| method.to_ascii_uppercase().into()),
            path: path?,
            with_host: !document.path.starts_with('/'),
            entity: entity.ok()?,
        })
    }

    fn matches(&self, request: &Restricted<'_>) -> bool {
        let route = request.route;
        let method = self.method.as_ref().is_none_or(|method| **method == *request.method);
        let there = self.entity.as_ref().is_none_or(|(entity, id)| match entity {
            Entity::Group => route.groups.contains(id),
            Entity::Route => route.id.as_str() == &**id,
            Entity::Service => {
                route.service.as_ref().is_some_and(|service| service.as_str() == &**id)
                    || route.id.as_str() == &**id
            }
        });
        method
            && there
            && if self.with_host {
                self.path.is_match(&format!("{}{}", request.host, request.path))
            } else {
                self.path.is_match(request.path)
            }
    }
}

use std::cmp::Reverse;
use std::sync::Arc;

use super::candidates::{Candidates, Trees};
use super::conditions::Met;
use super::domain::{Domain, HostPattern};
use super::node::{Leaf, Node};
use super::{Captures, RouteQuery};
use crate::snapshot::{Map, Matched, Route};

/// All routes that can match, by host and path.
#[derive(Clone, Default)]
pub(crate) struct Router {
    pub(super) exact: Map<Box<str>, Arc<Node>>,
    pub(super) below: Map<Box<str>, Arc<Node>>,
    /// The longest first. These are compared one by one, so they should be few.
    pub(super) globs: Arc<Vec<(Box<str>, Arc<Node>)>>,
    pub(super) any: Arc<Node>,
}

/// Where a host pattern stands among globs.
pub(super) fn glob_order(pattern: &str) -> (Reverse<usize>, &str) {
    (Reverse(pattern.len()), pattern)
}

impl Router {
    /// Adds a route under a domain, in place of the one with the same id there.
    pub(crate) fn insert(&mut self, domain: &Domain, route: &Arc<Route>) {
        let leaf =
            Leaf { route: Arc::clone(route), captures: domain.captures.clone(), end: domain.end };
        let path = &domain.path.segments;
        match &domain.host {
            // Relative domains are put below those of a service first.
            HostPattern::Service => {}
            HostPattern::Any => Arc::make_mut(&mut self.any).insert(path, leaf),
            HostPattern::Exact(host) => tree_of(&mut self.exact, host).insert(path, leaf),
            HostPattern::Below(host) => tree_of(&mut self.below, host).insert(path, leaf),
            HostPattern::Glob(pattern) => {
                let globs = Arc::make_mut(&mut self.globs);
                let key = glob_order(pattern);
                let index = match globs.binary_search_by(|(p, _)| glob_order(p).cmp(&key)) {
                    Ok(index) => index,
                    Err(index) => {
                        globs.insert(index, (pattern.clone(), Arc::default()));
                        index
                    }
                };
                Arc::make_mut(&mut globs[index].1).insert(path, leaf);
            }
        }
    }

    /// Takes a route out from under a domain.
    pub(crate) fn remove(&mut self, domain: &Domain, route: &Route) {
        let path = &domain.path.segments;
        match &domain.host {
            HostPattern::Service => {}
            HostPattern::Any => Arc::make_mut(&mut self.any).remove(path, domain.end, route),
            HostPattern::Exact(host) => remove_below(&mut self.exact, host, domain, route),
            HostPattern::Below(host) => remove_below(&mut self.below, host, domain, route),
            HostPattern::Glob(pattern) => {
                let globs = Arc::make_mut(&mut self.globs);
                let key = glob_order(pattern);
                if let Ok(index) = globs.binary_search_by(|(p, _)| glob_order(p).cmp(&key)) {
                    let node = Arc::make_mut(&mut globs[index].1);
                    node.remove(path, domain.end, route);
                    if node.is_empty() {
                        globs.remove(index);
                    }
                }
            }
        }
    }

    /// The routes that match, the most specific first.
    pub(crate) fn candidates<'a>(&'a self, query: RouteQuery<'a>) -> Candidates<'a> {
        Candidates::new(self, query, true)
    }

    /// The routes whose host and path match, whatever else they expect.
    pub(crate) fn nearby<'a>(&'a self, query: RouteQuery<'a>) -> Candidates<'a> {
        Candidates::new(self, query, false)
    }

    /// Why no route was found, for the caller.
    pub(crate) fn why_not(&self, query: RouteQuery<'_>) -> String {
        let host = Shown(query.host);
        let path = Shown(query.path);
        if Trees::new(self, query.host).all(Node::is_empty) {
            return format!("no route has the host {host} (the path was {path})");
        }
        if self.nearby(query).next().is_none() {
            return format!("no route for the host {host} has the path {path}");
        }
        format!(
            "the routes for the host {host} and the path {path} expect another method, other \
             headers, query parameters, cookies or another body, or another caller or API key"
        )
    }
}

/// What a caller sent, quoted and cut, for error texts.
struct Shown<'a>(&'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 200;
        let end = self.0.floor_char_boundary(LONGEST);
        let (start, rest) = self.0.split_at(end);
        write!(f, "{start:?}{}", if rest.is_empty() { "" } else { "…" })
    }
}

fn tree_of<'a>(trees: &'a mut Map<Box<str>, Arc<Node>>, host: &str) -> &'a mut Node {
    if !trees.contains_key(host) {
        trees.insert_mut(host.into(), Arc::default());
    }
    // Just put there, where it was not.
    #[expect(clippy::expect_used, reason = "the key was inserted above")]
    Arc::make_mut(trees.get_mut(host).expect("a tree"))
}

fn remove_below(trees: &mut Map<Box<str>, Arc<Node>>, host: &str, domain: &Domain, route: &Route) {
    let Some(tree) = trees.get_mut(host) else { return };
    let node = Arc::make_mut(tree);
    node.remove(&domain.path.segments, domain.end, route);
    if node.is_empty() {
        trees.remove_mut(host);
    }
}

/// A leaf's match.
pub(super) fn matched(leaf: &Leaf, prefix: usize, met: Met) -> Matched {
    let captures: Option<Arc<Captures>> = leaf.captures.clone();
    let (preflight, open) = (met == Met::Preflight, met == Met::Open);
    let stripped = if leaf.route.strip_path { prefix } else { 0 };
    Matched { route: Arc::clone(&leaf.route), prefix, preflight, open, stripped, captures }
}

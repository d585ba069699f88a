use std::cmp::Reverse;
use std::sync::Arc;

use super::domain::End;
use super::segment::{Captures, Segment};
use crate::snapshot::{Map, Route};

/// Routes below a host, by the segments of their paths.
#[derive(Clone, Default)]
pub(super) struct Node {
    pub(super) literals: Option<Map<Box<str>, Arc<Node>>>,
    /// Children that are no literals, the most specific first.
    pub(super) patterns: Vec<(Segment, Arc<Node>)>,
    /// Routes whose path ends here, in the order in which they are tried.
    pub(super) leaves: Vec<Leaf>,
}

/// A route at the end of one of its paths.
#[derive(Clone)]
pub(super) struct Leaf {
    pub(super) route: Arc<Route>,
    pub(super) captures: Option<Arc<Captures>>,
    pub(super) end: End,
}

/// How a path may end, priority and number of conditions, id.
type Key<'a> = (End, Reverse<(i32, (usize, bool, bool))>, &'a str);

impl Leaf {
    /// The smaller, the sooner it is tried.
    fn key(route: &Route, end: End) -> Key<'_> {
        let rank = route.conditions.as_ref().map(|conditions| conditions.rank());
        let order = (route.priority, rank.unwrap_or_default());
        (end, Reverse(order), route.id.as_str())
    }
}

impl Node {
    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty() && self.patterns.is_empty() && self.literals.is_none()
    }

    /// Puts a route below `path`, in place of the one with the same id.
    pub(super) fn insert(&mut self, path: &[Segment], leaf: Leaf) {
        match path {
            [] => {
                let key = Leaf::key(&leaf.route, leaf.end);
                let place = self.leaves.binary_search_by(|l| Leaf::key(&l.route, l.end).cmp(&key));
                match place {
                    Ok(index) => self.leaves[index] = leaf,
                    Err(index) => self.leaves.insert(index, leaf),
                }
            }
            [Segment::Literal(text), rest @ ..] => {
                let children = self.literals.get_or_insert_default();
                if let Some(child) = children.get_mut(text) {
                    Arc::make_mut(child).insert(rest, leaf);
                } else {
                    let mut child = Self::default();
                    child.insert(rest, leaf);
                    children.insert_mut(text.clone(), Arc::new(child));
                }
            }
            [segment, rest @ ..] => {
                match self.patterns.binary_search_by(|(other, _)| other.order(segment)) {
                    Ok(index) => Arc::make_mut(&mut self.patterns[index].1).insert(rest, leaf),
                    Err(index) => {
                        let mut child = Self::default();
                        child.insert(rest, leaf);
                        self.patterns.insert(index, (segment.clone(), Arc::new(child)));
                    }
                }
            }
        }
    }

    /// Takes a route out from below `path`, and with it the nodes that lead nowhere else.
    pub(super) fn remove(&mut self, path: &[Segment], end: End, route: &Route) {
        match path {
            [] => {
                let key = Leaf::key(route, end);
                let place = self.leaves.binary_search_by(|l| Leaf::key(&l.route, l.end).cmp(&key));
                if let Ok(index) = place {
                    self.leaves.remove(index);
                }
            }
            [Segment::Literal(text), rest @ ..] => {
                let Some(children) = &mut self.literals else { return };
                let Some(child) = children.get_mut(text) else { return };
                let node = Arc::make_mut(child);
                node.remove(rest, end, route);
                if node.is_empty() {
                    children.remove_mut(text);
                    if children.is_empty() {
                        self.literals = None;
                    }
                }
            }
            [segment, rest @ ..] => {
                let place = self.patterns.binary_search_by(|(other, _)| other.order(segment));
                let Ok(index) = place else { return };
                let node = Arc::make_mut(&mut self.patterns[index].1);
                node.remove(rest, end, route);
                if node.is_empty() {
                    self.patterns.remove(index);
                }
            }
        }
    }
}

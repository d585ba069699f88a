use smallvec::SmallVec;

use super::RouteQuery;
use super::conditions::Met;
use super::glob::glob;
use super::node::Node;
use super::tree::{Router, matched};
use crate::snapshot::Matched;

/// Walks the trees of a host, deepest and most specific first, and takes up where it left off.
pub(crate) struct Candidates<'a> {
    query: RouteQuery<'a>,
    trees: Trees<'a>,
    stack: SmallVec<[Frame<'a>; 8]>,
    /// Whether conditions beside host and path count.
    conditions: bool,
}

struct Frame<'a> {
    node: &'a Node,
    /// Where in the path the node's own path ends.
    at: usize,
    /// What of the node comes next: its literal child, its other children, its leaves.
    step: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(router: &'a Router, query: RouteQuery<'a>, conditions: bool) -> Self {
        let trees = Trees::new(router, query.host);
        Self { query, trees, stack: SmallVec::new(), conditions }
    }
}

/// The segment of `path` that begins after `at`, and where it ends. A slash at the end begins none.
fn segment(path: &str, at: usize) -> Option<(&str, usize)> {
    let rest = path.get(at..)?.strip_prefix('/')?;
    let length = rest.find('/').unwrap_or(rest.len());
    let segment = rest.get(..length)?;
    (!segment.is_empty()).then_some((segment, at + 1 + length))
}

impl Iterator for Candidates<'_> {
    type Item = Matched;

    fn next(&mut self) -> Option<Matched> {
        loop {
            let Some(frame) = self.stack.last_mut() else {
                let node = self.trees.next()?;
                self.stack.push(Frame { node, at: 0, step: 0 });
                continue;
            };
            let Frame { node, at, step } = *frame;
            frame.step += 1;
            let children = 1 + node.patterns.len();
            if step < children {
                let Some((text, end)) = segment(self.query.path, at) else {
                    frame.step = children;
                    continue;
                };
                let child = if step == 0 {
                    node.literals.as_ref().and_then(|literals| literals.get(text))
                } else {
                    let (pattern, child) = &node.patterns[step - 1];
                    pattern.matches(text).then_some(child)
                };
                if let Some(node) = child {
                    self.stack.push(Frame { node, at: end, step: 0 });
                }
            } else if let Some(leaf) = node.leaves.get(step - children) {
                let rest = self.query.path.get(at..).unwrap_or_default();
                let met = match &leaf.route.conditions {
                    _ if !leaf.end.admits(rest) => Met::No,
                    Some(conditions) if self.conditions => conditions.met(&self.query, rest),
                    Some(conditions) if conditions.exact && !matches!(rest, "" | "/") => Met::No,
                    _ => Met::Yes,
                };
                match met {
                    Met::No => {}
                    met => return Some(matched(leaf, at, met)),
                }
            } else {
                self.stack.pop();
            }
        }
    }
}

/// The trees of a host: its own, those of patterns, the longest first, and that of any host.
pub(super) struct Trees<'a> {
    router: &'a Router,
    host: &'a str,
    stage: Stage,
    /// What of the host still begins after a dot.
    below: Option<&'a str>,
    glob: usize,
}

#[derive(PartialEq)]
enum Stage {
    Exact,
    Patterns,
    Done,
}

impl<'a> Trees<'a> {
    pub(super) fn new(router: &'a Router, host: &'a str) -> Self {
        Self { router, host, stage: Stage::Exact, below: Some(host), glob: 0 }
    }

    /// The next host for which `*.host` is configured, with the length of that pattern.
    fn peek_below(&mut self) -> Option<(&'a Node, usize)> {
        while let Some((_, rest)) = self.below?.split_once('.') {
            if let Some(tree) = self.router.below.get(rest) {
                return Some((tree, rest.len() + 2));
            }
            self.below = Some(rest);
        }
        self.below = None;
        None
    }

    fn peek_glob(&mut self) -> Option<(&'a Node, usize)> {
        while let Some((pattern, tree)) = self.router.globs.get(self.glob) {
            if glob(pattern, self.host) {
                return Some((tree, pattern.len()));
            }
            self.glob += 1;
        }
        None
    }
}

impl<'a> Iterator for Trees<'a> {
    type Item = &'a Node;

    fn next(&mut self) -> Option<&'a Node> {
        if self.stage == Stage::Exact {
            self.stage = Stage::Patterns;
            if let Some(tree) = self.router.exact.get(self.host) {
                return Some(tree);
            }
        }
        if self.stage == Stage::Patterns {
            let below = self.peek_below();
            let glob = self.peek_glob();
            match (below, glob) {
                (Some((tree, length)), other) if other.is_none_or(|(_, l)| length >= l) => {
                    self.below = self.below.and_then(|host| Some(host.split_once('.')?.1));
                    return Some(tree);
                }
                (_, Some((tree, _))) => {
                    self.glob += 1;
                    return Some(tree);
                }
                _ => self.stage = Stage::Done,
            }
            return Some(&self.router.any);
        }
        None
    }
}

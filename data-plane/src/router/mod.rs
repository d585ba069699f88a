//! Which routes a request may be for, the most specific first.
//!
//! Hosts: the exact one, then those with `*`, the longest first, then routes for any host. Below a
//! host, paths are compared segment by segment: a literal goes before a regular expression, that
//! before a segment with `*` in it, that before a name; and where one path is the beginning of
//! another, the longer goes first. Among equal paths one that has to match to its end goes first, then
//! the larger priority, then the number of expected headers, query parameters, cookies and variables
//! decides, then `exact`, then methods, then the id. A route whose host and
//! path match and whose other conditions do not is passed over, never in the way of the next.
//!
//! Prefixes are of whole segments; a slash at the end of a configured path says nothing. Hosts and
//! paths are compared in one spelling, which [`host`] and [`path`] make, and which the upstream sees
//! too.
//!
//! Conditions on the body leave a candidate open: whoever follows the candidates reads it then, and asks
//! [`Conditions`] again.
//!
//! The tree is persistent: a clone costs nothing, a change copies one path of it.

mod address;
mod candidates;
mod conditions;
mod domain;
mod glob;
mod node;
mod query;
mod segment;
#[cfg(test)]
mod tests;
mod tree;
mod vars;

pub use address::{host, path};
pub use conditions::Conditions;
pub use domain::Domain;
pub(crate) use glob::glob;
pub use query::RouteQuery;
pub use segment::Captures;
pub(crate) use tree::Router;
pub(crate) use vars::Body;

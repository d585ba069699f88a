//! The upstream's path and query.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use crate::exchange::Exchange;
use crate::snapshot::{Backend, Target};
use crate::upstream::{Egress, Endpoint, EndpointError, Transport};

/// The whole address, made for each request since its path is the request's.
pub(super) fn endpoint(
    target: &Target,
    connect_timeout: Duration,
    path: &str,
) -> Result<Endpoint, EndpointError> {
    let scheme = if target.tls { "https" } else { "http" };
    let egress = Egress::configured(target.allow_link_local);
    let mut transport =
        Transport { connect_timeout, egress, address: target.address, ..Transport::default() };
    let mut host = Cow::Borrowed(&*target.host);
    if host.parse::<IpAddr>().is_ok() {
        // An address is not resolved, so the one to connect to takes its place.
        if let Some(address) = transport.address.take() {
            host = Cow::Owned(address.to_string());
        }
    }
    let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
    let url = format!("{scheme}://{open}{host}{close}:{}{path}", target.port);
    Endpoint::new(&url, transport)
}

/// Path and query of the request as the target sees them.
pub(super) fn path(exchange: &Exchange, backend: &Backend) -> String {
    if backend.rewrite {
        let root = if backend.root.is_empty() { "/" } else { &*backend.root };
        return root.to_owned();
    }
    let path = exchange.path();
    let rest = path.get(exchange.matched.stripped..).unwrap_or(path);
    let mut whole = join(&backend.root, rest);
    if let Some(query) = exchange.query() {
        whole.push('?');
        whole.push_str(&query);
    }
    whole
}

/// Exactly one slash between the two. A backslash is sent as a code: as it is, some servers (and the
/// URL standard) read it as a slash, and the router did not.
fn join(root: &str, rest: &str) -> String {
    let rest = rest.trim_start_matches('/');
    let rest =
        if rest.contains('\\') { Cow::Owned(rest.replace('\\', "%5C")) } else { rest.into() };
    format!("{root}/{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_rest_meet_in_one_slash() {
        assert_eq!(join("", "/foo"), "/foo");
        assert_eq!(join("", ""), "/");
        assert_eq!(join("/api", "foo"), "/api/foo");
        assert_eq!(join("/api", "/foo/"), "/api/foo/");
        assert_eq!(join("/api", ""), "/api/");
        assert_eq!(join("", "/admin\\x"), "/admin%5Cx");
    }
}

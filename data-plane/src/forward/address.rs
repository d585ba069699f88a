//! The upstream's path and query.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use crate::exchange::{Credential, Exchange};
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
    let mut transport = Transport { connect_timeout, egress, address: target.address };
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
    let stripped = if exchange.matched.route.strip_path { exchange.matched.prefix } else { 0 };
    let rest = path.get(stripped..).unwrap_or(path);
    let mut whole = join(&backend.root, rest);
    let query = exchange.request.uri().query();
    if let Some(query) = query.and_then(|query| without(query, &exchange.wiped)) {
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

/// The query without the parameters in which credentials were found.
fn without<'a>(query: &'a str, wiped: &[Credential]) -> Option<Cow<'a, str>> {
    if !wiped.iter().any(|credential| matches!(credential, Credential::Query(_))) {
        return Some(Cow::Borrowed(query));
    }
    let is_wiped = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        wiped.iter().any(|credential| matches!(credential, Credential::Query(it) if it == name))
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_wiped(pair)).collect();
    (!kept.is_empty()).then(|| Cow::Owned(kept.join("&")))
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

    #[test]
    fn wiped_parameters_do_not_travel() {
        let wiped = [Credential::Query("access_token".to_owned())];
        assert_eq!(without("a=1&access_token=x&b=2", &wiped).as_deref(), Some("a=1&b=2"));
        assert_eq!(without("access_token=x", &wiped), None);
        assert_eq!(without("access_token2=x&c", &wiped).as_deref(), Some("access_token2=x&c"));
    }
}

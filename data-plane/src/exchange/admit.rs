//! The first step: who calls, under which id, and is there room.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};

use super::{RequestId, Shared};
use crate::worker::Worker;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where a request is from.
pub(crate) struct Caller {
    /// Its address, behind trusted proxies too.
    pub(crate) client: IpAddr,
    /// Whether it came over TLS, behind trusted proxies too.
    pub(crate) secure: bool,
    /// The host that it asked for, where a trusted proxy says so.
    pub(crate) host: Option<String>,
}

/// The caller's id for the request where it is sane, else a new one.
pub(crate) fn request_id(request: &HttpRequest, worker: &Worker) -> RequestId {
    let given = request.headers().get(X_REQUEST_ID).and_then(RequestId::from_caller);
    given.unwrap_or_else(|| worker.request_id())
}

pub(crate) fn caller(request: &HttpRequest, shared: &Shared) -> Caller {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let secure = request.app_config().secure();
    if !shared.proxies.trusts(peer) {
        return Caller { client: peer.to_canonical(), secure, host: None };
    }
    let headers = request.headers();
    let forwarded: Vec<&str> =
        headers.get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    // The proxy nearest to us speaks last.
    let last = |name: HeaderName| {
        let value = headers.get_all(name).last()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    Caller {
        client: shared.proxies.caller(peer, forwarded.into_iter()),
        secure: last(X_FORWARDED_PROTO).map_or(secure, |proto| proto.eq_ignore_ascii_case("https")),
        host: last(X_FORWARDED_HOST).map(str::to_owned),
    }
}

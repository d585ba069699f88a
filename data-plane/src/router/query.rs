use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, Uri};

/// What of a request decides about its route.
#[derive(Clone, Copy)]
pub struct RouteQuery<'a> {
    /// As [`super::host`] gives it.
    pub host: &'a str,
    /// As [`super::path`] gives it.
    pub path: &'a str,
    /// What the caller asked for, as it was written.
    pub uri: &'a Uri,
    /// The method.
    pub method: &'a Method,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The caller's address, behind trusted proxies too.
    pub client: IpAddr,
    /// Whether the caller came over TLS, behind trusted proxies too.
    pub secure: bool,
}

impl RouteQuery<'_> {
    /// What follows the `?`, without it.
    pub(super) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }
}

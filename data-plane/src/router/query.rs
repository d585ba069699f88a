use actix_web::http::Method;
use actix_web::http::header::HeaderMap;

/// What of a request decides about its route.
#[derive(Clone, Copy)]
pub struct RouteQuery<'a> {
    /// As [`super::host`] gives it.
    pub host: &'a str,
    /// As [`super::path`] gives it.
    pub path: &'a str,
    /// What follows the `?`, without it.
    pub query: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The headers.
    pub headers: &'a HeaderMap,
}

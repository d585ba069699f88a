//! `/livez`, `/readyz` and `/metrics`, on a listener of their own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, web};
use sanmon_shared::clock::Clock;

use super::exposition::{self, Health};
use super::series::Metrics;
use crate::target::Registry;

/// What the listener asks when it is asked.
#[derive(Clone)]
pub(crate) struct Probe {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) targets: Arc<Registry>,
    pub(crate) health: Arc<dyn Fn() -> Health + Send + Sync>,
    pub(crate) version: &'static str,
    pub(crate) clock: Clock,
}

/// Binds; serves as soon as the server is polled.
pub(crate) fn listen(
    address: SocketAddr,
    probe: &Probe,
) -> io::Result<(SocketAddr, ServerHandle, Server)> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let probe = probe.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(probe.clone()))
            .route("/livez", web::get().to(async || "alive\n"))
            .route("/readyz", web::get().to(ready))
            .route("/metrics", web::get().to(metrics))
    })
    .workers(1)
    .disable_signals()
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    Ok((address, server.handle(), server))
}

async fn ready(probe: web::Data<Probe>) -> HttpResponse {
    let health = (probe.health)();
    let (status, text) = if health.ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    };
    HttpResponse::build(status).content_type(ContentType::plaintext()).body(text)
}

async fn metrics(probe: web::Data<Probe>) -> HttpResponse {
    let health = (probe.health)();
    let Probe { metrics, targets, version, clock, .. } = &**probe;
    let text = exposition::text(metrics, targets, health, version, clock.millis());
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

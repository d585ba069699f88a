//! Listens, and hands every request to its exchange. There is one service: paths, hosts and methods
//! are all for the configuration to say.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle, Service, ServiceRequest, ServiceResponse, fn_factory};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer};
use futures_util::future::{LocalBoxFuture, ready};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::exchange::{self, Shared};
use crate::worker::Worker;

/// Connections that wait to be accepted: 500 clients that come at once find room.
const BACKLOG: i32 = 4096;

/// How long a client may take to say goodbye.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Settings of the listener.
pub(crate) struct Listen {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) workers: usize,
    pub(crate) drain_timeout: Duration,
}

/// A server that listens.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) server: Server,
}

/// Binds and begins to accept as soon as the server is polled.
pub(crate) fn listen(settings: &Listen, shared: &Arc<Shared>) -> io::Result<Listening> {
    let listener = bind(settings.address)?;
    let address = listener.local_addr()?;
    let limits = shared.limits;
    let factory_of = Arc::clone(shared);
    let server = HttpServer::new(move || {
        let worker = Rc::new(Worker::new(&factory_of));
        let (told, cutoff) = (Arc::clone(&factory_of), Rc::clone(&worker.cutoff));
        actix_web::rt::spawn(async move {
            told.cutting().await;
            cutoff.fire();
        });
        let telemetry = Rc::clone(&worker.telemetry);
        actix_web::rt::spawn(async move { telemetry.flush_now_and_then().await });
        let gate = Gate { shared: Arc::clone(&factory_of), worker };
        App::new().default_service(fn_factory(move || ready(Ok::<_, ()>(gate.clone()))))
    })
    .workers(settings.workers)
    .disable_signals()
    .tcp_nodelay(true)
    .h1_allow_half_closed(false)
    .keep_alive(limits.keep_alive)
    .client_request_timeout(limits.head_timeout)
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .shutdown_timeout(settings.drain_timeout.as_secs() + 1)
    .on_connect(move |connection, _| cut_slow_readers(connection, limits.write_timeout));
    let server = match &settings.tls {
        None => server.listen(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, (**tls).clone())?,
    }
    .run();
    Ok(Listening { address, handle: server.handle(), server })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A client that stops reading keeps what was sent to it unacknowledged or its window shut; the
/// kernel then breaks the connection, which cancels whatever was going on for it.
fn cut_slow_readers(connection: &dyn std::any::Any, timeout: Duration) {
    type Tls = actix_tls::accept::rustls_0_23::TlsStream<TcpStream>;
    let socket = match connection.downcast_ref::<TcpStream>() {
        Some(plain) => SockRef::from(plain),
        None => match connection.downcast_ref::<Tls>() {
            Some(tls) => SockRef::from(tls.get_ref().0),
            None => return,
        },
    };
    if let Err(error) = socket.set_tcp_user_timeout(Some(timeout)) {
        tracing::debug!(%error, "slow readers of this connection are not cut");
    }
}

/// The one service: of one worker.
#[derive(Clone)]
struct Gate {
    shared: Arc<Shared>,
    worker: Rc<Worker>,
}

impl Service<ServiceRequest> for Gate {
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_web::dev::always_ready!();

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (request, payload) = request.into_parts();
        let gate = self.clone();
        Box::pin(async move {
            let answer = exchange::serve(&gate.shared, &gate.worker, &request, payload).await;
            Ok(ServiceResponse::new(request, answer))
        })
    }
}

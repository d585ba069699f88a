//! Starts the control plane: opens the configuration, makes the first admin, and serves the admin
//! API until it is stopped.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpServer, dev::ServerHandle};
use sanmon_shared::catalogue::PluginCatalogue;
use sanmon_shared::clock::Clock;
use sanmon_shared::explain::Explain;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::quotas::KeyCounters;
use sanmon_shared::store::Store;
use sanmon_shared::task::Tasks;
use sanmon_shared::tls::{self, TlsError, TlsFiles};

use crate::admin::{self, Quotas, Shared};
use crate::configuration::{
    BootstrapError, Configuration, FirstAdmin, OpenError, SchemaError, Schemas,
};
use crate::foreign;
use crate::openapi;
use crate::publication::{self, Publication, Resets};
use crate::store::DataPlaneToken;

/// Threads that serve the admin API. It is no hot path; a second one keeps probes quick while a
/// large import is read.
const WORKERS: usize = 2;
/// How long requests may take to finish when the control plane stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a caller may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What a control plane is started with.
pub struct Options {
    /// Where the admin API listens; port 0 takes a free one.
    pub admin_listen: SocketAddr,
    /// Serves TLS with these, read again when they change.
    pub tls: Option<TlsFiles>,
    /// Where the configuration is kept.
    pub store: Arc<dyn Store>,
    /// Lets data planes follow over HTTP; without it none can.
    pub data_plane_token: Option<DataPlaneToken>,
    /// The data plane's plugins and providers.
    pub catalogue: Arc<dyn PluginCatalogue>,
    /// Tells what a data plane would make of a request.
    pub explain: Arc<dyn Explain>,
    /// The counters of API keys, those in common or of a data plane in this process; none where data
    /// planes elsewhere count on their own.
    pub key_counters: Option<Arc<dyn KeyCounters>>,
    /// The time of day.
    pub clock: Clock,
    /// Where background tasks run. [`Running::stop`] does not stop them: they are the caller's.
    pub tasks: Tasks,
    /// The first admin's key where the store has no admin yet, at least 32 characters; without it
    /// one is generated.
    pub admin_key: Option<String>,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
}

/// Why a control plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The schemas do not compile.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The store does not answer.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no first admin.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// The system gives no threads.
    #[error("cannot serve: {0}")]
    Serve(#[source] std::io::Error),
}

/// Starts control planes.
pub struct ControlPlane;

/// A control plane that serves.
pub struct Running {
    /// Where the admin API listens.
    pub address: SocketAddr,
    /// The first admin where this start made it: its key is shown to whoever started, once.
    pub first_admin: Option<FirstAdmin>,
    /// The configuration, for what runs in the same process.
    pub configuration: Arc<Configuration>,
    handle: ServerHandle,
    publication: Option<Data<Publication>>,
}

impl ControlPlane {
    /// Opens the configuration, makes the first admin where there is none, and serves.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let listener = listen(options.admin_listen)?;
        let address = listener.local_addr().map_err(StartError::Serve)?;
        let tls = match &options.tls {
            Some(files) => Some(tls::server_config(&files.cert, &files.key, &options.tasks)?),
            None => None,
        };
        let schemas = Arc::new(Schemas::new(options.catalogue.as_ref())?);
        let document = openapi::document(&schemas, options.catalogue.as_ref());
        let resets = Arc::new(Resets::new(options.clock.clone()));
        let publication = options.data_plane_token.map(|token| {
            let store = Arc::clone(&options.store);
            Data::new(Publication::new(store, token, Arc::clone(&resets)))
        });
        let configuration = Configuration::open(
            options.store,
            options.catalogue,
            schemas,
            options.clock,
            &options.tasks,
        )
        .await?;
        foreign::apisix::expiry::start(&configuration, &options.tasks);
        let first_admin = configuration.bootstrap_admin(options.admin_key).await?;
        let shared = Data::new(Shared::new(
            Arc::clone(&configuration),
            options.explain,
            Quotas { counters: options.key_counters, resets },
            options.trusted_proxies,
            options.tasks.clone(),
            Bytes::from(document.to_string()),
        ));
        let published = publication.clone();
        let application = move || {
            let publish = published.clone();
            admin::application(Data::clone(&shared)).configure(|config| {
                if let Some(publish) = publish {
                    publication::configure(config, publish);
                }
            })
        };
        let server = HttpServer::new(application)
            .workers(WORKERS)
            .tcp_nodelay(true)
            .h1_allow_half_closed(false)
            .client_request_timeout(HEAD_TIMEOUT)
            .shutdown_timeout(DRAIN.as_secs())
            .disable_signals();
        let server = match tls {
            Some(config) => server.listen_rustls_0_23(listener, Arc::unwrap_or_clone(config)),
            None => server.listen(listener),
        };
        let server = server.map_err(StartError::Serve)?.run();
        let handle = server.handle();
        options.tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the admin listener broke");
            }
        });
        Ok(Running { address, first_admin, configuration, handle, publication })
    }
}

impl Running {
    /// Stops to listen, lets requests finish for ten seconds, and returns.
    pub async fn stop(self) {
        if let Some(publication) = &self.publication {
            publication.stop();
        }
        self.handle.stop(true).await;
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener =
        TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
    listener.set_nonblocking(true).map_err(StartError::Serve)?;
    Ok(listener)
}

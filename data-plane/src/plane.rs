//! A data plane as a whole: what it needs, how it starts, how it stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::store::Source;
use sanmon_shared::task::Tasks;

use crate::exchange::Shared;
use crate::limits::Limits;
use crate::server::{self, Listen, Listening};
use crate::snapshot::{Live, Snapshot};

/// Looks up a variable of this process's environment, for secrets that refer to one.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where the access log goes: a line of JSON per exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// To standard output.
    #[default]
    Stdout,
    /// To the end of this file.
    File(PathBuf),
    /// Nowhere.
    Off,
}

/// What a data plane needs.
pub struct Options {
    /// Where callers come in. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz` and `/metrics` are; none for nowhere.
    pub telemetry_listen: Option<SocketAddr>,
    /// Callers come over TLS: what [`sanmon_shared::tls::server_config`] made.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The configuration that it follows.
    pub source: Arc<dyn Source>,
    /// Where it keeps its id and its last good state.
    pub data_dir: PathBuf,
    /// Whether the last good state is kept there: not where the store is on the same disk.
    pub keep_last_good: bool,
    /// Threads that serve callers.
    pub workers: usize,
    /// Whose word counts about callers.
    pub trusted_proxies: TrustedProxies,
    /// How long callers may still come after `/readyz` says no.
    pub drain_delay: Duration,
    /// How long requests and streams may then go on.
    pub drain_timeout: Duration,
    /// What callers and upstreams may cost.
    pub limits: Limits,
    /// Where the access log goes.
    pub access_log: AccessLog,
    /// What secrets may refer to.
    pub environment: Environment,
    /// The time of day.
    pub clock: Clock,
    /// Of this program, for reports and metrics.
    pub version: &'static str,
    /// What runs in the background, and when it is to stop.
    pub tasks: Tasks,
}

/// Why a data plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody can be listened to there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Serves the LLM endpoints.
pub struct DataPlane;

/// A data plane that runs.
pub struct Running {
    /// Where callers come in.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    server: ServerHandle,
    drain_delay: Duration,
    drain_timeout: Duration,
}

impl DataPlane {
    /// Listens, and begins to follow the source. Callers get 404 until there is a snapshot.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let live = Arc::new(Live::new(Snapshot::empty(Head::empty(""))));
        let shared =
            Arc::new(Shared::new(live, options.limits, options.trusted_proxies, options.clock));
        let listen = Listen {
            address: options.listen,
            tls: options.tls,
            workers: options.workers,
            drain_timeout: options.drain_timeout,
        };
        let Listening { address, handle, server } = server::listen(&listen, &shared)
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        options.tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Running {
            address,
            shared,
            server: handle,
            drain_delay: options.drain_delay,
            drain_timeout: options.drain_timeout,
        })
    }
}

impl Running {
    /// Stops: `/readyz` says no, callers may come for the drain delay, then nobody is let in;
    /// requests and streams may end within the drain timeout, and are then cut, streams with an
    /// event that says so.
    pub async fn stop(self) {
        self.shared.drain();
        tokio::time::sleep(self.drain_delay).await;
        let stopped = self.server.stop(true);
        let patience = tokio::time::timeout(self.drain_timeout, self.shared.idle());
        if patience.await.is_err() {
            tracing::warn!(in_flight = self.shared.in_flight(), "requests are cut");
            self.shared.cut();
        }
        stopped.await;
    }
}

//! A data plane as a whole: what it needs, how it starts, how it stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use jiff::Timestamp;
use sanmon_shared::Head;
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::CounterStore;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::seal::Seal;
use sanmon_shared::state::StateStore;
use sanmon_shared::store::Source;
use sanmon_shared::task::Tasks;

use crate::exchange::Shared;
use crate::follow::{self, Environment, Follower, LastGood};
use crate::limit::{Limiter, Quotas};
use crate::limits::Limits;
use crate::protocol::responses::Answers;
use crate::server::{self, Listen, Listening};
use crate::snapshot::{Live, Snapshot};
use crate::target;
use crate::telemetry::{self, Health, Probe, Writer};

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
    /// What data planes keep for callers, where they share it; otherwise each keeps its own.
    pub state: Option<Arc<dyn StateStore>>,
    /// What data planes count together; otherwise each counts on its own.
    pub counters: Option<Arc<dyn CounterStore>>,
    /// By what a control plane in this process looks at the quotas of keys; otherwise reports tell of what
    /// this data plane alone counts.
    pub quotas: Option<Arc<Quotas>>,
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
    /// The seal, where this process was given it: then it is not kept on disk.
    pub seal: Option<Seal>,
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
    /// The access log cannot be opened.
    #[error("cannot open the access log: {0}")]
    AccessLog(#[source] io::Error),
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
    /// Where `/livez`, `/readyz` and `/metrics` are.
    pub telemetry_address: Option<SocketAddr>,
    follower: Follower,
    shared: Arc<Shared>,
    server: ServerHandle,
    telemetry: Option<ServerHandle>,
    writer: Option<Writer>,
    drain_delay: Duration,
    drain_timeout: Duration,
}

impl DataPlane {
    /// Listens, and begins to follow the source. Callers get 503 until there is a snapshot.
    #[expect(clippy::unused_async, reason = "servers want a runtime, which only async code has")]
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let live = Arc::new(Live::new(Snapshot::empty(Head::empty(""))));
        let mut shared = Shared::new(
            Arc::clone(&live),
            options.limits,
            options.trusted_proxies,
            options.clock.clone(),
        );
        let log = Writer::start(&options.access_log, &shared.metrics);
        let (writer, queue) = log.map_err(StartError::AccessLog)?.unzip();
        shared.log = queue;
        if let Some(state) = options.state {
            shared.answers = Arc::new(Answers::shared(state, &options.tasks));
        }
        if let Some(counters) = options.counters {
            let limiter =
                Limiter::sharing(options.clock.clone(), &shared.metrics, counters, &options.tasks);
            shared.limiter = Arc::new(limiter);
        }
        if let Some(quotas) = &options.quotas {
            quotas.are_of(&shared.limiter);
        }
        let shared = Arc::new(shared);
        let told = options.quotas.is_none() && shared.limiter.counts_alone();
        let listen = Listen {
            address: options.listen,
            tls: options.tls,
            workers: options.workers,
            drain_timeout: options.drain_timeout,
        };
        let Listening { address, handle, server } = server::listen(&listen, &shared)
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        let following = follow::Options {
            source: options.source,
            live,
            data_dir: options.data_dir,
            last_good: if options.keep_last_good { LastGood::Kept } else { LastGood::Off },
            environment: options.environment,
            seal: options.seal,
            version: options.version,
            address: address.to_string(),
            clock: options.clock.clone(),
            targets: Arc::clone(&shared.targets),
            limiter: told.then(|| Arc::clone(&shared.limiter)),
            interval: follow::INTERVAL,
        };
        let follower = Follower::start(following, &options.tasks);
        options.tasks.spawn(target::run_probes(Arc::clone(&shared), options.tasks.clone()));
        run(server, &options.tasks);
        let probe = Probe {
            metrics: Arc::clone(&shared.metrics),
            targets: Arc::clone(&shared.targets),
            health: health(&shared, &follower),
            version: options.version,
            clock: options.clock,
        };
        let telemetry = match options.telemetry_listen {
            None => None,
            Some(asked) => {
                let (address, handle, server) = telemetry::listen(asked, &probe)
                    .map_err(|source| StartError::Listen { address: asked, source })?;
                run(server, &options.tasks);
                Some((address, handle))
            }
        };
        Ok(Running {
            address,
            follower,
            shared,
            telemetry_address: telemetry.as_ref().map(|(address, _)| *address),
            server: handle,
            telemetry: telemetry.map(|(_, handle)| handle),
            writer,
            drain_delay: options.drain_delay,
            drain_timeout: options.drain_timeout,
        })
    }
}

impl Running {
    /// Waits until there is a snapshot to serve.
    pub async fn ready(&self) {
        self.follower.ready().await;
    }

    /// Stops: `/readyz` says no, callers may come for the drain delay, then nobody is let in;
    /// requests and streams may end within the drain timeout, and are then cut, streams with an
    /// event that says so.
    pub async fn stop(self) {
        drain(&self.shared, &self.server, self.drain_delay, self.drain_timeout).await;
        if let Some(telemetry) = self.telemetry {
            telemetry.stop(true).await;
        }
        if let Some(writer) = self.writer {
            let written = tokio::task::spawn_blocking(|| writer.finish());
            if tokio::time::timeout(LAST_LINES, written).await.is_err() {
                tracing::warn!("the last lines of the access log could not be written in time");
            }
        }
    }
}

/// Stops a server without breaking what it does: see [`Running::stop`].
pub(crate) async fn drain(
    shared: &Shared,
    server: &ServerHandle,
    delay: Duration,
    timeout: Duration,
) {
    shared.drain();
    tokio::time::sleep(delay).await;
    let stopped = server.stop(true);
    if tokio::time::timeout(timeout, shared.idle()).await.is_err() {
        tracing::warn!(in_flight = shared.in_flight(), "requests are cut");
        shared.cut();
    }
    stopped.await;
}

/// How long the writer of the access log may take at the end.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Runs a server until it is stopped.
fn run(server: Server, tasks: &Tasks) {
    tasks.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "a server ended");
        }
    });
}

/// Looks how things stand, for whoever asks the telemetry listener.
fn health(shared: &Arc<Shared>, follower: &Follower) -> Arc<dyn Fn() -> Health + Send + Sync> {
    let (shared, follower) = (Arc::clone(shared), follower.clone());
    Arc::new(move || {
        let status = follower.status();
        Health {
            ready: status.ready && !shared.is_draining(),
            revision: status.revision(),
            applied_at: status.applied_at.map(Timestamp::as_millisecond),
            source_up: status.source_healthy,
            in_flight: shared.in_flight(),
            refusals: status.refusals.len(),
        }
    })
}

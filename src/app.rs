//! The planes of one process: what they share, in which order they start and stop.

mod error;
mod origin;

use std::net::SocketAddr;
use std::sync::Arc;

use sanmon_control_plane::configuration::FirstAdmin;
use sanmon_data_plane::Environment;
use sanmon_shared::clock::Clock;
use sanmon_shared::quotas::KeyCounters;
use sanmon_shared::task::Tasks;
use sanmon_shared::tls::{self, TlsFiles};
use {sanmon_control_plane as control_plane, sanmon_data_plane as data_plane};

pub use error::StartError;
use origin::{Control, Opened};

use crate::VERSION;
use crate::settings::{Origin, Settings};

/// What the planes take from the outside, so that a test can give something else.
pub struct Surroundings {
    /// Looks a variable of the environment up, for secrets that refer to one.
    pub environment: Environment,
    /// The time of day.
    pub clock: Clock,
}

/// The planes of one process, running.
pub struct App {
    control_plane: Option<control_plane::Running>,
    data_plane: Option<data_plane::Running>,
    tasks: Tasks,
}

impl App {
    /// Starts the planes that the settings ask for. What was started stops again where a later part
    /// does not start.
    pub async fn start(settings: &Settings, outside: Surroundings) -> Result<Self, StartError> {
        let mut app = Self { control_plane: None, data_plane: None, tasks: Tasks::default() };
        match app.fill(settings, outside).await {
            Ok(()) => Ok(app),
            Err(error) => {
                app.stop().await;
                Err(error)
            }
        }
    }

    async fn fill(&mut self, settings: &Settings, outside: Surroundings) -> Result<(), StartError> {
        origin::prepare_folder(&settings.data_dir)?;
        let Opened { control, source, state, counters } =
            origin::open(settings, &outside.clock, &self.tasks).await?;
        let counted_here = counters.is_some() || settings.mode.has_data_plane();
        let quotas = (control.is_some() && counted_here)
            .then(|| Arc::new(data_plane::quotas(counters.clone(), outside.clock.clone())));
        if let Some(Control { store, token }) = control {
            let options = control_plane::Options {
                admin_listen: settings.admin.listen,
                tls: settings.admin.tls.clone(),
                store,
                data_plane_token: Some(token),
                catalogue: Arc::new(catalogue(settings)),
                explain: Arc::new(data_plane::explainer(outside.clock.clone())),
                key_counters: quotas.clone().map(|quotas| quotas as Arc<dyn KeyCounters>),
                clock: outside.clock.clone(),
                tasks: self.tasks.clone(),
                admin_key: settings.secrets.admin_key.as_ref().map(|key| key.expose().to_owned()),
                trusted_proxies: settings.trusted_proxies.clone(),
            };
            let running = control_plane::ControlPlane::start(options).await?;
            tracing::info!(address = %running.address, "the admin API listens");
            self.control_plane = Some(running);
        }
        if settings.mode.has_data_plane() {
            let proxy = &settings.proxy;
            let tls = |files: &TlsFiles| tls::server_config(&files.cert, &files.key, &self.tasks);
            let options = data_plane::Options {
                listen: proxy.listen,
                telemetry_listen: Some(proxy.telemetry_listen),
                tls: proxy.tls.as_ref().map(tls).transpose()?,
                source,
                state,
                counters,
                quotas,
                data_dir: settings.data_dir.clone(),
                // The embedded store is on the same disk already.
                keep_last_good: settings.origin != Origin::Embedded,
                workers: proxy.workers,
                trusted_proxies: settings.trusted_proxies.clone(),
                drain_delay: settings.drain_delay,
                drain_timeout: settings.shutdown_timeout,
                limits: proxy.limits,
                access_log: proxy.access_log.clone(),
                environment: outside.environment,
                seal: origin::seal(settings)?,
                clock: outside.clock,
                version: VERSION,
                tasks: self.tasks.clone(),
            };
            let running = data_plane::DataPlane::start(options).await?;
            tracing::info!(address = %running.address, "the data plane listens");
            self.data_plane = Some(running);
        }
        Ok(())
    }

    /// Where the admin API listens, if it does.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.control_plane.as_ref().map(|running| running.address)
    }

    /// Where clients are served, if they are.
    pub fn address(&self) -> Option<SocketAddr> {
        self.data_plane.as_ref().map(|running| running.address)
    }

    /// The first admin where this start made it: the one chance to show its key.
    pub fn first_admin(&mut self) -> Option<FirstAdmin> {
        self.control_plane.as_mut().and_then(|running| running.first_admin.take())
    }

    /// Stops: clients first, while configuration can still change; then the admin API; then what
    /// runs in the background.
    pub async fn stop(self) {
        if let Some(data_plane) = self.data_plane {
            data_plane.stop().await;
        }
        if let Some(control_plane) = self.control_plane {
            control_plane.stop().await;
        }
        self.tasks.stop().await;
    }
}

/// What the control plane knows of plugins. Data planes that follow it over HTTP may be several, and
/// have nothing in common where they keep what a caller comes back to.
fn catalogue(settings: &Settings) -> data_plane::Catalogue {
    let catalogue = data_plane::catalogue();
    if settings.origin == Origin::Embedded && !settings.mode.has_data_plane() {
        catalogue.apart()
    } else {
        catalogue
    }
}

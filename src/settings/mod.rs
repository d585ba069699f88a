//! What Sanmon is started with: flags, then environment, then the settings file, then defaults.
//!
//! [`Overlay`] declares every setting once; [`Settings`] is what is left when all of them are
//! known and fit together. Secrets come from the environment alone.

mod file;
mod overlay;
mod secrets;
pub mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sanmon_data_plane::AccessLog;
use sanmon_data_plane::limits::Limits;
use sanmon_shared::proxies::TrustedProxies;
use sanmon_shared::tls::TlsFiles;
use url::Url;

pub(crate) use overlay::{BOTH, CONTROL, DATA};
pub use overlay::{LogFormat, Overlay};
pub use secrets::Secrets;
use values::{Bytes, Hidden, PrivateUrl, Span};

/// Which planes run in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Both, joined in process.
    Serve,
    /// The admin API, the store and publication.
    ControlPlane,
    /// What serves clients.
    DataPlane,
}

impl Mode {
    /// Whether the control plane runs.
    pub fn has_control_plane(self) -> bool {
        self != Self::DataPlane
    }

    /// Whether the data plane runs.
    pub fn has_data_plane(self) -> bool {
        self != Self::ControlPlane
    }
}

/// Where the configuration is, seen from this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the embedded store of the data folder.
    Embedded,
    /// In Redis.
    Redis {
        /// `redis://` or `rediss://`, with its password.
        url: PrivateUrl,
        /// What every key begins with.
        prefix: String,
    },
    /// At a control plane, which is asked over HTTP.
    ControlPlane {
        /// Its admin listener.
        url: PrivateUrl,
        /// What it wants to see.
        token: Hidden,
    },
}

/// How the control plane listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminSettings {
    /// The admin API.
    pub listen: SocketAddr,
    /// Its certificate; plain HTTP without.
    pub tls: Option<TlsFiles>,
}

/// How the data plane serves.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Clients.
    pub listen: SocketAddr,
    /// `/livez`, `/readyz`, `/metrics`.
    pub telemetry_listen: SocketAddr,
    /// Certificate of the clients' listener; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// Threads.
    pub workers: usize,
    /// Where a line per request goes.
    pub access_log: AccessLog,
    /// What callers and upstreams may cost.
    pub limits: Limits,
}

/// How the log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for programs.
    pub format: LogFormat,
    /// Directives of `tracing`.
    pub filter: String,
}

/// Everything that was set, checked and complete. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which planes run.
    pub mode: Mode,
    /// Embedded store, last good state, generated tokens.
    pub data_dir: PathBuf,
    /// Where the configuration is.
    pub origin: Origin,
    /// Whose `X-Forwarded-*` counts.
    pub trusted_proxies: TrustedProxies,
    /// How long to serve on before a stop.
    pub drain_delay: Duration,
    /// How long requests may take to finish at a stop.
    pub shutdown_timeout: Duration,
    /// The log.
    pub log: LogSettings,
    /// The control plane's part.
    pub admin: AdminSettings,
    /// The data plane's part.
    pub proxy: ProxySettings,
    /// From the environment.
    pub secrets: Secrets,
}

/// Why Sanmon does not start with these settings. Repeats no value that may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    ReadFile {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds a mistake.
    #[error("{}:{line}:{column}: {message}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A secret of the environment cannot be used.
    #[error("{0} is {1}")]
    Secret(&'static str, String),
    /// A flag has no effect on what was asked for.
    #[error("{flag} belongs to the {heading} and has no effect here")]
    Elsewhere {
        /// The flag.
        flag: String,
        /// Its part of the help.
        heading: &'static str,
    },
    /// Settings that do not fit together, or a value out of its range.
    #[error("{0}")]
    Misfit(String),
}

fn misfit<T>(why: impl Into<String>) -> Result<T, SettingsError> {
    Err(SettingsError::Misfit(why.into()))
}

impl Settings {
    /// Reads the settings file, if there is one, under `strong` (flags and environment) and
    /// completes what nobody set.
    pub fn load(
        mode: Mode,
        strong: Overlay,
        file: Option<PathBuf>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let below = file.map_or_else(|| Ok(Overlay::default()), |path| file::read(&path))?;
        Self::resolve(mode, strong.over(below), Secrets::read(environment)?)
    }

    /// Completes and checks.
    pub fn resolve(mode: Mode, set: Overlay, secrets: Secrets) -> Result<Self, SettingsError> {
        let origin = origin(mode, &set, &secrets)?;
        let workers = set.workers.unwrap_or_else(cores);
        let limits = limits(&set)?;
        let settings = Self {
            mode,
            data_dir: set.data_dir.unwrap_or_else(|| PathBuf::from("./sanmon-data")),
            origin,
            trusted_proxies: set.trusted_proxies.map(|proxies| proxies.0).unwrap_or_default(),
            drain_delay: set.drain_delay.map_or(Duration::ZERO, |span| span.0),
            shutdown_timeout: set.shutdown_timeout.map_or(Duration::from_secs(30), |span| span.0),
            log: LogSettings {
                format: set.log_format.unwrap_or_default(),
                filter: set.log_level.unwrap_or_else(|| "info".to_owned()),
            },
            admin: AdminSettings {
                listen: set.admin_listen.unwrap_or_else(|| local(7080)),
                tls: pair(set.admin_tls_cert, set.admin_tls_key, "--admin-tls")?,
            },
            proxy: ProxySettings {
                listen: set.listen.unwrap_or_else(|| local(9080)),
                telemetry_listen: set.telemetry_listen.unwrap_or_else(|| local(9090)),
                tls: pair(set.tls_cert, set.tls_key, "--tls")?,
                workers,
                access_log: set.access_log.map_or(AccessLog::Stdout, |to| to.0),
                limits,
            },
            secrets,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let proxy = &self.proxy;
        for (flag, value, range) in [
            ("--workers", proxy.workers, 1..=1024),
            ("--max-body", proxy.limits.body_bytes, 1..=1 << 40),
            ("--max-answer", proxy.limits.answer_bytes, 1..=1 << 40),
            ("--max-json-depth", proxy.limits.json_depth, 1..=10_000),
            ("--max-requests", proxy.limits.concurrency, 1..=10_000_000),
        ] {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return misfit(format!("{flag} is {value}: it may be {least} to {most}"));
            }
        }
        for (flag, span) in [
            ("--head-timeout", proxy.limits.head_timeout),
            ("--body-timeout", proxy.limits.body_timeout),
            ("--write-timeout", proxy.limits.write_timeout),
            ("--heartbeat", proxy.limits.heartbeat),
        ] {
            if span.is_zero() {
                return misfit(format!("{flag} may not be 0"));
            }
        }
        if crate::log::filter(&self.log.filter).is_none() {
            return misfit(
                "--log-level is neither a level nor directives such as info,sanmon=debug",
            );
        }
        let mut listeners = Vec::new();
        if self.mode.has_control_plane() {
            listeners.push(("--admin-listen", self.admin.listen));
        }
        if self.mode.has_data_plane() {
            listeners.push(("--listen", proxy.listen));
            listeners.push(("--telemetry-listen", proxy.telemetry_listen));
        }
        for (at, (flag, address)) in listeners.iter().enumerate() {
            let mut before = listeners.iter().take(at);
            if let Some((other, _)) = before.find(|(_, a)| a == address && a.port() != 0) {
                return misfit(format!("{other} and {flag} are both {address}"));
            }
        }
        Ok(())
    }
}

/// What is shown by `--check`: every setting, no secret.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#?}")
    }
}

fn origin(mode: Mode, set: &Overlay, secrets: &Secrets) -> Result<Origin, SettingsError> {
    let prefix = set.redis_prefix.clone().unwrap_or_else(|| "sanmon".to_owned());
    if prefix.is_empty()
        || !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    {
        return misfit("--redis-prefix may hold letters, digits and -_.: only");
    }
    let redis = |url: &PrivateUrl| {
        known(url, "--redis", &["redis", "rediss"])?;
        Ok(Origin::Redis { url: url.clone(), prefix: prefix.clone() })
    };
    match (mode, &set.redis, &set.control_plane) {
        (Mode::DataPlane, Some(_), Some(_)) => misfit(
            "--redis and --control-plane exclude each other: a data plane follows one of them",
        ),
        (Mode::DataPlane, None, None) => misfit(
            "a data plane needs --redis or --control-plane: it has no configuration of its own",
        ),
        (Mode::DataPlane, None, Some(url)) => {
            known(url, "--control-plane", &["http", "https"])?;
            let Some(token) = secrets.data_plane_token.clone() else {
                return misfit(
                    "SANMON_DATA_PLANE_TOKEN (or SANMON_DATA_PLANE_TOKEN_FILE) is not set: the \
                     control plane keeps the token in data-plane-token in its data folder",
                );
            };
            Ok(Origin::ControlPlane { url: url.clone(), token })
        }
        (_, Some(url), _) => redis(url),
        (_, None, _) => Ok(Origin::Embedded),
    }
}

/// The data plane's own defaults where nothing is set.
fn limits(set: &Overlay) -> Result<Limits, SettingsError> {
    let usual = Limits::default();
    let bytes = |flag: &str, set: Option<Bytes>, usual: usize| match set {
        Some(bytes) => usize::try_from(bytes.0).or_else(|_| misfit(format!("{flag} is too large"))),
        None => Ok(usual),
    };
    let span = |set: Option<Span>, usual: Duration| set.map_or(usual, |span| span.0);
    Ok(Limits {
        body_bytes: bytes("--max-body", set.max_body, usual.body_bytes)?,
        answer_bytes: bytes("--max-answer", set.max_answer, usual.answer_bytes)?,
        json_depth: set.max_json_depth.unwrap_or(usual.json_depth),
        concurrency: set.max_requests.unwrap_or(usual.concurrency),
        head_timeout: span(set.head_timeout, usual.head_timeout),
        body_timeout: span(set.body_timeout, usual.body_timeout),
        keep_alive: span(set.keep_alive, usual.keep_alive),
        write_timeout: span(set.write_timeout, usual.write_timeout),
        heartbeat: span(set.heartbeat, usual.heartbeat),
        fetches: usual.fetches,
    })
}

/// Whether this is a URL of one of these schemes with a host. Does not repeat it.
fn known(url: &PrivateUrl, flag: &str, schemes: &[&str]) -> Result<(), SettingsError> {
    let fits =
        Url::parse(url.expose()).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host());
    if fits {
        Ok(())
    } else {
        misfit(format!("{flag} is not a URL that begins with {}://", schemes.join(":// or ")))
    }
}

fn pair(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    flag: &str,
) -> Result<Option<TlsFiles>, SettingsError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        _ => misfit(format!("{flag}-cert and {flag}-key go together")),
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests;

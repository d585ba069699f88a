use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Deserialize;

use super::values::{AccessLogTo, Bytes, PrivateUrl, Proxies, Span, listen};

/// Headings of `--help`; also which subcommand takes which flag.
pub(crate) const CONTROL: &str = "Control plane";
pub(crate) const DATA: &str = "Data plane";
pub(crate) const BOTH: &str = "Both planes";

/// Every setting, each of which may be absent. The same struct reads flags, environment and file,
/// so that a setting has one name and one form; what is stronger lies [`Overlay::over`] the weaker.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[command(next_help_heading = BOTH)]
pub struct Overlay {
    /// Folder of the embedded store, the last good state and generated tokens [default:
    /// ./sanmon-data]
    #[arg(
        long,
        global = true,
        env = "SANMON_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR"
    )]
    pub data_dir: Option<PathBuf>,

    /// Keep the configuration in Redis (redis:// or rediss://) instead of the embedded store
    #[arg(
        long,
        global = true,
        env = "SANMON_REDIS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub redis: Option<PrivateUrl>,

    /// What every Redis key of this configuration begins with [default: sanmon]
    #[arg(long, global = true, env = "SANMON_REDIS_PREFIX", hide_env_values = true)]
    pub redis_prefix: Option<String>,

    /// Addresses and networks, by commas, whose X-Forwarded-* headers count [default: none]
    #[arg(
        long,
        global = true,
        env = "SANMON_TRUSTED_PROXIES",
        hide_env_values = true,
        value_name = "NETWORKS"
    )]
    pub trusted_proxies: Option<Proxies>,

    /// How long to serve on, not ready any more, before a stop begins [default: 0s]
    #[arg(
        long,
        global = true,
        env = "SANMON_DRAIN_DELAY",
        hide_env_values = true,
        value_name = "TIME"
    )]
    pub drain_delay: Option<Span>,

    /// How long requests and streams may take to finish at a stop [default: 30s]
    #[arg(
        long,
        global = true,
        env = "SANMON_SHUTDOWN_TIMEOUT",
        hide_env_values = true,
        value_name = "TIME"
    )]
    pub shutdown_timeout: Option<Span>,

    /// How log lines are written, on stderr [default: human]
    #[arg(long, global = true, env = "SANMON_LOG_FORMAT", hide_env_values = true)]
    pub log_format: Option<LogFormat>,

    /// What is logged: error, warn, info, debug, trace, or directives such as
    /// `info,sanmon_data_plane=debug` [default: info]
    #[arg(
        long,
        global = true,
        env = "SANMON_LOG_LEVEL",
        hide_env_values = true,
        value_name = "FILTER"
    )]
    pub log_level: Option<String>,

    /// Where the admin API listens, and its /livez, /readyz and /metrics [default: 127.0.0.1:7080]
    #[arg(long, global = true, env = "SANMON_ADMIN_LISTEN", hide_env_values = true,
          value_name = "ADDR", value_parser = listen, help_heading = CONTROL)]
    pub admin_listen: Option<SocketAddr>,

    /// Certificate chain of the admin listener, PEM; read again when it changes
    #[arg(long, global = true, env = "SANMON_ADMIN_TLS_CERT", hide_env_values = true,
          value_name = "FILE", help_heading = CONTROL)]
    pub admin_tls_cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, global = true, env = "SANMON_ADMIN_TLS_KEY", hide_env_values = true,
          value_name = "FILE", help_heading = CONTROL)]
    pub admin_tls_key: Option<PathBuf>,

    /// Where clients are served [default: 127.0.0.1:9080]
    #[arg(long, global = true, env = "SANMON_LISTEN", hide_env_values = true, value_name = "ADDR",
          value_parser = listen, help_heading = DATA)]
    pub listen: Option<SocketAddr>,

    /// Where the data plane's /livez, /readyz and /metrics are [default: 127.0.0.1:9090]
    #[arg(long, global = true, env = "SANMON_TELEMETRY_LISTEN", hide_env_values = true,
          value_name = "ADDR", value_parser = listen, help_heading = DATA)]
    pub telemetry_listen: Option<SocketAddr>,

    /// Certificate chain of the clients' listener, PEM; read again when it changes
    #[arg(long, global = true, env = "SANMON_TLS_CERT", hide_env_values = true, value_name = "FILE",
          help_heading = DATA)]
    pub tls_cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, global = true, env = "SANMON_TLS_KEY", hide_env_values = true, value_name = "FILE",
          help_heading = DATA)]
    pub tls_key: Option<PathBuf>,

    /// Where the access log goes, a line of JSON per request: stdout, off, or a file [default:
    /// stdout]
    #[arg(long, global = true, env = "SANMON_ACCESS_LOG", hide_env_values = true,
          value_name = "WHERE", help_heading = DATA)]
    pub access_log: Option<AccessLogTo>,

    /// Follow this control plane (an http or https URL): a data plane without Redis
    #[arg(long, global = true, env = "SANMON_CONTROL_PLANE", hide_env_values = true,
          value_name = "URL", help_heading = DATA)]
    pub control_plane: Option<PrivateUrl>,

    /// Threads that serve clients [default: as many as there are cores]
    #[arg(long, global = true, env = "SANMON_WORKERS", hide_env_values = true, value_name = "N",
          help_heading = DATA)]
    pub workers: Option<usize>,

    /// Largest request body [default: 32MiB]
    #[arg(long, global = true, env = "SANMON_MAX_BODY", hide_env_values = true, value_name = "SIZE",
          help_heading = DATA)]
    pub max_body: Option<Bytes>,

    /// Deepest nesting of a JSON body [default: 128]
    #[arg(long, global = true, env = "SANMON_MAX_JSON_DEPTH", hide_env_values = true,
          value_name = "N", help_heading = DATA)]
    pub max_json_depth: Option<usize>,

    /// Requests in flight, all workers together; more are answered 503 [default: 10000]
    #[arg(long, global = true, env = "SANMON_MAX_REQUESTS", hide_env_values = true,
          value_name = "N", help_heading = DATA)]
    pub max_requests: Option<usize>,

    /// Largest answer of an upstream that is not streamed [default: 64MiB]
    #[arg(long, global = true, env = "SANMON_MAX_ANSWER", hide_env_values = true,
          value_name = "SIZE", help_heading = DATA)]
    pub max_answer: Option<Bytes>,

    /// How long a client may take for the head of its request [default: 10s]
    #[arg(long, global = true, env = "SANMON_HEAD_TIMEOUT", hide_env_values = true,
          value_name = "TIME", help_heading = DATA)]
    pub head_timeout: Option<Span>,

    /// How long a client may take for its body [default: 1m]
    #[arg(long, global = true, env = "SANMON_BODY_TIMEOUT", hide_env_values = true,
          value_name = "TIME", help_heading = DATA)]
    pub body_timeout: Option<Span>,

    /// How long a client may take to read what was sent to it [default: 30s]
    #[arg(long, global = true, env = "SANMON_WRITE_TIMEOUT", hide_env_values = true,
          value_name = "TIME", help_heading = DATA)]
    pub write_timeout: Option<Span>,

    /// How long an unused connection of a client is kept [default: 75s]
    #[arg(long, global = true, env = "SANMON_KEEP_ALIVE", hide_env_values = true,
          value_name = "TIME", help_heading = DATA)]
    pub keep_alive: Option<Span>,

    /// Silence after which a stream of events says that it is still there [default: 15s]
    #[arg(long, global = true, env = "SANMON_HEARTBEAT", hide_env_values = true,
          value_name = "TIME", help_heading = DATA)]
    pub heartbeat: Option<Span>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Overlay {
    /// What is set here, else what is set `below`. Names every field, so that a new one is not
    /// forgotten.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(below.data_dir),
            redis: self.redis.or(below.redis),
            redis_prefix: self.redis_prefix.or(below.redis_prefix),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            drain_delay: self.drain_delay.or(below.drain_delay),
            shutdown_timeout: self.shutdown_timeout.or(below.shutdown_timeout),
            log_format: self.log_format.or(below.log_format),
            log_level: self.log_level.or(below.log_level),
            admin_listen: self.admin_listen.or(below.admin_listen),
            admin_tls_cert: self.admin_tls_cert.or(below.admin_tls_cert),
            admin_tls_key: self.admin_tls_key.or(below.admin_tls_key),
            listen: self.listen.or(below.listen),
            telemetry_listen: self.telemetry_listen.or(below.telemetry_listen),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            access_log: self.access_log.or(below.access_log),
            control_plane: self.control_plane.or(below.control_plane),
            workers: self.workers.or(below.workers),
            max_body: self.max_body.or(below.max_body),
            max_json_depth: self.max_json_depth.or(below.max_json_depth),
            max_requests: self.max_requests.or(below.max_requests),
            max_answer: self.max_answer.or(below.max_answer),
            head_timeout: self.head_timeout.or(below.head_timeout),
            body_timeout: self.body_timeout.or(below.body_timeout),
            write_timeout: self.write_timeout.or(below.write_timeout),
            keep_alive: self.keep_alive.or(below.keep_alive),
            heartbeat: self.heartbeat.or(below.heartbeat),
        }
    }
}

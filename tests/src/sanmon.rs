//! Sanmon as processes, in the three ways to run it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use tempfile::TempDir;

use crate::admin::Admin;
use crate::client::Client;
use crate::process::{Output, Process};
use crate::{command, ports, wait};

/// The first admin's key in every test.
pub const ADMIN_KEY: &str = "test-admin-key-0123456789abcdef0123456789";
/// What data planes show the control plane in every test.
pub const DATA_PLANE_TOKEN: &str = "test-data-plane-token-0123456789abcdef";

/// Which planes a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Both: `sanmon serve`.
    Serve,
    /// `sanmon control-plane`.
    ControlPlane,
    /// `sanmon data-plane`.
    DataPlane,
}

/// How to start a process of Sanmon.
#[derive(Clone, Debug)]
pub struct Setup {
    role: Role,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    wrapper: Vec<OsString>,
    folder: Option<PathBuf>,
    tls: bool,
    wait_ready: bool,
}

impl Setup {
    /// `sanmon serve`.
    pub fn serve() -> Self {
        Self::of(Role::Serve)
    }

    /// `sanmon control-plane`.
    pub fn control_plane() -> Self {
        Self::of(Role::ControlPlane)
    }

    /// `sanmon data-plane`.
    pub fn data_plane() -> Self {
        Self::of(Role::DataPlane)
    }

    fn of(role: Role) -> Self {
        let environment = [
            ("SANMON_ADMIN_KEY", ADMIN_KEY),
            ("SANMON_DATA_PLANE_TOKEN", DATA_PLANE_TOKEN),
            ("SANMON_WORKERS", "2"),
        ];
        Self {
            role,
            arguments: Vec::new(),
            environment: environment
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            wrapper: Vec::new(),
            folder: None,
            tls: false,
            wait_ready: true,
        }
    }

    /// One more flag with its value.
    #[must_use]
    pub fn flag(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.arguments.push(name.into());
        self.arguments.push(value.into());
        self
    }

    /// One more variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a variable out of its environment.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// Keeps its data there instead of in a folder of its own.
    #[must_use]
    pub fn data_dir(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Starts it by another program, whose last arguments it becomes.
    #[must_use]
    pub fn wrapped(mut self, command: &[&str]) -> Self {
        self.wrapper = command.iter().map(OsString::from).collect();
        self
    }

    /// On a Redis.
    #[must_use]
    pub fn redis(self, url: &str) -> Self {
        self.flag("--redis", url)
    }

    /// A data plane that follows this control plane.
    #[must_use]
    pub fn following(self, control_plane: &Sanmon) -> Self {
        let url = control_plane.admin_url();
        self.flag("--control-plane", url)
    }

    /// The data plane listens with TLS.
    #[must_use]
    pub fn tls(mut self, certificate: &Path, key: &Path) -> Self {
        self.tls = true;
        self.flag("--tls-cert", certificate).flag("--tls-key", key)
    }

    /// Returns from [`Setup::start`] as soon as the process runs, ready or not.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.wait_ready = false;
        self
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> Sanmon {
        let own = self.folder.is_none().then(|| Arc::new(tempfile::tempdir().unwrap()));
        let folder =
            self.folder.clone().or_else(|| own.as_ref().map(|own| own.path().to_owned())).unwrap();
        let ports = Ports { data: ports::free(), admin: ports::free(), telemetry: ports::free() };
        let process = launch(&self, ports, &folder, Output::default());
        let mut sanmon = Sanmon { setup: self, ports, folder, _own: own, process };
        if sanmon.setup.wait_ready {
            sanmon.ready().await;
        }
        sanmon
    }
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    data: u16,
    admin: u16,
    telemetry: u16,
}

/// A process of Sanmon.
#[derive(Debug)]
pub struct Sanmon {
    setup: Setup,
    ports: Ports,
    folder: PathBuf,
    _own: Option<Arc<TempDir>>,
    process: Process,
}

impl Sanmon {
    /// `http(s)://127.0.0.1:<port>` of the data plane.
    pub fn data_url(&self) -> String {
        let scheme = if self.setup.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.ports.data)
    }

    /// The data plane's port.
    pub fn data_port(&self) -> u16 {
        self.ports.data
    }

    /// `http://127.0.0.1:<port>` of the admin API.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.admin)
    }

    /// The admin API's port.
    pub fn admin_port(&self) -> u16 {
        self.ports.admin
    }

    /// `http://127.0.0.1:<port>` of `/livez`, `/readyz` and `/metrics` of the data plane.
    pub fn telemetry_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.telemetry)
    }

    /// The admin API, as the first admin.
    pub fn admin(&self) -> Admin {
        Admin::new(&self.admin_url(), ADMIN_KEY)
    }

    /// The data plane's endpoints.
    pub fn client(&self) -> Client {
        Client::new(&self.data_url())
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it has written to its standard output and error, over restarts.
    pub fn output(&self) -> String {
        self.process.output().text()
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// SIGTERM, and its exit status.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.wait(wait::SOON).await
    }

    /// Starts it again on the same ports and data, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.kill().await;
        self.start_again();
        self.ready().await;
    }

    /// Starts it again, after its end, without waiting.
    pub fn start_again(&mut self) {
        let output = self.process.output().clone();
        self.process = launch(&self.setup, self.ports, &self.folder, output);
    }

    /// Changes how it will be started next.
    pub fn change_setup(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.setup = change(self.setup.clone());
    }

    /// Waits until every `/readyz` of it says so.
    pub async fn ready(&mut self) {
        let mut urls = Vec::new();
        if self.setup.role != Role::DataPlane {
            urls.push(format!("{}/readyz", self.admin_url()));
        }
        if self.setup.role != Role::ControlPlane {
            urls.push(format!("{}/readyz", self.telemetry_url()));
        }
        let http = crate::client::http();
        for url in urls {
            wait::until_true(&url, wait::SOON, async || {
                if let Some(status) = self.process.ended() {
                    panic!("sanmon ended with {status} before it was ready");
                }
                http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200)
            })
            .await;
        }
    }

    /// `/metrics` of the data plane, or of the control plane where there is none.
    pub async fn metrics(&self) -> String {
        let base = match self.setup.role {
            Role::ControlPlane => self.admin_url(),
            Role::Serve | Role::DataPlane => self.telemetry_url(),
        };
        let answer = crate::client::http().get(format!("{base}/metrics")).send().await.unwrap();
        answer.text().await.unwrap()
    }
}

fn launch(setup: &Setup, ports: Ports, folder: &Path, output: Output) -> Process {
    let mut line = setup.wrapper.clone();
    line.push(command::sanmon().into());
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let name = match setup.role {
        Role::Serve => "serve",
        Role::ControlPlane => "control-plane",
        Role::DataPlane => "data-plane",
    };
    command.arg(name).arg("--data-dir").arg(folder);
    let listen = |port: u16| format!("127.0.0.1:{port}");
    if setup.role != Role::DataPlane {
        command.arg("--admin-listen").arg(listen(ports.admin));
    }
    if setup.role != Role::ControlPlane {
        command.arg("--listen").arg(listen(ports.data));
        command.arg("--telemetry-listen").arg(listen(ports.telemetry));
    }
    command.args(&setup.arguments);
    command.envs(setup.environment.iter().map(|(name, value)| (name, value)));
    Process::start(&format!("sanmon {name}"), &mut command, output)
}

//! A `redis-server` of the test's own: it can be killed, restarted on the same data, and emptied.

use std::process::Command;

use tempfile::TempDir;

use crate::process::{Output, Process};
use crate::{ports, wait};

/// A running (or killed) `redis-server`. Every write is on disk before it is answered.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Process,
    arguments: Vec<String>,
}

impl Redis {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more arguments, such as `["--requirepass", "…"]`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let process = launch(&folder, port, &arguments, Output::default());
        let mut redis = Self { folder, port, process, arguments };
        redis.ready().await;
        redis
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port and data.
    pub async fn restart(&mut self) {
        self.kill().await;
        let output = self.process.output().clone();
        self.process = launch(&self.folder, self.port, &self.arguments, output);
        self.ready().await;
    }

    /// Stops answering without closing a connection; [`Redis::thaw`] ends it.
    pub fn freeze(&mut self) {
        self.process.signal("STOP");
    }

    /// Answers again.
    pub fn thaw(&mut self) {
        self.process.signal("CONT");
    }

    /// A connection of the test's own.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Deletes everything, as a failover to an empty replica would.
    pub async fn flush_all(&self) {
        let mut connection = self.connection().await;
        let () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
    }

    /// Every key.
    pub async fn keys(&self) -> Vec<String> {
        let mut connection = self.connection().await;
        redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap()
    }

    async fn ready(&mut self) {
        let url = self.url();
        wait::until_true("redis-server answers", wait::SOON, async || {
            assert!(self.process.ended().is_none(), "redis-server ended");
            let Ok(client) = redis::Client::open(url.as_str()) else { return false };
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
                return false;
            };
            // Under a password the answer is an error, and that is an answer too.
            match redis::cmd("PING").query_async::<String>(&mut connection).await {
                Ok(_) => true,
                Err(error) => error.code() == Some("NOAUTH"),
            }
        })
        .await;
    }
}

fn launch(folder: &TempDir, port: u16, arguments: &[String], output: Output) -> Process {
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always", "--port"])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder.path())
        .args(arguments);
    Process::start("redis-server", &mut command, output)
}

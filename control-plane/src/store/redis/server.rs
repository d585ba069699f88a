//! A real `redis-server` of a test's own, and a proxy before it that loses what a test wants lost.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ends with the test.
pub(crate) struct RedisServer {
    process: Child,
    pub(crate) port: u16,
    _folder: TempDir,
}

impl RedisServer {
    pub(crate) async fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--port", &port.to_string(), "--dir", folder.path().to_str().unwrap()])
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .expect("these tests need `redis-server`: apt-get install redis-server");
        let server = Self { process, port, _folder: folder };
        let answers = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), answers).await.expect("redis-server starts");
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs a command as the default user.
    pub(crate) async fn run(&self, command: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut cmd = redis::Cmd::new();
        cmd.arg(command);
        cmd.query_async(&mut connection).await.unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a [`Proxy`] does with the next command that it is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Loses {
    Nothing = 0,
    /// Redis never sees it.
    Question = 1,
    /// Redis does it, and nobody hears of that.
    Answer = 2,
}

/// Passes bytes on to Redis, until it is told to break a connection.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    loses: Arc<AtomicU8>,
    _accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Breaks connections at `EVALSHA`s whose bytes contain `marker`.
    pub(crate) async fn start(port: u16, marker: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let loses = Arc::new(AtomicU8::new(0));
        let shared = Arc::clone(&loses);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&shared), marker));
            }
        });
        Self { address, loses, _accepting: accepting }
    }

    pub(crate) fn lose(&self, what: Loses) {
        self.loses.store(what as u8, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, loses: Arc<AtomicU8>, marker: &str) {
    let (mut question, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut question) => {
                let Ok(length @ 1..) = read else { return };
                let marked = question[..length].windows(marker.len()).any(|w| w == marker.as_bytes());
                let lost = if marked { loses.swap(0, Ordering::SeqCst) } else { 0 };
                if lost == Loses::Question as u8 {
                    return;
                }
                server.write_all(&question[..length]).await.unwrap();
                if lost == Loses::Answer as u8 {
                    // Done by now, and the client sees its connection close.
                    let _ = server.read(&mut answer).await;
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

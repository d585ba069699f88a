use std::future::Future;
use std::net::SocketAddr;

use sanmon_shared::task::Tasks;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A server that does what a test wants, and tells what it saw.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: mpsc::UnboundedReceiver<String>,
}

/// A request that has come in whole.
pub(crate) struct Call {
    pub(crate) socket: TcpStream,
    pub(crate) text: String,
}

impl Call {
    pub(crate) async fn say(&mut self, bytes: &str) {
        // The other side may have left, which is what some tests are about.
        let _ = self.socket.write_all(bytes.as_bytes()).await;
    }

    /// An answer with this body.
    pub(crate) async fn answer(&mut self, body: &str) {
        let length = body.len();
        self.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")).await;
    }

    /// Waits until the other side has closed the connection.
    pub(crate) async fn closed(&mut self) {
        let mut piece = [0; 1024];
        while self.socket.read(&mut piece).await.unwrap_or(0) > 0 {}
    }
}

impl Upstream {
    /// Answers each request on a connection with `script`.
    pub(crate) async fn start<F, S>(tasks: &Tasks, script: S) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(Call, mpsc::UnboundedSender<String>) -> F + Send + Sync + Clone + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let tasks_of = tasks.clone();
        tasks.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tell, script) = (tell.clone(), script.clone());
                tasks_of.spawn(async move {
                    if let Some(call) = read(socket).await {
                        let _ = tell.send(call.text.clone());
                        script(call, tell).await;
                    }
                });
            }
        });
        Self { address, seen }
    }

    /// The next thing that it saw or told.
    pub(crate) async fn saw(&mut self) -> String {
        let patience = std::time::Duration::from_secs(10);
        tokio::time::timeout(patience, self.seen.recv()).await.expect("seen in time").unwrap()
    }
}

impl Upstream {
    /// Whether it has told everything that it saw.
    pub(crate) fn saw_nothing_more(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

/// Reads a head and the body that it announces.
async fn read(mut socket: TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 65536];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse::<usize>().unwrap());
            let chunked = lower.contains("transfer-encoding: chunked");
            if (!chunked && body.len() >= length) || (chunked && body.ends_with("0\r\n\r\n")) {
                return Some(Call { socket, text });
            }
        }
        let read = socket.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
}

//! A proxy in front of a server that lets its answers wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running proxy; it ends with the test.
#[derive(Debug)]
pub struct DelayProxy {
    port: u16,
    millis: Arc<AtomicU64>,
}

impl DelayProxy {
    /// Listens on a free port and passes everything to the server on `to`, at once until
    /// [`DelayProxy::delay`].
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::ports::free())).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let millis = Arc::<AtomicU64>::default();
        let shared = Arc::clone(&millis);
        tokio::spawn(async move {
            while let Ok((downstream, _)) = listener.accept().await {
                if let Ok(upstream) = TcpStream::connect(("127.0.0.1", to)).await {
                    tokio::spawn(relay(downstream, upstream, Arc::clone(&shared)));
                }
            }
        });
        Self { port, millis }
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on each piece of an answer waits so long.
    pub fn delay(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.millis.store(millis, Ordering::SeqCst);
    }
}

async fn relay(downstream: TcpStream, upstream: TcpStream, millis: Arc<AtomicU64>) {
    let (mut from_client, mut to_client) = downstream.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let requests = async {
        drop(tokio::io::copy(&mut from_client, &mut to_server).await);
    };
    let answers = async {
        let mut buffer = Vec::new();
        while let Ok(1..) = from_server.read_buf(&mut buffer).await {
            tokio::time::sleep(Duration::from_millis(millis.load(Ordering::SeqCst))).await;
            if to_client.write_all(&buffer).await.is_err() {
                return;
            }
            buffer.clear();
        }
    };
    // Either side's end is the end: dropping both closes both.
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

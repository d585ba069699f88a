//! A proxy in front of Redis that swallows published messages and passes all else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::resp::{is_message, reply_length};

/// A running proxy; it ends with the test.
#[derive(Debug)]
pub struct SwallowProxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    swallowing: AtomicBool,
    swallowed: AtomicU64,
    passed: AtomicU64,
}

impl SwallowProxy {
    /// Listens on a free port and passes everything to the Redis on `port`, messages too, until
    /// [`SwallowProxy::swallow`].
    pub async fn start(redis: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", crate::ports::free())).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((downstream, _)) = listener.accept().await {
                let Ok(upstream) = TcpStream::connect(("127.0.0.1", redis)).await else {
                    continue;
                };
                tokio::spawn(relay(downstream, upstream, Arc::clone(&shared)));
            }
        });
        Self { port, state }
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on messages are swallowed, or no longer.
    pub fn swallow(&self, swallow: bool) {
        self.state.swallowing.store(swallow, Ordering::SeqCst);
    }

    /// How many messages were swallowed.
    pub fn swallowed(&self) -> u64 {
        self.state.swallowed.load(Ordering::SeqCst)
    }

    /// How many messages were passed on.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }
}

async fn relay(downstream: TcpStream, upstream: TcpStream, state: Arc<State>) {
    let (mut from_client, mut to_client) = downstream.into_split();
    let (mut from_redis, mut to_redis) = upstream.into_split();
    let requests = async {
        drop(tokio::io::copy(&mut from_client, &mut to_redis).await);
    };
    let replies = async {
        let mut buffer = Vec::new();
        while let Ok(1..) = from_redis.read_buf(&mut buffer).await {
            while let Some(length) = reply_length(&buffer) {
                let reply: Vec<u8> = buffer.drain(..length).collect();
                if is_message(&reply) {
                    if state.swallowing.load(Ordering::SeqCst) {
                        state.swallowed.fetch_add(1, Ordering::SeqCst);
                        continue;
                    }
                    state.passed.fetch_add(1, Ordering::SeqCst);
                }
                if to_client.write_all(&reply).await.is_err() {
                    return;
                }
            }
        }
    };
    // Either side's end is the end: dropping both closes both.
    tokio::select! {
        () = requests => {}
        () = replies => {}
    }
}

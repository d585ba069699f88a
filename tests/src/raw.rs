//! HTTP by hand, for what no client library does: half a request, a slow one, a sudden end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wait;

/// A connection to a port of 127.0.0.1.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    /// What has come so far.
    pub received: Vec<u8>,
}

impl Raw {
    /// Connects.
    pub async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes; false where the other side has closed.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends a POST of JSON with its whole body.
    pub async fn post(&mut self, path: &str, body: &str) {
        let head = post_head(path, body.len());
        assert!(self.send(head).await && self.send(body).await, "the request was not taken");
    }

    /// Reads until `pattern` has come; false where the other side closed before.
    pub async fn read_until(&mut self, pattern: &str, within: Duration) -> bool {
        let what = format!("{pattern:?} comes");
        wait::in_time(&what, within, async {
            loop {
                if self.text().contains(pattern) {
                    return true;
                }
                if !matches!(self.stream.read_buf(&mut self.received).await, Ok(1..)) {
                    return false;
                }
            }
        })
        .await
    }

    /// Reads until the other side closes.
    pub async fn read_to_end(&mut self, within: Duration) -> String {
        wait::in_time("the connection is closed", within, async {
            while let Ok(1..) = self.stream.read_buf(&mut self.received).await {}
        })
        .await;
        self.text()
    }

    /// What has come, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    /// The status of the answer that has come; 0 where none has.
    pub fn status(&self) -> u16 {
        let text = self.text();
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// Says that nothing more will be sent (FIN), and still reads.
    pub async fn finish(&mut self) {
        drop(self.stream.shutdown().await);
    }

    /// Closes as a client does that has lost interest (FIN).
    pub async fn close(mut self) {
        self.finish().await;
    }

    /// Closes as a killed client does (RST).
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

/// The head of a POST of JSON.
pub fn post_head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

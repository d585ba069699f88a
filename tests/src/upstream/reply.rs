//! What the upstream does with a request, step by step.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;

/// Something that answers wait for until the test opens it.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    /// Lets pass who waits, and who comes later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn pass(&self) {
        let mut opened = self.0.subscribe();
        drop(opened.wait_for(|open| *open).await);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(Bytes),
    Wait(Gate),
    Stall,
    Pause(Duration),
}

/// How an answer ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    KeepAlive,
    Close,
    Reset,
    Broken,
}

/// What is sent, when, and how it ends.
#[derive(Clone, Debug)]
pub struct Reply {
    steps: Vec<Step>,
    end: End,
}

impl Reply {
    /// Nothing yet, on a connection that stays.
    pub fn empty() -> Self {
        Self { steps: Vec::new(), end: End::KeepAlive }
    }

    /// A whole answer with a content length.
    pub fn whole(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        let mut all = vec![("content-length", length.as_str())];
        all.extend_from_slice(headers);
        Self::empty().head(status, &all).bytes(body)
    }

    /// A whole answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, &[("content-type", "application/json")], body.to_string())
    }

    /// A whole answer of JSON with more headers.
    pub fn json_with(status: u16, headers: &[(&str, &str)], body: &Value) -> Self {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        Self::whole(status, &all, body.to_string())
    }

    /// The head of a stream of events, in chunks; [`Reply::chunk`] and [`Reply::end_chunks`] follow.
    pub fn events() -> Self {
        let headers = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")];
        Self::empty().head(200, &headers)
    }

    /// A whole stream, every event in a chunk of its own.
    pub fn stream<'a>(events: impl IntoIterator<Item = &'a str>) -> Self {
        let chunked = events.into_iter().fold(Self::events(), Reply::event);
        chunked.end_chunks()
    }

    /// The head of an answer, as said.
    #[must_use]
    pub fn head(self, status: u16, headers: &[(&str, &str)]) -> Self {
        let first = format!("HTTP/1.1 {status} scripted\r\n");
        let head =
            headers.iter().fold(first, |head, (name, value)| head + name + ": " + value + "\r\n");
        self.bytes(head + "\r\n")
    }

    /// Bytes, as said.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Bytes>) -> Self {
        self.step(Step::Bytes(bytes.into()))
    }

    /// A chunk of a chunked body.
    #[must_use]
    pub fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return self;
        }
        let head = format!("{:x}\r\n", bytes.len());
        self.bytes([head.as_bytes(), bytes, b"\r\n"].concat())
    }

    /// An event with this data, in a chunk.
    #[must_use]
    pub fn event(self, data: &str) -> Self {
        self.chunk(format!("data: {data}\n\n"))
    }

    /// The end of a chunked body.
    #[must_use]
    pub fn end_chunks(self) -> Self {
        self.bytes("0\r\n\r\n")
    }

    /// Goes on when the test opens `gate`.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.clone()))
    }

    /// Goes on never: the caller has to lose patience.
    #[must_use]
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Goes on after some time: what is trickled.
    #[must_use]
    pub fn pause(self, time: Duration) -> Self {
        self.step(Step::Pause(time))
    }

    /// Then closes (FIN).
    #[must_use]
    pub fn close(mut self) -> Self {
        self.end = End::Close;
        self
    }

    /// Then resets the connection (RST).
    #[must_use]
    pub fn reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) async fn give(&self, to: &mut OwnedWriteHalf) -> End {
        for step in &self.steps {
            match step {
                Step::Bytes(bytes) => {
                    if to.write_all(bytes).await.is_err() {
                        return End::Broken;
                    }
                }
                Step::Wait(gate) => gate.pass().await,
                Step::Stall => std::future::pending().await,
                Step::Pause(time) => tokio::time::sleep(*time).await,
            }
        }
        self.end
    }
}

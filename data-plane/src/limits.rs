//! What callers and upstreams may cost.

use std::time::Duration;

use crate::upstream::Egress;

/// Bounds of a data plane.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest body of a request, in bytes: 413.
    pub body_bytes: usize,
    /// Largest answer that is gathered before it is passed on (not: streamed), in bytes.
    pub answer_bytes: usize,
    /// How deep JSON may be nested: 400.
    pub json_depth: usize,
    /// Requests and streams at once, over all workers: 503.
    pub concurrency: usize,
    /// How long a caller may take for the head of its request: 408.
    pub head_timeout: Duration,
    /// How long a caller may take for its body: 408.
    pub body_timeout: Duration,
    /// How long a connection that nobody uses is kept.
    pub keep_alive: Duration,
    /// How long a caller may take to read what was sent to it, before its connection is cut.
    pub write_timeout: Duration,
    /// Silence after which a stream of events says `: keep-alive`.
    pub heartbeat: Duration,
    /// From where pictures and files are fetched that callers name by address.
    pub fetches: Egress,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 * 1024 * 1024,
            answer_bytes: 64 * 1024 * 1024,
            json_depth: 128,
            concurrency: 10_000,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_mins(1),
            keep_alive: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            fetches: Egress::Public,
        }
    }
}

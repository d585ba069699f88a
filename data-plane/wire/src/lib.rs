//! Wire formats without I/O: no socket, no clock, no HTTP. What clients and upstreams say is found,
//! changed and made here, from bytes to bytes.

pub mod json;
pub mod openai;
pub mod sse;

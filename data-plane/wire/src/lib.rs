//! Wire formats without I/O: no socket, no clock, no HTTP. What clients and upstreams say is found,
//! changed and made here, from bytes to bytes.
//!
//! A format is a folder with a [`format::Codec`]; formats meet in the [`canonical`] types.

pub mod anthropic;
pub mod canonical;
pub mod chat;
pub mod cohere;
pub mod completions;
pub mod converse;
pub mod embeddings;
pub mod event_stream;
pub mod fidelity;
pub mod format;
pub mod gemini;
pub mod generations;
pub mod json;
pub mod lenient;
pub mod model_list;
pub mod ndjson;
pub mod ollama;
pub mod pass;
mod plain;
mod proof;
pub mod registry;
pub mod responses;
pub mod sse;
pub mod translate;

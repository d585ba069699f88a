//! What the end-to-end tests are made of: the real `sanmon` binary as processes, a `redis-server`
//! of their own, a scripted upstream, an admin client, and a proxy that swallows Redis messages.
//!
//! Nothing here sleeps for luck: whoever waits, waits for a condition, with a deadline
//! ([`wait::until`]).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a harness that cannot do its part ends the test; it is no part of the gateway"
)]

pub mod admin;
pub mod certificates;
pub mod client;
pub mod clients;
pub mod command;
pub mod delay;
pub mod documents;
pub mod guide;
pub mod ports;
pub mod process;
pub mod raw;
pub mod redis_server;
pub mod resp;
pub mod sanmon;
pub mod swallow;
pub mod upstream;
pub mod wait;

//! End to end: real processes on free ports, killed, cut off and lied to. One binary, so that it links
//! once; a module per subject.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a test ends it"
)]

mod harness;

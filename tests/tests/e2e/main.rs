//! End to end: real processes on free ports, killed, cut off and lied to. One binary, so that it links
//! once; a module per subject.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a test ends it"
)]

mod abuse;
mod admin_bodies;
mod alone;
mod api7_guide;
mod apisix_guides;
mod apisix_routes;
mod apply;
mod cuts;
mod durability;
mod full_disk;
mod hang_ups;
mod harness;
mod lies;
mod limits;
mod quotas;
mod racing;
mod redis_away;
mod sdk;
mod secret_managers;
mod secrets;
mod shutdown;
mod swap_soak;
mod targets;
mod tls;
mod translation;
mod tree;
mod ways_to_run;

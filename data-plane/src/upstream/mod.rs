//! The only place that opens outbound connections.
//!
//! Providers and backends are built into [`Endpoint`]s when a snapshot is made: parsed addresses
//! with the credentials that belong to them. A [`Call`] goes to one endpoint; an [`Upstream`] (one
//! per worker) sends it. No proxy of the environment is used and no redirect followed. Which
//! addresses may be called is for [`Egress`] to say.

mod answer;
mod call;
mod client;
mod control;
mod egress;
mod endpoint;
mod error;
mod reach;
mod tls;

pub use answer::{Answer, AnswerBody};
pub use call::{Body, Call, Deadlines};
pub use client::Upstream;
pub use control::control_client;
pub use egress::Egress;
pub use endpoint::{Endpoint, EndpointError, Keep, Transport};
pub use error::{Stage, UpstreamError};
pub use reach::reach;
